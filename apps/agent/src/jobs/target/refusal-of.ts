/** What ends a job on its target, in the words of the wire. In: what was thrown. Out: the refusal that the source hears. */
import type { Refuse } from '@understudy/wire';
import { errnoOf, messageOf } from '../../home/start-error.ts';
import { ForeignFiles } from './foreign-files.ts';
import { ReplicaHeld } from './guard/replica-guard.ts';
import { RootLost, RootNotNow } from './replica-roots.ts';

/** The world's doing, and no fault of our own. */
export function isExpected(error: unknown): boolean {
  if (error instanceof ReplicaHeld || error instanceof ForeignFiles) return true;
  return error instanceof RootLost || error instanceof RootNotNow || errnoOf(error) !== '';
}

/** Codes other than `replica-path-invalid` let the source come again by itself. */
export function refusalOf(error: unknown): Refuse {
  if (error instanceof ReplicaHeld) return { code: 'replica-open-for-writing', sentence: error.message.slice(0, 1024) };
  if (error instanceof ForeignFiles) return { code: 'foreign-files', sentence: error.message.slice(0, 1024) };
  if (error instanceof RootLost) return { code: 'replica-path-invalid', sentence: error.message };
  const errno = error instanceof RootNotNow ? error.code : errnoOf(error);
  const full = errno === 'ENOSPC' || errno === 'EDQUOT';
  if (error instanceof RootNotNow) return { code: full ? 'no-space' : 'failed', sentence: error.message };
  if (full)
    return {
      code: 'no-space',
      sentence: `The target agent's home is full, so that its journal cannot be written (${messageOf(error)}): free some space there. It goes on by itself.`,
    };
  return { code: 'failed', sentence: `The target agent failed at this job: ${messageOf(error)}`.slice(0, 1000) };
}
