/**
 * A change that came past the mount, as fsid's tripwire heard of it. In: the holder's line `bypass ID PID MASK i|o NODE UNSAID
 * -COMMAND -PATH`. Out: the root and a sentence that names process, file and what will be done; null for a line of any other form, or
 * with numbers that no root, process or node has.
 */
import { brand, fromHex, printable, type RawName, rawFromBytes } from '@understudy/base';
import type { NodeId } from '@understudy/wire';

export interface Bypass {
  readonly root: number;
  readonly pid: number;
  readonly command: string;
  /** 0: not known. */
  readonly node: NodeId;
  /** Within the root; of a name outside, that name alone, after a slash. */
  readonly path: RawName;
  readonly outside: boolean;
  readonly what: string;
  /** Further ones since the last line. */
  readonly unsaid: number;
}

const BYPASS_LINE =
  /^bypass (\d{1,10}) (-?\d{1,10}) ([0-9a-f]{1,16}) ([io]) ([0-9a-f]{1,16}) (\d{1,15}) -([0-9a-f]*) -([0-9a-f]*)$/;

/** fanotify's bits, the weightiest first: what is said is the first that is set. */
const WHAT: readonly (readonly [bit: number, what: string])[] = [
  [0x200, 'removed'],
  [0x40, 'moved away'],
  [0x100, 'created'],
  [0x80, 'moved in'],
  [0x2, 'wrote to'],
  [0x4, 'changed the attributes of'],
  [0x8, 'had open for writing'],
];

export function parseBypass(line: string): Bypass | null {
  const match = BYPASS_LINE.exec(line);
  if (match === null) return null;
  const [, root, pid, mask = '0', where, node = '0', unsaid, command = '', path = ''] = match;
  const bits = Number.parseInt(mask.slice(-8), 16);
  return {
    root: Number(root),
    pid: Number(pid),
    command: printable(textOf(command)),
    node: brand<NodeId>(BigInt(`0x${node}`)),
    path: textOf(path),
    outside: where === 'o',
    what: WHAT.find(([bit]) => (bits & bit) !== 0)?.[1] ?? 'changed',
    unsaid: Number(unsaid),
  };
}

const nameOf = (path: RawName): RawName => path.slice(path.lastIndexOf('/') + 1) as RawName;

const textOf = (hex: string): RawName => rawFromBytes(fromHex(hex) ?? new Uint8Array(0));

/** `inside`: what the file is called within the root, where that is known. */
export function bypassSentence(bypass: Bypass, root: RawName, inside: RawName | null): string {
  const who = bypass.command === '' ? `process ${bypass.pid}` : `process ${bypass.pid} (${bypass.command})`;
  const file = bypass.outside
    ? `${inside === null ? `a file of ${printable(root)}` : printable(inside)} by its name outside, ${printable(nameOf(bypass.path))},`
    : printable(`${root}${bypass.path === '/' ? '' : bypass.path}` as RawName);
  const more = bypass.unsaid === 0 ? '' : `; ${bypass.unsaid} more such changes were not named one by one`;
  return (
    `${who} ${bypass.what} ${file} past the capture; the file is compared and sent again, ` +
    `and the process should use ${printable(root)} itself${more}`
  );
}
