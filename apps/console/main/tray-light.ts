import type { Light } from './notify.ts';

export const SIZE = 32;
const COLOURS: Readonly<Record<Light, readonly [number, number, number]>> = {
  red: [224, 49, 49],
  yellow: [240, 140, 0],
  green: [47, 158, 68],
  gray: [134, 142, 150],
};

/** The worst state as a sign that does not need colour: a disc where all is well, a triangle, a square, a ring. BGRA, row by row. */
export function drawLight(light: Light): Buffer {
  const pixels = Buffer.alloc(SIZE * SIZE * 4);
  const [red, green, blue] = COLOURS[light];
  for (let y = 0; y < SIZE; y += 1)
    for (let x = 0; x < SIZE; x += 1) {
      if (!isInside(light, x, y)) continue;
      pixels.set([blue, green, red, 255], (y * SIZE + x) * 4);
    }
  return pixels;
}

function isInside(light: Light, x: number, y: number): boolean {
  const [dx, dy] = [x - (SIZE - 1) / 2, y - (SIZE - 1) / 2];
  const radius = Math.hypot(dx, dy);
  if (light === 'green') return radius <= 13;
  if (light === 'gray') return radius <= 13 && radius >= 9;
  if (light === 'red') return Math.abs(dx) <= 12 && Math.abs(dy) <= 12;
  return y >= 3 && y <= 28 && Math.abs(dx) <= ((y - 3) / 25) * 14;
}
