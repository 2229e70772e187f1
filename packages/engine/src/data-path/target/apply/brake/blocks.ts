/** Which blocks of a file have their old content kept. In: bytes that are about to change. Out: the blocks among them that have not. */

export const BLOCK = 4096;

/** From the first up to, and not including, the end. */
export type Blocks = readonly [first: number, end: number];

/** Neighbours are one. */
export function missingBlocks(saved: ReadonlySet<number>, from: number, to: number): Blocks[] {
  const missing: [first: number, end: number][] = [];
  for (let block = Math.floor(from / BLOCK); block * BLOCK < to; block += 1) {
    if (saved.has(block)) continue;
    const last = missing.at(-1);
    if (last?.[1] === block) last[1] = block + 1;
    else missing.push([block, block + 1]);
  }
  return missing;
}

/** Of a file of that size. */
export const bytesIn = (missing: readonly Blocks[], size: number): number =>
  missing.reduce((sum, [first, end]) => sum + Math.min(end * BLOCK, size) - first * BLOCK, 0);
