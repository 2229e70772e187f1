/**
 * What was changed beneath a directory since a moment, by the time of change that the kernel keeps and nobody can set. In: a directory and
 * a moment in which nothing of ours was at work there. Out: how many files and the first of them; or that it could not be found out.
 * Promise: it takes no longer than it may; what belongs to the product is passed over.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { brand, type RawName } from '@understudy/base';

export interface ChangedSince {
  readonly count: number;
  readonly first: readonly RawName[];
}

const NAMED = 3;
/** An agent that begins does nothing else meanwhile; about 200,000 files. */
const MOST_MS = 2_000;
/** The kernel's own clock for files is behind by up to a tick. */
const TICK_MS = 20;
const OURS = /^\.understudy-[0-9a-f-]{36}$/;

/** Null: it cannot be told, or not in time. */
export function changedSince(top: RawName, sinceMs: number, clock = () => performance.now()): ChangedSince | null {
  const until = clock() + MOST_MS;
  const first: RawName[] = [];
  let count = 0;
  const look = (path: string): boolean => {
    const stat = lstatSync(Buffer.from(path, 'latin1'));
    if (stat.ctimeMs >= sinceMs - TICK_MS) {
      count += 1;
      if (first.length < NAMED) first.push(brand<RawName>(path));
    }
    return stat.isDirectory();
  };
  try {
    const left: string[] = look(top) ? [top] : [];
    for (let folder = left.pop(); folder !== undefined; folder = left.pop())
      for (const bytes of readdirSync(Buffer.from(folder, 'latin1'), 'buffer')) {
        if (clock() > until) return null;
        const name = bytes.toString('latin1');
        if (!OURS.test(name) && look(`${folder}/${name}`)) left.push(`${folder}/${name}`);
      }
    return { count, first };
  } catch {
    // Somebody is still at work there, or it cannot be read: who compares the two will find out.
    return null;
  }
}
