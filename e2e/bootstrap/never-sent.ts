/**
 * What a former source says that it had never got to its target, against what that target had. In: its list, both trees as they were. Out:
 * places that differ and are not on the list, and how many of the listed blocks do differ. A block has 4 KiB, the grain of the list.
 */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface NeverSent {
  readonly entries: readonly {
    readonly kind: string;
    readonly path: string;
    /** start, end, start, end … */
    readonly ranges: readonly number[];
  }[];
}

export interface Account {
  /** They differ, and the list does not say so. */
  readonly unlisted: readonly string[];
  readonly listedBlocks: number;
  readonly differingBlocks: number;
}

const BLOCK = 4096;

/** `top`: where both lie on the servers. Files that the target does not have are those that the job leaves out, or listed as a whole. */
export function accountOf(
  list: NeverSent,
  trees: { readonly source: string; readonly target: string; readonly top: string },
): Account {
  const unlisted: string[] = [];
  let [listedBlocks, differingBlocks] = [0, 0];
  for (const path of filesBelow(trees.target)) {
    const here = join(trees.source, path);
    const place = join(trees.top, path);
    const entries = list.entries.filter((entry) => entry.path === place || isOfAll(entry, place));
    const isWhole = entries.some(({ kind }) => kind !== 'ranges' && kind !== 'metadata');
    const listed = new Set(entries.flatMap(({ ranges }) => blocksOf(ranges)));
    const differing = existsSync(here) ? blocksThatDiffer(here, join(trees.target, path)) : [0];
    listedBlocks += listed.size;
    differingBlocks += differing.length;
    const beyond = differing.filter((block) => !isWhole && !listed.has(block));
    if (beyond.length > 0) unlisted.push(`${path}: block ${beyond[0]} and ${beyond.length - 1} more`);
  }
  return { unlisted, listedBlocks, differingBlocks };
}

/** A directory of which whatever lies beneath may differ. */
const isOfAll = ({ kind, path }: NeverSent['entries'][number], place: string): boolean =>
  (kind === 'since' || kind === 'everything') && place.startsWith(`${path}/`);

function filesBelow(top: string, folder = ''): string[] {
  return readdirSync(join(top, folder)).flatMap((name) => {
    // What the target keeps for itself, where a root is a mount of its own.
    if (name.startsWith('.understudy-')) return [];
    const path = join(folder, name);
    const about = lstatSync(join(top, path));
    if (about.isDirectory()) return filesBelow(top, path);
    return about.isFile() ? [path] : [];
  });
}

function blocksOf(ranges: readonly number[]): number[] {
  const blocks: number[] = [];
  for (let i = 0; i + 1 < ranges.length; i += 2)
    for (let block = Math.floor((ranges[i] ?? 0) / BLOCK); block * BLOCK < (ranges[i + 1] ?? 0); block += 1)
      blocks.push(block);
  return blocks;
}

function blocksThatDiffer(one: string, other: string): number[] {
  const [a, b] = [readFileSync(one), readFileSync(other)];
  const differing: number[] = [];
  for (let at = 0; at < Math.max(a.length, b.length); at += BLOCK)
    if (!a.subarray(at, at + BLOCK).equals(b.subarray(at, at + BLOCK))) differing.push(at / BLOCK);
  return differing;
}
