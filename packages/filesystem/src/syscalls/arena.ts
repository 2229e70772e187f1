/**
 * The memory that calls read their arguments from and leave their answers in. One block a thread, at a fixed address: calls are
 * synchronous and none is entered while another runs, so it is never shared.
 */
import { Buffer } from 'node:buffer';
import type { RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import koffi from 'koffi';

export const MAX_PATH = 4096;
const MAX_NAME = 255;
export const MAX_XATTR = 65536;
export const MAX_HANDLE = 128;

/** Where each thing lies in the block. */
export const At = {
  stat: 0,
  handle: 512,
  otherHandle: 768,
  times: 1024,
  empty: 1088,
  number: 1096,
  mountAttributes: 1104,
  name: 2048,
  otherName: 8192,
  list: 16384,
  value: 16384 + MAX_XATTR,
} as const;
const SIZE = At.value + MAX_XATTR;

const block = new ArrayBuffer(SIZE);
export const bytes = Buffer.from(block);
export const view = new DataView(block);
const base = Number(koffi.address(block));

export const address = (at: number): number => base + at;
/** An empty string, for the calls that take AT_EMPTY_PATH. */
export const EMPTY_NAME = address(At.empty);

/** A block of memory outside the arena with a fixed address, for buffers that live longer than a call. */
export function fixedBuffer(size: number): { bytes: Buffer; view: DataView; address: number } {
  const memory = new ArrayBuffer(size);
  return { bytes: Buffer.from(memory), view: new DataView(memory), address: Number(koffi.address(memory)) };
}

function put(text: string, at: number, call: string, limit: number): number {
  if (text.length > limit) throw new FileError('ENAMETOOLONG', call, `${text.length} bytes, ${limit} are allowed`);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 255) throw new FileError('EINVAL', call, 'a name holds NUL or a character beyond a byte');
    bytes[at + i] = code;
  }
  bytes[at + text.length] = 0;
  return base + at;
}

/** Lays a path of any number of components into the arena and returns its address. */
export function putPath(path: RawName, call: string, at: number = At.name): number {
  return put(path, at, call, MAX_PATH - 1);
}

/** As putPath, for exactly one component: anything that could lead elsewhere is refused with EINVAL. */
export function putName(name: RawName, call: string, at: number = At.name): number {
  if (name === '' || name === '.' || name === '..' || name.includes('/'))
    throw new FileError('EINVAL', call, 'a name must be one component, and neither "." nor ".."');
  return put(name, at, call, MAX_NAME);
}

/** Lays bytes that end with NUL into the arena: a link's target, an attribute's name. */
export function putText(text: Uint8Array, call: string, at: number): number {
  if (text.length > MAX_PATH - 1) throw new FileError('ENAMETOOLONG', call);
  if (text.includes(0)) throw new FileError('EINVAL', call, 'it holds NUL');
  bytes.set(text, at);
  bytes[at + text.length] = 0;
  return base + at;
}

export function rawAt(at: number, length: number): RawName {
  return bytes.toString('latin1', at, at + length) as RawName;
}
