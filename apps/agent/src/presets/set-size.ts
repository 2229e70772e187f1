/**
 * How much a set takes on disk, and whose its files are. In: directories and files. Out: bytes, owners. Promised: it ends after a few
 * seconds, and says whether that was all; what vanishes or may not be read meanwhile is passed over.
 */
import { lstat, opendir } from 'node:fs/promises';

export interface SetSize {
  readonly bytes: number;
  readonly users: ReadonlySet<number>;
  readonly groups: ReadonlySet<number>;
  /** Nothing was left out for lack of time. */
  readonly counted: boolean;
}

const MOST_MS = 8000;
const BLOCK = 512;
const MOST_OWNERS = 256;

export async function sizeOf(paths: readonly string[], mostMs = MOST_MS): Promise<SetSize> {
  const users = new Set<number>();
  const groups = new Set<number>();
  const until = performance.now() + mostMs;
  const waiting: Buffer[] = paths.map((path) => Buffer.from(path, 'latin1'));
  let bytes = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (performance.now() > until) return { bytes, users, groups, counted: false };
    const stat = await lstat(path).catch(() => null);
    if (stat === null) continue;
    bytes += stat.blocks * BLOCK;
    if (users.size < MOST_OWNERS) users.add(stat.uid);
    if (groups.size < MOST_OWNERS) groups.add(stat.gid);
    if (stat.isDirectory()) waiting.push(...(await namesIn(path)));
  }
  return { bytes, users, groups, counted: true };
}

async function namesIn(directory: Buffer): Promise<Buffer[]> {
  const found: Buffer[] = [];
  try {
    // The types know no names that are bytes here; opendir hands them on all the same.
    const entries = await opendir(directory as unknown as string, { encoding: 'buffer' as BufferEncoding });
    for await (const { name } of entries)
      found.push(Buffer.concat([directory, Buffer.from('/'), name as unknown as Buffer]));
  } catch {
    // Gone, or not to be read.
  }
  return found;
}
