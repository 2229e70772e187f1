/**
 * Puts the content of what was never sent aside, before the former source's folders become a replica. In: the list of it. Out: copies under
 * the same paths in `.understudy-JOB/unsent/TIME/` beside each root, and a manifest. Promise: nothing is changed or followed; it is all
 * there, and durable, or it throws, and then a later try begins anew.
 */
import { constants, type Stats } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  statfs,
  symlink,
  utimes,
} from 'node:fs/promises';
import { brand, formatBytes, printable, type RawName } from '@understudy/base';
import type { UnsentEntry, UnsentList } from '@understudy/wire';
import { liesWithin, parentOf } from '../../../rules/index.ts';

export class NoRoomAside extends Error {
  override readonly name = 'NoRoomAside';
}

export interface AsideOptions {
  readonly jobId: string;
  readonly roots: readonly RawName[];
  readonly list: UnsentList;
  readonly nowMs: number;
}

/** One file, or what else lies at a path, that is to be copied; `ranges`: only these bytes, the rest is a hole. */
interface Piece {
  readonly from: RawName;
  readonly to: RawName;
  readonly stat: Stats;
  readonly ranges: readonly number[] | null;
}

/** Of larger files only what was written is copied. */
const WHOLE_BYTES = 64 * 1024 * 1024;
/** That must stay free. */
const MARGIN_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
/** Times of change are of the kernel's clock tick. */
const TICK_MS = 1000;

const bufferOf = (path: string): Buffer => Buffer.from(path, 'latin1');
const pathOf = ({ bytes }: UnsentEntry): RawName => brand<RawName>(Buffer.from(bytes, 'base64').toString('latin1'));

/** Where it lies now, a folder a root. */
export async function setAside({ jobId, roots, list, nowMs }: AsideOptions): Promise<string[]> {
  const outermost = roots.filter((root) => !roots.some((other) => other !== root && liesWithin(root, other)));
  const places: string[] = [];
  for (const root of outermost) {
    const listed = list.entries.filter((entry) => liesWithin(pathOf(entry), root));
    // What the list had no room to name may be anything.
    const entries = list.more > 0 ? [...listed, allOf(root)] : listed;
    if (entries.length === 0) continue;
    const parent = parentOf(root) === '/' ? '' : parentOf(root);
    const folder = brand<RawName>(`${parent}/.understudy-${jobId}/unsent/${stamp(nowMs)}`);
    await putAside(entries, { parent, folder });
    places.push(printable(folder));
  }
  return places;
}

const allOf = (root: RawName): UnsentEntry => ({
  kind: 'everything',
  path: printable(root),
  bytes: Buffer.from(root, 'latin1').toString('base64'),
  ranges: [],
  size: 0,
  sinceMs: 0,
});

const stamp = (ms: number): string => new Date(ms).toISOString().replaceAll(':', '-');

async function putAside(
  entries: readonly UnsentEntry[],
  { parent, folder }: { readonly parent: string; readonly folder: RawName },
): Promise<void> {
  const pieces = new Map<string, Piece>();
  const placeOf = (path: string) => brand<RawName>(`${folder}${path.slice(parent.length)}`);
  for (const entry of entries)
    for (const piece of await piecesOf(entry, placeOf)) {
      // A file of which a range and the whole are meant is meant as a whole.
      if (piece.ranges !== null && pieces.get(piece.to)?.ranges === null) continue;
      pieces.set(piece.to, piece);
    }
  await mkdir(bufferOf(folder), { recursive: true, mode: 0o700 });
  await demandRoom([...pieces.values()], folder);
  for (const piece of pieces.values()) await copy(piece);
  await writeManifest(entries, [...pieces.values()], folder);
}

/** What of the list has content to be copied. */
async function piecesOf(entry: UnsentEntry, placeOf: (path: string) => RawName): Promise<Piece[]> {
  const from = pathOf(entry);
  const stat = await look(from);
  if (stat === null) return [];
  const one = (ranges: readonly number[] | null): Piece[] => [{ from, to: placeOf(from), stat, ranges }];
  switch (entry.kind) {
    case 'ranges':
    case 'doubtful':
      return one(stat.size <= WHOLE_BYTES ? null : entry.ranges);
    case 'file':
      return stat.isDirectory() ? [] : one(null);
    case 'made':
      return beneath({ from, to: placeOf(from), stat, ranges: null }, 0);
    case 'since':
      return beneath({ from, to: placeOf(from), stat, ranges: null }, entry.sinceMs - TICK_MS);
    case 'everything':
      return beneath({ from, to: placeOf(from), stat, ranges: null }, 0);
    default:
      return [];
  }
}

