/** Options that do not go together: refused by name, never ignored. */
import { type JobDefinition, ManagementError, NO_LIMITS } from '@understudy/wire';

export function refuseUnsupported({ mode, intercept, transmit = NO_LIMITS }: JobDefinition): void {
  if (mode !== 'sync') return;
  if (intercept === 'watch')
    throw new ManagementError(
      'unsupported-option',
      '--mode sync cannot be had with --intercept watch: that driver hears of a change when the call has been answered. Choose --intercept fuse, or --mode async.',
    );
  const { windows, everyMinutes, startAtBytes, stopAfterBytes } = transmit;
  if (windows.length > 0 || everyMinutes !== null || startAtBytes !== null || stopAfterBytes !== null)
    throw new ManagementError(
      'unsupported-option',
      '--mode sync cannot be had with --transmit-window, --transmit-every, --transmit-start-at or --transmit-stop-after: ' +
        'applications would wait for the next transmission. Leave these out, or choose --mode async.',
    );
}
