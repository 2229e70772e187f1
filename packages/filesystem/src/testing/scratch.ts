/** For this package's tests: a folder that disappears afterwards, and things to put into it without the code under test. */

import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { brand, type RawName } from '@understudy/base';
import type { Attributes } from '@understudy/wire';
import koffi from 'koffi';

export const raw = (text: string): RawName => brand<RawName>(text);
export const isRoot = process.geteuid?.() === 0;

/** Why the tests of this package cannot run here; null where they can. Printed once, so that a skip is never silent. */
export function cannotRun(): string | null {
  const reason =
    process.platform !== 'linux' ? 'they need Linux' : isRoot ? null : 'they need root (CAP_DAC_READ_SEARCH)';
  if (reason !== null) console.warn(`file system tests are skipped: ${reason}`);
  return reason;
}

export function scratchFolder(): { readonly path: RawName; remove(): void } {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-filesystem-'));
  // Node's own removal gives up on paths beyond PATH_MAX.
  return { path: raw(made), remove: () => void execFileSync('rm', ['-rf', '--one-file-system', made]) };
}

const libc = koffi.load(null);
const lsetxattr: (path: Uint8Array, name: string, value: Uint8Array, size: number, flags: number) => number = libc.func(
  'int lsetxattr(const void *, const char *, const void *, size_t, int)',
);
const mknod: (path: Uint8Array, mode: number, device: number) => number = libc.func(
  'int mknod(const void *, uint, uint64_t)',
);

export const bytesOf = (name: string): Buffer => Buffer.from(name, 'latin1');

export function plantXattr(place: string, name: string, value: Uint8Array): void {
  if (lsetxattr(bytesOf(`${place}\0`), name, value, value.length, 0) < 0)
    throw new Error(`lsetxattr ${name}: errno ${koffi.errno()}`);
}

export function plantNode(place: string, mode: number, device = 0): void {
  if (mknod(bytesOf(`${place}\0`), mode, device) < 0) throw new Error(`mknod: errno ${koffi.errno()}`);
}

/** system.posix_acl_*: version 2, then (tag, permissions, id) for each entry; ids of owner, group, mask and other are -1. */
export function aclBytes(named: number, permissions: number): Buffer {
  const entries: [tag: number, permissions: number, id: number][] = [
    [0x01, 7, 0xffffffff],
    [0x02, permissions, named],
    [0x04, 5, 0xffffffff],
    [0x10, 7, 0xffffffff],
    [0x20, 0, 0xffffffff],
  ];
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(2, 0);
  for (const [index, [tag, bits, id]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + index * 8);
    bytes.writeUInt16LE(bits, 6 + index * 8);
    bytes.writeUInt32LE(id, 8 + index * 8);
  }
  return bytes;
}

/** security.capability, revision 2: cap_net_bind_service permitted and effective. */
export function capabilityBytes(): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(0x02000001, 0);
  bytes.writeUInt32LE(1 << 10, 4);
  return bytes;
}

export function attributes(mode: number, more: Partial<Attributes> = {}): Attributes {
  return {
    mode,
    uid: 0,
    gid: 0,
    nlink: 1,
    size: 0,
    rdev: 0,
    atimeSec: 0,
    atimeNsec: 0,
    mtimeSec: 0,
    mtimeNsec: 0,
    ...more,
  };
}