/** It, and all that lies in it and was changed since. */
async function beneath(top: Piece, sinceMs: number): Promise<Piece[]> {
  const found: Piece[] = [];
  const waiting = [top];
  for (let piece = waiting.pop(); piece !== undefined; piece = waiting.pop()) {
    if (!piece.stat.isDirectory()) {
      if (piece.stat.ctimeMs >= sinceMs) found.push(piece);
      continue;
    }
    for (const entry of await readdir(bufferOf(piece.from), { encoding: 'buffer' })) {
      const name = entry.toString('latin1');
      const stat = await look(`${piece.from}/${name}`);
      if (stat === null) continue;
      waiting.push({
        from: brand<RawName>(`${piece.from}/${name}`),
        to: brand<RawName>(`${piece.to}/${name}`),
        stat,
        ranges: null,
      });
    }
  }
  return found;
}

async function look(path: string): Promise<Stats | null> {
  try {
    return await lstat(bufferOf(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function demandRoom(pieces: readonly Piece[], folder: RawName): Promise<void> {
  const needed = pieces.reduce((sum, piece) => sum + bytesOf(piece), 0);
  const { bavail, bsize } = await statfs(bufferOf(folder));
  const free = bavail * bsize;
  if (needed === 0 || needed + MARGIN_BYTES <= free) return;
  throw new NoRoomAside(
    `What was never sent takes ${formatBytes(needed)}, and beside the folder only ${formatBytes(free)} are free: it cannot be put aside, ` +
      'and without that nothing is overwritten. Make room there.',
  );
}

function bytesOf({ stat, ranges }: Piece): number {
  if (!stat.isFile()) return 0;
  if (ranges === null) return Math.min(stat.size, stat.blocks * 512);
  let bytes = 0;
  for (let i = 0; i + 1 < ranges.length; i += 2) bytes += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0);
  return bytes;
}

async function copy(piece: Piece): Promise<void> {
  const { from, to, stat, ranges } = piece;
  await mkdir(bufferOf(parentOf(to)), { recursive: true, mode: 0o700 });
  if (stat.isSymbolicLink()) {
    await symlink(await readlink(bufferOf(from), { encoding: 'buffer' }), bufferOf(to));
    return;
  }
  // A pipe or a device has no content.
  if (!stat.isFile()) return;
  if (ranges === null)
    await copyFile(bufferOf(from), bufferOf(to), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  else await copyRanges(piece, ranges);
  await chown(bufferOf(to), stat.uid, stat.gid);
  await chmod(bufferOf(to), stat.mode & 0o777);
  await utimes(bufferOf(to), stat.atimeMs / 1000, stat.mtimeMs / 1000);
  await syncFile(to);
}

async function copyRanges({ from, to, stat }: Piece, ranges: readonly number[]): Promise<void> {
  const source = await open(bufferOf(from), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const copy = await open(bufferOf(to), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      await copy.truncate(stat.size);
      for (let i = 0; i + 1 < ranges.length; i += 2)
        for (let at = ranges[i] ?? 0; at < (ranges[i + 1] ?? 0); ) {
          const wanted = Math.min(CHUNK_BYTES, (ranges[i + 1] ?? 0) - at);
          const { bytesRead } = await source.read(chunk, 0, wanted, at);
          if (bytesRead === 0) break;
          await copy.write(chunk, 0, bytesRead, at);
          at += bytesRead;
        }
    } finally {
      await copy.close();
    }
  } finally {
    await source.close();
  }
}

async function syncFile(path: RawName): Promise<void> {
  const file = await open(bufferOf(path), 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeManifest(
  entries: readonly UnsentEntry[],
  pieces: readonly Piece[],
  folder: RawName,
): Promise<void> {
  const manifest = {
    what: 'Operations that this server had not got to its target when another server took the job over.',
    entries,
    copies: pieces.map(({ from, to, ranges }) => ({ from: printable(from), to: printable(to), ranges })),
  };
  const file = await open(bufferOf(`${folder}/manifest.json`), 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFile(folder);
}
