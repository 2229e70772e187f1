/**
 * The moments that all roots of a job can be taken back to together. In: the stretches of each root, oldest first. Out: those that begin in
 * every one of them. Promise: what is not known of one root counts from there on for each older moment.
 */
import type { Beginning, Generation } from './generations.ts';

/** A moment to which the replica can be taken back. */
export interface UndoPoint extends Beginning {
  readonly number: number;
  /** What is kept between it and the next one. */
  readonly bytes: number;
  /** Files of which it is not known what they were then. */
  readonly uncertain: number;
}

export function pointsOf(roots: readonly (readonly Generation[])[]): UndoPoint[] {
  const [first = [], ...others] = roots;
  const numbers = others.map((one) => new Set(one.map(({ number }) => number)));
  const [bytes, lost] = [new Map<number, number>(), new Map<number, number>()];
  for (const one of roots.flat()) {
    bytes.set(one.number, (bytes.get(one.number) ?? 0) + one.log.length + one.keptBytes);
    lost.set(one.number, (lost.get(one.number) ?? 0) + one.lost);
  }
  let uncertain = 0;
  const found: UndoPoint[] = [];
  for (const { number, position, wallMs, sourceMs } of first.toReversed()) {
    uncertain += lost.get(number) ?? 0;
    if (!numbers.every((one) => one.has(number))) continue;
    found.push({ number, position, wallMs, sourceMs, bytes: bytes.get(number) ?? 0, uncertain });
  }
  return found.reverse();
}
