/**
 * What a source had not got to its target, as it is kept in the agent's home. In: a job that is about to halt because another server has
 * taken it over. Out: a list, durable before anything of the job is forgotten. Promise: an earlier list is added to, never replaced.
 */
import { type RawName, rawToText } from '@understudy/base';
import { type Reason, type SourceJob, type Unsent, unsentOf } from '@understudy/engine';
import type { UnsentEntry, UnsentList } from '@understudy/wire';
import type { UnsentFile } from '../../stored-job.ts';

/** A person reads some, a failback all: beyond it whole roots stand for the rest. */
export const MOST_UNSENT = 100_000;

export function keepUnsent(reason: Reason, job: SourceJob, file: UnsentFile): void {
  if (reason.code === 'superseded') addUnsent(job, file);
}

export function addUnsent(job: SourceJob, file: UnsentFile, now = Date.now()): UnsentList {
  const before = file.read();
  const found = unsentOf(job).map(entryOf);
  // A job that begins anew behind its halt knows nothing; what it knew then stands in the list.
  const fresh = before === null ? found : found.filter(({ kind }) => kind !== 'everything');
  const list = merged(before, fresh, now);
  file.write(list);
  return list;
}

function merged(before: UnsentList | null, found: readonly UnsentEntry[], now: number): UnsentList {
  const byPlace = new Map((before?.entries ?? []).map((entry) => [`${entry.kind} ${entry.bytes}`, entry]));
  for (const entry of found) byPlace.set(`${entry.kind} ${entry.bytes}`, entry);
  const all = [...byPlace.values()];
  return {
    at: new Date(now).toISOString(),
    entries: all.slice(0, MOST_UNSENT),
    more: (before?.more ?? 0) + Math.max(0, all.length - MOST_UNSENT),
    size: all.reduce((sum, { size }) => sum + size, 0),
    asideAt: before?.asideAt ?? [],
  };
}

function entryOf({ kind, path, ranges, bytes, sinceMs }: Unsent): UnsentEntry {
  return {
    kind,
    path: forPeople(path),
    bytes: Buffer.from(path, 'latin1').toString('base64'),
    ranges: [...ranges],
    size: bytes,
    sinceMs,
  };
}

/** Lone surrogates stand for bytes that are no UTF-8. */
const forPeople = (path: RawName): string => rawToText(path).replace(/[\udc80-\udcff]/g, '\ufffd');
