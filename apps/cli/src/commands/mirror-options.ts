/** The options of `job create` and `job edit` that say how mirrors and verifications are done. */
import { Option } from '@commander-js/extra-typings';
import { parseAge, parseBlockSize } from '../values.ts';

export const orphansOption = () =>
  new Option(
    '--orphans <what>',
    'what becomes of files on the target that never came from the source (default: report)',
  ).choices(['report', 'move', 'delete'] as const);
export const orphansOlderThanOption = () =>
  new Option('--orphans-older-than <time>', 'leave orphans that were changed since').argParser(parseAge);
export const blockSizeOption = () =>
  new Option('--block-size <n>', 'bytes that mirrors compare as one: 4K to 1M, a power of two').argParser(
    parseBlockSize,
  );
export const verifyAtOption = () =>
  new Option('--verify-at <cron>', 'verify by itself: "minute hour day month weekday", in the source’s local time');
