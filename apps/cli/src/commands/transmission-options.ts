/** The options of `job create` and `job edit` that say how a job sends. */
import { Option } from '@commander-js/extra-typings';
import {
  collected,
  parseInterval,
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
  ).argParser(collected(parseRateWindow));
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
  new Option('--transmit-stop-after <size>', 'stop with the packet that reaches this: 1GB').argParser(parseSize);
