/** What a definition says of the synchronous mode, and whether a driver can do it. */
import { DEFAULT_SYNCHRONOUS, type JobDefinition, type SynchronousOptions } from '@understudy/wire';
import { sentenceOf } from '../sentence-of.ts';
import { StartRefusal } from '../start-refusal.ts';
import type { HeldRoots } from './held-roots.ts';

/** Null: the job is asynchronous. */
export function synchronousOf({ mode, synchronous }: JobDefinition): SynchronousOptions | null {
  return mode === 'sync' ? (synchronous ?? DEFAULT_SYNCHRONOUS) : null;
}

/** Throws StartRefusal: what is answered would not be on the target. `why`: why this driver serves the job. */
export function heldFor({ mode }: JobDefinition, held: HeldRoots | null, why: string | null): HeldRoots | null {
  if (held !== null || mode !== 'sync') return held;
  const reason = why === null ? '' : ` ${sentenceOf(why)}`;
  throw new StartRefusal(
    'sync-needs-fuse',
    `--mode sync needs the fuse driver, which cannot serve this job here.${reason} Mend that, or edit the job with --mode async.`,
  );
}
