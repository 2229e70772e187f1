/**
 * chattr's flags of a file, without opening it. In: a path of any bytes. Out: immutable and append-only, as statx tells them; false
 * where the file is gone or its file system has no such flags.
 */
import { Buffer } from 'node:buffer';
import type { RawName } from '@understudy/base';
import koffi from 'koffi';

export interface AttributeFlags {
  readonly immutable: boolean;
  readonly appendOnly: boolean;
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const ATTRIBUTES_AT = 8;
const IMMUTABLE = 0x10;
const APPEND = 0x20;
const NONE: AttributeFlags = { immutable: false, appendOnly: false };

type Statx = (directory: number, path: Buffer, flags: number, mask: number, out: Buffer) => number;

let call: Statx | null | undefined;
const out = Buffer.alloc(256);

/** Looked up on first use: other systems have no such call, and their files no such flags. */
function statx(): Statx | null {
  if (call !== undefined) return call;
  try {
    call = koffi.load(null).func('int statx(int, void *, int, unsigned int, void *)') as unknown as Statx;
  } catch {
    call = null;
  }
  return call;
}

export function attributeFlagsOf(path: RawName): AttributeFlags {
  const ask = statx();
  if (ask === null || ask(AT_FDCWD, Buffer.from(`${path}\0`, 'latin1'), AT_SYMLINK_NOFOLLOW, 0, out) !== 0) return NONE;
  const attributes = out.readUInt32LE(ATTRIBUTES_AT);
  return { immutable: (attributes & IMMUTABLE) !== 0, appendOnly: (attributes & APPEND) !== 0 };
}
