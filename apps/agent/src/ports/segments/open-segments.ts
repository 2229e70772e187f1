/**
 * What a folder of segments holds, found again by reading all of it. In: the folder. Out: its files in order, the numbers that are there,
 * and what is missing by name. A torn end is no loss: it was being written when the process or the machine ended.
 */
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Scan, SegmentFile } from './segment-file.ts';
import type { SegmentIo } from './segment-io.ts';

export interface SegmentLoss {
  /** Path of the file that is damaged, or behind which one is missing. */
  readonly segment: string;
  /** Entries that are not there; what is behind them is. */
  readonly first: number;
  readonly last: number;
  readonly sentence: string;
}

const PATTERN = /^(\d{16})\.segment$/;
export const SEGMENT_NAME = (number: number): string => `${String(number).padStart(16, '0')}.segment`;

export interface FoundSegments {
  readonly segments: readonly SegmentFile[];
  readonly losses: readonly SegmentLoss[];
  readonly oldest: number;
  readonly next: number;
  /** For the next file. */
  readonly number: number;
}

/** Throws errno errors. */
export function openSegments(folder: string, io: SegmentIo): FoundSegments {
  const names = readdirSync(folder)
    .filter((name) => PATTERN.test(name))
    .sort();
  const segments: SegmentFile[] = [];
  for (const name of names) {
    const segment = SegmentFile.open(io, join(folder, name));
    if (segment !== null) segments.push(segment);
    // Not even its beginning can be read. It is not deleted: it may be all that is left of something.
    else renameSync(join(folder, name), join(folder, `${name}.damaged`));
  }
  const found = segments.map((segment) => ({ segment, scan: segment.scan() }));
  for (const { segment } of found) io.syncNow(segment.fd);
  if (found.length > 0) io.syncFolderNow(folder);
  const losses = lossesOf(found);
  for (const segment of segments.slice(0, -1)) segment.forgetOffsets();
  const last = names.at(-1);
  const number = last === undefined ? 1 : Number(PATTERN.exec(last)?.[1] ?? 0) + 1;
  const oldest = segments[0]?.first ?? 1;
  return { segments, losses, oldest, next: segments.at(-1)?.next ?? 1, number };
}

interface Found {
  readonly segment: SegmentFile;
  readonly scan: Scan;
}

/** Entries that a later file has again count there: they were cut off here. */
function lossesOf(found: readonly Found[]): SegmentLoss[] {
  const losses: SegmentLoss[] = [];
  for (const [i, { segment, scan }] of found.entries()) {
    const end = found[i + 1]?.segment.first ?? segment.next;
    let next = segment.first;
    for (const { first, last } of [...scan.intact, { first: end, last: end }]) {
      const reached = Math.min(first, end);
      if (reached > next) losses.push(lossOf(segment, next, reached - 1, scan.brokenAt));
      next = Math.max(next, last + 1);
    }
  }
  return losses;
}

function lossOf(segment: SegmentFile, first: number, last: number, brokenAt: number | null): SegmentLoss {
  const what = first === last ? `entry ${first} is` : `entries ${first} to ${last} are`;
  const why = brokenAt === null ? 'the file that held them is gone' : `${segment.path} is damaged at byte ${brokenAt}`;
  return { segment: segment.path, first, last, sentence: `${what} lost: ${why}` };
}
