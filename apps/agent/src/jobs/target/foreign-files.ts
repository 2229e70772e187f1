/**
 * SAFE5: files in a replica's folder that are not known to be this job's. In: the folder. Out: how many, and some of them; null: none.
 * Promise: nothing is followed out of it, nothing changed, and no more looked at than is said.
 */
import { readdirSync } from 'node:fs';
import { brand, printable, type RawName } from '@understudy/base';
import type { Handle } from '@understudy/engine';
import type { Hello, Refuse } from '@understudy/wire';
import { liesWithin } from '../../rules/index.ts';
import { placesOf } from './replica-place.ts';
import type { StoredReplica } from './stored-replicas.ts';

const raw = (base64: string): RawName => brand<RawName>(Buffer.from(base64, 'base64').toString('latin1'));

/** A person has to look anyway. */
const MOST_LOOKED_AT = 10_000;
const EXAMPLES = 3;
/** What the product keeps beside or within replicas. */
const OWN = /^\.understudy-[0-9a-f-]{36}$/i;

export class ForeignFiles extends Error {
  override readonly name = 'ForeignFiles';
}

/** Throws ForeignFiles. A folder that is not there, or cannot be looked at, has none. */
export function refuseForeign(root: RawName, { restore = false }: Pick<Hello, 'restore'> = {}): void {
  const found: string[] = [];
  const folders: string[] = [root];
  for (let folder = folders.pop(); folder !== undefined && found.length < MOST_LOOKED_AT; folder = folders.pop())
    for (const entry of entriesOf(folder)) {
      const name = entry.name.toString('latin1');
      if (folder === root && OWN.test(name)) continue;
      found.push(`${folder}/${name}`);
      if (entry.isDirectory()) folders.push(`${folder}/${name}`);
      if (found.length >= MOST_LOOKED_AT) break;
    }
  if (found.length === 0) return;
  const count = found.length < MOST_LOOKED_AT ? `${found.length}` : `more than ${MOST_LOOKED_AT}`;
  const names = found.slice(0, EXAMPLES).map((path) => printable(path.slice(root.length + 1) as RawName).slice(0, 100));
  const what = found.length === 1 ? 'file or folder that is' : 'files and folders that are';
  const shown = printable(root).slice(0, 300);
  throw new ForeignFiles(
    restore
      ? `${shown} holds ${count} ${what} not of this restore (${names.join(', ')}). Nothing was changed. With --overwrite what differs from the ` +
          'replica is put aside beside that folder, and what the replica has takes its place; otherwise move it away, or choose another folder with --to.'
      : `The replica's folder ${shown} holds ${count} ${what} not known to be this job's (${names.join(', ')}). ` +
          'Nothing was changed. If they are a copy of the source, or may be replaced by it, start the job with --adopt; otherwise move them away, or choose another folder with --to.',
  );
}

/** Asked before there is anything to open. */
export function foreignFiles(hello: Hello, stored: StoredReplica | null): Refuse | null {
  if (hello.adopt === true) return null;
  try {
    for (const { replica } of placesOf(hello)) if (!isOurs(stored, replica)) refuseForeign(replica, hello);
    return null;
  } catch (error) {
    if (!(error instanceof ForeignFiles)) throw error;
    return { code: 'foreign-files', sentence: error.message.slice(0, 1024) };
  }
}

/** It is, or is part of, or holds what this job has filled before. `handle`: the directory that lies there now. */
export function isOurs(stored: StoredReplica | null, path: RawName, handle: Handle | null = null): boolean {
  const roots = stored?.roots.filter((root) => root.handle !== null) ?? [];
  const same = roots.find((root) => raw(root.path) === path);
  if (same !== undefined) return handle === null || raw(same.handle ?? '') === (handle as string);
  return roots.some((root) => liesWithin(path, raw(root.path)) || liesWithin(raw(root.path), path));
}

function entriesOf(folder: string) {
  try {
    return readdirSync(Buffer.from(folder, 'latin1'), { withFileTypes: true, encoding: 'buffer' });
  } catch {
    return [];
  }
}
