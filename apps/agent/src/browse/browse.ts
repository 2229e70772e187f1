/**
 * browse: what lies in a directory of this server, for whoever chooses what to protect. In: one absolute path of any bytes. Out: a bounded
 * list. Promised: nothing is followed, opened or changed; a huge directory costs no more than the answer, a slow one no more than two seconds
 * of counting.
 */
import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { printable, rawFromBytes, rawToText } from '@understudy/base';
import {
  type BrowseResult,
  type CallArguments,
  type DirectoryEntry,
  ManagementError,
  type RawPath,
} from '@understudy/wire';
import { sizeOf } from '../presets/set-size.ts';

const MEASURE_MS = 2000;
const SLASH = 0x2f;

export async function browse({ path, limit, measure }: CallArguments<'files.browse'>): Promise<BrowseResult> {
  const directory = absolute(path);
  const { names, more } = await namesIn(directory, limit);
  const entries: DirectoryEntry[] = [];
  for (const name of names) {
    const entry = await entryOf(directory, name);
    if (entry !== null) entries.push(entry);
  }
  entries.sort(byKindAndName);
  const size = measure ? await sizeOf([directory.toString('latin1')], MEASURE_MS) : null;
  return { entries, more, size: size === null ? null : { bytes: size.bytes, counted: size.counted } };
}

function absolute({ bytes }: RawPath): Buffer {
  const path = Buffer.from(bytes, 'base64');
  if (path[0] !== SLASH || path.includes(0))
    throw new ManagementError('invalid', `${shown(path)} is no absolute path: write one such as /srv/data`);
  return path;
}

async function namesIn(directory: Buffer, limit: number): Promise<{ names: Buffer[]; more: boolean }> {
  const names: Buffer[] = [];
  try {
    // The types know no names that are bytes here; opendir hands them on all the same.
    const entries = await opendir(directory as unknown as string, { encoding: 'buffer' as BufferEncoding });
    for await (const { name } of entries) {
      // Leaving the loop closes the directory.
      if (names.length === limit) return { names, more: true };
      names.push(name as unknown as Buffer);
    }
  } catch (error) {
    throw new ManagementError('refused', `${shown(directory)} ${whyNot(error)}`);
  }
  return { names, more: false };
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is no directory',
  EACCES: 'may not be read by the agent',
  EPERM: 'may not be read by the agent',
  ENAMETOOLONG: 'has a name that is too long',
  ELOOP: 'leads in a circle',
};

function whyNot(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return WHY[code] ?? `cannot be read (${code === '' ? String(error) : code})`;
}

/** Null: it is gone meanwhile. */
async function entryOf(directory: Buffer, name: Buffer): Promise<DirectoryEntry | null> {
  const stat = await lstat(Buffer.concat([directory, Buffer.from('/'), name])).catch(() => null);
  if (stat === null) return null;
  const raw = { text: rawToText(rawFromBytes(name)), bytes: name.toString('base64') };
  const kind = kindOf(stat);
  return { name: raw, kind, bytes: kind === 'file' ? stat.size : null, modified: modifiedAt(stat) };
}

function kindOf(stat: Stats): DirectoryEntry['kind'] {
  if (stat.isDirectory()) return 'directory';
  if (stat.isFile()) return 'file';
  return stat.isSymbolicLink() ? 'link' : 'other';
}

/** A file may bear any time at all; what a date cannot hold is brought to its ends. */
function modifiedAt({ mtimeMs }: Stats): string {
  const [first, last] = [Date.UTC(0, 0, 1), Date.UTC(9999, 0, 1)];
  return new Date(Math.min(last, Math.max(first, Math.round(mtimeMs)))).toISOString();
}

function byKindAndName(one: DirectoryEntry, other: DirectoryEntry): number {
  const rank = ({ kind }: DirectoryEntry) => (kind === 'directory' ? 0 : 1);
  return rank(one) - rank(other) || (one.name.text < other.name.text ? -1 : 1);
}

const shown = (path: Buffer): string => printable(rawFromBytes(path));
