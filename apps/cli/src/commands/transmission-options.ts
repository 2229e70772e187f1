/** The options of `job create` and `job edit` that say how a job sends. */
import { Option } from '@commander-js/extra-typings';
import { usageError } from '../exit-code.ts';
import {
  collected,
  demandEffect,
  parseInterval,
  parsePortion,
  parseRate,
  parseRateWindow,
  parseSize,
  parseWindow,
} from '../transmission-values.ts';

export const compressionOption = () =>
  new Option(
    '--compression <level>',
    'what travels is made smaller: none, or more and more work for less and less',
  ).choices(['none', 'low', 'medium', 'high'] as const);
export const bandwidthOption = () =>
  new Option('--bandwidth <rate>', 'limit on the wire: 10Mbit, 2MB, none').argParser(parseRate);
export const bandwidthAtOption = () =>
  new Option(
    '--bandwidth-at <window>',
    'another limit within days and hours: "mon-fri 08:00-18:00 2Mbit"; several times, the first that holds counts',
  ).argParser(collected(parseRateWindow, demandEffect));
export const windowOption = () =>
  new Option(
    '--transmit-window <window>',
    'send only then, in the source’s local time: "daily 22:00-06:00"; may be given several times',
  ).argParser(collected(parseWindow));
export const everyOption = () =>
  new Option('--transmit-every <time>', 'send what has gathered this often: 15m, 4h').argParser(parseInterval);
export const startAtOption = () =>
  new Option('--transmit-start-at <size>', 'send when so much waits, or a mirror or a repair: 64MiB').argParser(
    parseSize,
  );
export const stopAfterOption = () =>
  new Option('--transmit-stop-after <size>', 'stop with the packet that reaches this: 1GB').argParser(parsePortion);

export interface Sending {
  readonly transmitWindow?: readonly unknown[];
  readonly transmitEvery?: number | null;
  readonly transmitStopAfter?: number | null;
}

/** Of a new job; throws UsageError. */
export function demandGoingOn({ transmitWindow = [], transmitEvery, transmitStopAfter }: Sending): void {
  if (transmitStopAfter == null || transmitWindow.length > 0 || transmitEvery != null) return;
  throw usageError(
    '--transmit-stop-after would stop for good: say when it goes on, with --transmit-every 4h or --transmit-window "daily 22:00-06:00"',
  );
}
