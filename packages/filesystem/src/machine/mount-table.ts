/**
 * machine: what this machine's file systems and this process are, as the kernel tells it. In: paths as bytes. Out: plain facts.
 * Promised: nothing here changes anything.
 */
import { readFileSync } from 'node:fs';
import { brand, type RawName, rawFromBytes } from '@understudy/base';

export interface Mount {
  readonly id: number;
  readonly parentId: number;
  /** `major:minor` of the file system's device. */
  readonly device: string;
  /** Directory of the file system that is mounted: `/` unless it is a bind mount or a subvolume. */
  readonly root: RawName;
  readonly mountPoint: RawName;
  /** Options of this mount: `rw`, `relatime`, … */
  readonly options: readonly string[];
  /** `ext4`, `fuse.understudy`, … */
  readonly type: string;
  readonly source: RawName;
  /** Options of the file system itself. */
  readonly superOptions: readonly string[];
}

/** The mounts that this process sees, in the kernel's order: of two at one place the later lies on top. */
export function mountTable(): Mount[] {
  return parseMountTable(rawFromBytes(readFileSync('/proc/self/mountinfo')));
}

export function parseMountTable(text: RawName): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const mount = parseLine(line);
    if (mount !== null) mounts.push(mount);
  }
  return mounts;
}

/** `36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/root rw,errors=continue`, any number of fields before the dash. */
function parseLine(line: string): Mount | null {
  const fields = line.split(' ');
  const dash = fields.indexOf('-', 6);
  const [id, parentId, device, root, point, options] = fields;
  if (dash < 0 || device === undefined || root === undefined || point === undefined) return null;
  return {
    id: Number(id),
    parentId: Number(parentId),
    device,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(point),
    options: (options ?? '').split(','),
    type: unescapeOctal(fields[dash + 1] ?? ''),
    source: unescapeOctal(fields[dash + 2] ?? ''),
    superOptions: (fields[dash + 3] ?? '').split(','),
  };
}

/** The kernel writes space, tab, newline, backslash and `#` as `\ooo`. */
function unescapeOctal(text: string): RawName {
  return brand<RawName>(text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8))));
}
