/**
 * Which moments stay as they get older: one a second for a minute, then one a minute for an hour, and so on, so that their number stays
 * bounded. In: the moments, oldest first, the time. Out: the next row of them of which only the first is to stay. Promise: a row is given
 * once all of it is old enough, so that nothing is joined twice on one step of the way.
 */
export interface Tier {
  readonly fromMs: number;
  readonly stepMs: number;
}

export interface Moment {
  readonly number: number;
  readonly wallMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A brake's window is kept in at least twenty moments. */
export function tiersFor(windowMs: number): readonly Tier[] {
  const within = Math.max(windowMs / 200, Math.min(MINUTE, windowMs / 20));
  const beyond = (stepMs: number): number => Math.max(stepMs, within);
  const tiers: Tier[] = [];
  if (windowMs > MINUTE) tiers.push({ fromMs: MINUTE, stepMs: within });
  if (windowMs < HOUR) tiers.push({ fromMs: Math.max(MINUTE, windowMs), stepMs: beyond(MINUTE) });
  tiers.push({ fromMs: Math.max(HOUR, windowMs), stepMs: beyond(10 * MINUTE) });
  tiers.push({ fromMs: Math.max(DAY, windowMs), stepMs: beyond(HOUR) });
  return tiers;
}

/** Null: all stay for now. `stays`: numbers that are somebody's. */
export function rowToJoin(
  moments: readonly Moment[],
  nowMs: number,
  tiers: readonly Tier[],
  stays: (number: number) => boolean,
): readonly number[] | null {
  let row: number[] = [];
  let key = '';
  for (const { number, wallMs } of moments) {
    const next = keyOf(wallMs, nowMs, tiers);
    if (next === null || next !== key || stays(number)) {
      if (row.length > 1) return row;
      row = [];
    }
    key = next ?? '';
    if (next !== null) row.push(number);
  }
  return row.length > 1 ? row : null;
}

/** The piece of time that it lies in, where all of that is old enough for a tier. */
function keyOf(wallMs: number, nowMs: number, tiers: readonly Tier[]): string | null {
  for (const { fromMs, stepMs } of tiers.toReversed()) {
    const piece = Math.floor(wallMs / stepMs);
    if (nowMs - (piece + 1) * stepMs >= fromMs) return `${stepMs}:${piece}`;
  }
  return null;
}
