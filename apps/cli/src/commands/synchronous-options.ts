/** The options of `job create` and `job edit` that make applications wait for the target. */
import { Option } from '@commander-js/extra-typings';
import { usageError } from '../exit-code.ts';
import { parseDuration } from '../values.ts';

export const modeOption = () =>
  new Option('--mode <mode>', 'async; or sync: a call is answered when the target has it (needs fuse)').choices([
    'async',
    'sync',
  ] as const);
export const syncAtOption = () =>
  new Option('--sync-at <calls>', 'which calls wait: each that changes something, or fsync and its like').choices([
    'every-call',
    'fsync',
  ] as const);
export const syncUntilOption = () =>
  new Option('--sync-until <mark>', 'for what: durable in the target’s journal, or done on the replica').choices([
    'received',
    'applied',
  ] as const);
export const syncPolicyOption = () =>
  new Option(
    '--sync-policy <policy>',
    'when the target does not answer in time: wait on, go on without it, or undo the call and answer an error',
  ).choices(['suspend', 'degrade', 'abort'] as const);
export const syncTimeoutOption = () =>
  new Option('--sync-timeout <time>', 'how long a call waits before that: 30s').argParser(parseDuration);

/** How the mode works is said only with the mode. */
export function demandMode(options: {
  readonly mode?: string;
  readonly syncAt?: string;
  readonly syncUntil?: string;
  readonly syncPolicy?: string;
  readonly syncTimeout?: number;
}): void {
  const { mode, syncAt, syncUntil, syncPolicy, syncTimeout } = options;
  if (mode === 'sync' || [syncAt, syncUntil, syncPolicy, syncTimeout].every((one) => one === undefined)) return;
  throw usageError(SYNC_WITHOUT_MODE);
}

export const SYNC_WITHOUT_MODE =
  '--sync-at, --sync-until, --sync-policy and --sync-timeout say how --mode sync works; give that as well';
