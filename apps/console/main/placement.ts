/** Where the window goes. In: where it was, and the screens of now. Out: a place in which it can be seen and used. Pure. */
import { z } from 'zod';

export const MIN_SIZE = { width: 960, height: 600 } as const;
const USUAL = { width: 1440, height: 900 } as const;

const number = z.number().int().min(-100_000).max(100_000);
export const placementSchema = z.object({
  bounds: z.object({ x: number, y: number, width: number.min(1), height: number.min(1) }),
  maximized: z.boolean(),
});
export type Placement = z.output<typeof placementSchema>;

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Placed {
  readonly x?: number;
  readonly y?: number;
  readonly width: number;
  readonly height: number;
  readonly maximized: boolean;
}

/** A screen that is gone, or smaller than it was, takes no window along. */
export function placeWindow(remembered: Placement | null, screens: readonly Area[]): Placed {
  const first = screens[0] ?? { x: 0, y: 0, ...USUAL };
  if (remembered === null) return { ...fitted(USUAL, first), maximized: false };
  const { bounds, maximized } = remembered;
  const screen = screens.find((area) => isReachable(bounds, area));
  if (screen === undefined) return { ...fitted(bounds, first), maximized };
  const size = fitted(bounds, screen);
  const x = Math.min(Math.max(bounds.x, screen.x), screen.x + screen.width - size.width);
  const y = Math.min(Math.max(bounds.y, screen.y), screen.y + screen.height - size.height);
  return { x, y, ...size, maximized };
}

function fitted(size: { width: number; height: number }, area: Area): { width: number; height: number } {
  return {
    width: Math.min(Math.max(size.width, MIN_SIZE.width), area.width),
    height: Math.min(Math.max(size.height, MIN_SIZE.height), area.height),
  };
}

/** Enough of the title bar lies on the screen to be grabbed. */
function isReachable(bounds: Area, area: Area): boolean {
  const across = Math.min(bounds.x + bounds.width, area.x + area.width) - Math.max(bounds.x, area.x);
  return across >= 100 && bounds.y >= area.y - 10 && bounds.y < area.y + area.height - 40;
}
