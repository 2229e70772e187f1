/** Answers the kernel's questions about a tree. In: requests. Out: answers, none where none is wanted. Whatever goes wrong is an errno. */
import { constants } from 'node:os';
import { type RawName, rawFromBytes, rawToBytes } from '@understudy/base';
import { FileError } from '@understudy/engine';
import type { Xattr } from '@understudy/wire';
import { ViewNodes } from './nodes.ts';
import * as fuse from './protocol.ts';
import type { ViewKey, ViewTree } from './tree.ts';

const { EIO, ENODATA, ENOENT, ENOSYS, ENOTDIR, ERANGE } = constants.errno;
const { Opcode } = fuse;
const LISTS_HELD = 16;

interface Listed {
  readonly name: RawName;
  readonly key: ViewKey;
}

/** What went wrong, by number. */
class Errno extends Error {
  readonly number: number;
  constructor(number: number) {
    super(`errno ${number}`);
    this.number = number;
  }
}

export class ViewServer {
  readonly #tree: ViewTree;
  readonly #nodes: ViewNodes;
  /** Directories are listed in several turns. */
  readonly #lists = new Map<ViewKey, readonly Listed[]>();

  constructor(tree: ViewTree) {
    this.#tree = tree;
    this.#nodes = new ViewNodes(tree.root);
  }

  /** Files that the kernel knows of. */
  get known(): number {
    return this.#nodes.size;
  }

  /** Null: nothing is answered. */
  answer(bytes: Buffer): Buffer | null {
    const request = fuse.decodeRequest(bytes);
    if (request === null) return null;
    try {
      const body = this.#answer(request);
      return body === null ? null : fuse.encodeAnswer(request.unique, 0, body);
    } catch (error) {
      const errno = errnoFor(error);
      if (errno === null) throw error;
      return fuse.encodeAnswer(request.unique, errno);
    }
  }

  #answer({ opcode, node, body }: fuse.Request): Uint8Array | null {
    switch (opcode) {
      case Opcode.init:
        return fuse.answerInit(body) ?? fail(EIO);
      case Opcode.forget:
        this.#nodes.forget(node, Number(body.readBigUInt64LE(0)));
        return null;
      case Opcode.batchForget:
        for (let at = 8; at + 16 <= body.length; at += 16)
          this.#nodes.forget(Number(body.readBigUInt64LE(at)), Number(body.readBigUInt64LE(at + 8)));
        return null;
      case Opcode.interrupt:
      case Opcode.destroy:
        return null;
      case Opcode.statfs:
        return fuse.encodeStatfs();
      default:
        return this.#ofNode(opcode, node, this.#nodes.keyOf(node) ?? fail(ENOENT), body);
    }
  }

  #ofNode(opcode: number, node: number, key: ViewKey, body: Buffer): Uint8Array {
    switch (opcode) {
      case Opcode.lookup:
        return this.#lookUp(key, rawFromBytes(body.subarray(0, body.length - 1)));
      case Opcode.getattr:
        return fuse.encodeAttributes(node, this.#tree.attributes(key) ?? fail(ENOENT));
      case Opcode.readlink:
        return this.#tree.readLink(key) ?? fail(ENOENT);
      case Opcode.read:
        return this.#tree.read(key, Number(body.readBigUInt64LE(8)), body.readUInt32LE(16)) ?? fail(ENOENT);
      case Opcode.readdir:
      case Opcode.readdirplus:
        return this.#list(key, body, opcode === Opcode.readdirplus);
      case Opcode.getxattr:
        return this.#xattr(key, body);
      case Opcode.listxattr:
        return sized(namesOf(this.#tree.xattrs(key) ?? []), body.readUInt32LE(0));
      default:
        // Nothing is opened: what is shown is always there, and stays as it is.
        return fail(ENOSYS);
    }
  }

  #lookUp(parent: ViewKey, name: RawName): Uint8Array {
    const key = this.#tree.entry(parent, name) ?? fail(ENOENT);
    const attributes = this.#tree.attributes(key) ?? fail(ENOENT);
    return fuse.encodeEntry(this.#nodes.lookUp(key), attributes);
  }

  /** With attributes each name counts as looked up. */
  #list(directory: ViewKey, body: Buffer, plus: boolean): Uint8Array {
    const from = Number(body.readBigUInt64LE(8));
    const most = body.readUInt32LE(16);
    const all = this.#listed(directory);
    const parts: Buffer[] = [];
    let length = 0;
    for (let at = from; at < all.length; at += 1) {
      const { name, key } = all[at] as Listed;
      const attributes = this.#tree.attributes(key);
      if (attributes === null) continue;
      const bytes = rawToBytes(name);
      const size = (plus ? fuse.ENTRY : 0) + Math.ceil((24 + bytes.length) / 8) * 8;
      if (length + size > most) break;
      const node = plus ? this.#nodes.lookUp(key) : UNKNOWN;
      if (plus) parts.push(fuse.encodeEntry(node, attributes));
      parts.push(fuse.encodeDirent(node, at + 1, bytes, attributes.mode));
      length += size;
    }
    return Buffer.concat(parts);
  }

  #listed(directory: ViewKey): readonly Listed[] {
    const held = this.#lists.get(directory);
    if (held !== undefined) return held;
    const found = this.#tree.list(directory) ?? fail(ENOTDIR);
    const sorted = [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
    if (this.#lists.size >= LISTS_HELD) this.#lists.delete(this.#lists.keys().next().value ?? directory);
    this.#lists.set(directory, sorted);
    return sorted;
  }

  #xattr(key: ViewKey, body: Buffer): Uint8Array {
    const wanted = rawFromBytes(body.subarray(8, body.length - 1));
    const found = this.#tree.xattrs(key)?.find(([name]) => name === wanted);
    return sized(found?.[1] ?? fail(ENODATA), body.readUInt32LE(0));
  }
}

/** The kernel's word for a number that is not known. */
const UNKNOWN = 0xffff_ffff;

function fail(errno: number): never {
  throw new Errno(errno);
}

/** Null: a bug. */
function errnoFor(error: unknown): number | null {
  if (error instanceof Errno) return error.number;
  if (!(error instanceof FileError)) return null;
  const numbers: Readonly<Record<string, number>> = constants.errno;
  return numbers[error.code] ?? EIO;
}

/** How long it is, where nobody has room for it yet. */
function sized(value: Uint8Array, room: number): Uint8Array {
  if (room === 0) {
    const length = Buffer.alloc(8);
    length.writeUInt32LE(value.length, 0);
    return length;
  }
  return value.length > room ? fail(ERANGE) : value;
}

const namesOf = (xattrs: readonly Xattr[]): Uint8Array =>
  Buffer.concat(xattrs.map(([name]) => Buffer.concat([rawToBytes(name), Buffer.of(0)])));
