/** How long to wait before the next try. In: how often it has failed in a row, and chance. Out: milliseconds. Pure. */
export const FIRST_MS = 500;
export const LONGEST_MS = 10_000;

/**
 * Doubles up to the longest; the upper half of it is left to chance, so that the consoles of a house do not all knock at the moment at
 * which a server comes back. `random` is in [0, 1).
 */
export function pauseBefore(failures: number, random: number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(20, Math.max(0, failures - 1)));
  return Math.round(whole / 2 + (whole / 2) * random);
}
