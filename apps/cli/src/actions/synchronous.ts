/** What options of the command line say about the synchronous mode, as a job's definition has it: only what was given. */
import { DEFAULT_SYNCHRONOUS, type JobDefinition, type SynchronousOptions } from '@understudy/wire';
import { usageError } from '../exit-code.ts';

export interface SyncOptions {
  readonly mode?: JobDefinition['mode'] | undefined;
  readonly syncAt?: SynchronousOptions['at'] | undefined;
  readonly syncUntil?: SynchronousOptions['until'] | undefined;
  readonly syncPolicy?: SynchronousOptions['policy'] | undefined;
  /** Milliseconds. */
  readonly syncTimeout?: number | undefined;
}

/** `before`: what stays where nothing else is said. */
export function synchronousOf(
  options: SyncOptions,
  before: Partial<Pick<JobDefinition, 'mode' | 'synchronous'>> = {},
): Partial<Pick<JobDefinition, 'mode' | 'synchronous'>> {
  const { mode, syncAt, syncUntil, syncPolicy, syncTimeout } = options;
  const given = {
    ...(syncAt === undefined ? {} : { at: syncAt }),
    ...(syncUntil === undefined ? {} : { until: syncUntil }),
    ...(syncPolicy === undefined ? {} : { policy: syncPolicy }),
    ...(syncTimeout === undefined ? {} : { timeoutMs: syncTimeout }),
  };
  const any = Object.keys(given).length > 0;
  if (any && (mode ?? before.mode ?? 'async') !== 'sync')
    throw usageError(
      '--sync-at, --sync-until, --sync-policy and --sync-timeout say how --mode sync works; give that as well',
    );
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(any ? { synchronous: { ...DEFAULT_SYNCHRONOUS, ...before.synchronous, ...given } } : {}),
  };
}
