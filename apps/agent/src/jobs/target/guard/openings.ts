/**
 * What the record of a replica says of its guard over restarts (TRM3). In: records, moments, what a source says. Out: records.
 * Promise: that others could write there is not forgotten before the source has said that both sides were compared since.
 */
import type { Standing } from '@understudy/wire';
import type { StoredReplica, StoredReplicas } from '../stored-replicas.ts';

/** A sentence that every frame and record takes. */
const MOST = 1000;

/** What kept others from it is about to be taken away, because the agent ends. */
export function liftedNow(stored: StoredReplica, nowMs: number): StoredReplica {
  // A replica that was not opened since an earlier agent ended is open since then.
  return stored.guarded === undefined ? stored : { ...stored, guarded: { liftedAt: nowMs, ...stored.guarded } };
}

/** Others may write there from now on. */
export function unguarded({ guarded: _, ...stored }: StoredReplica): StoredReplica {
  return stored;
}

/** Others could write there until now. */
export function noteOpened(replicas: StoredReplicas, jobId: string, sentence: string): void {
  const stored = replicas.get(jobId);
  if (stored === null) return;
  const before = stored.opened;
  const at = Math.max(Date.now(), (before?.at ?? 0) + 1);
  // What was told before is still to be compared: both are in it.
  const both = before === undefined || before.sentence.includes(sentence) ? sentence : `${before.sentence} ${sentence}`;
  replicas.save({ ...stored, opened: { at, sentence: both.slice(0, MOST) } });
}

/** The source says how its job stands, and up to which opening it has compared. */
export function withStanding(stored: StoredReplica, standing: Standing): StoredReplica {
  const { opened, ...rest } = stored;
  const isOpen = opened !== undefined && opened.at !== standing.compared;
  return { ...rest, ...(isOpen ? { opened } : {}), standing };
}
