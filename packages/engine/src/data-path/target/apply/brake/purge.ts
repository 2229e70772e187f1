/**
 * What lies in `kept` goes when its time is over. In: the folders that are still needed, the time, how many names may go now. Out: gone.
 * Promise: `orphans` and everything else in limbo is not looked at; a folder that is needed stays whole.
 */
import type { RawName } from '@understudy/base';
import type { Handle, ReplicaFiles } from '../../../../ports.ts';
import { isDirectory } from '../replica-root.ts';

const KEPT = 'kept' as RawName;
const TIME = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)Z$/;

export interface PurgeWhat {
  readonly files: ReplicaFiles;
  /** This folder and all that are named behind it are needed; null: none is. */
  readonly from: RawName | null;
  /** Folders of times before this one. */
  readonly beforeMs: number;
  readonly gone: (handle: Handle) => void;
}

/** Returns how many names were taken away; as many as were allowed: there may be more. */
export function purgeKept({ files, from, beforeMs, gone }: PurgeWhat, most: number): number {
  const kept = files.entry(files.limbo, KEPT);
  if (kept === null) return 0;
  let left = most;
  const empty = (folder: Handle): boolean => {
    for (const { name, handle, attributes } of files.list(folder) ?? []) {
      if (isDirectory(attributes) && !empty(handle)) return false;
      if (left <= 0) return false;
      left -= 1;
      if (isDirectory(attributes)) files.removeDirectory(folder, name);
      else files.unlink(folder, name);
      gone(handle);
    }
    return true;
  };
  for (const { name, handle, attributes } of files.list(kept.handle) ?? []) {
    if ((from !== null && name >= from) || !isDirectory(attributes) || timeOf(name) >= beforeMs) continue;
    if (!empty(handle)) break;
    files.removeDirectory(kept.handle, name);
  }
  return most - left;
}

/** Of what nobody of us has named so, nothing is known: it stays. */
function timeOf(name: RawName): number {
  const match = TIME.exec(name);
  return match === null ? Number.POSITIVE_INFINITY : Date.parse(`${match[1]}:${match[2]}:${match[3]}Z`);
}
