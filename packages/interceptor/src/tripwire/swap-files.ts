/** Swap files in a directory. In: the kernel's list. Out: their paths; the kernel writes to them past every mount. */
import { readFileSync } from 'node:fs';
import { type RawName, rawFromBytes } from '@understudy/base';

/** `table`: the text of /proc/swaps, one char a byte; blanks in names come as \040. */
export function swapFilesIn(directory: RawName, table: string = readTable()): RawName[] {
  const found: RawName[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [name = '', type] = line.split(/\s+/);
    if (type !== 'file') continue;
    const path = name.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    if (path.startsWith(directory === '/' ? '/' : `${directory}/`)) found.push(path as RawName);
  }
  return found;
}

function readTable(): string {
  try {
    return rawFromBytes(readFileSync('/proc/swaps'));
  } catch {
    return '';
  }
}
