/**
 * What a verification says of the source, as it reads it. In: a name, a file, a stretch. Out: statements with the records that the
 * target compares, and what would make them untrue.
 */
import type { RawName } from '@understudy/base';
import {
  type Attributes,
  DIGEST_BYTES,
  encodeXattrs,
  NO_NODE,
  type NodeId,
  RecordFlag,
  type RecordInput,
  Verb,
} from '@understudy/wire';
import type { SourceEntry, SourceFile } from '../../ports.ts';
import { typeOf } from '../mirror/entry-sender.ts';
import type { MirrorRoot, MirrorWorld } from '../mirror/world.ts';
import type { Statement } from './pending-group.ts';

/** Read and said at once. */
export const VERIFY_BLOCK = 128 * 1024;
/** What moved is read again in pieces that stand still between two writes. */
const SMALL_BLOCK = 4096;
/** Bytes that are compared as one: a difference is known to this grain. */
const GRAIN = 16 * 1024;
const LINK = 0o120000;

/** What a statement about an entry tells, from wherever. */
interface Told {
  readonly parent: NodeId;
  readonly name: RawName;
  readonly node: NodeId;
  readonly attributes: Attributes;
}

export class Statements {
  readonly #world: MirrorWorld;
  /** Read into again and again: of what is read nothing but digests is kept. */
  readonly #buffer = new Uint8Array(VERIFY_BLOCK);

  constructor(world: MirrorWorld) {
    this.#world = world;
  }

  entry(root: MirrorRoot, parent: NodeId, { name, node, attributes }: SourceEntry, tries = 0): Statement {
    return this.#told(root, { parent, name, node, attributes }, { parent, name }, tries);
  }

  /** The protected directory itself; null: it is gone. */
  root(root: MirrorRoot, tries = 0): Statement | null {
    const node = root.files.rootNode;
    const attributes = root.files.stat(node);
    if (attributes === null) return null;
    return this.#told(root, { parent: NO_NODE, name: '' as RawName, node, attributes }, null, tries);
  }

  /** null: the file ends before `offset`, or has lost its last name: whoever has it open still reads it, and the target has it no more. */
  content(root: MirrorRoot, node: NodeId, file: SourceFile, from: Stretch): Statement | null {
    const { offset, length, tries } = from;
    if ((root.files.stat(node)?.nlink ?? 0) === 0) return null;
    const read = file.read(offset, this.#buffer.subarray(0, length));
    if (read === 0) return null;
    const data = this.#digests(this.#buffer.subarray(0, read));
    const blake3 = this.#world.digestName() === 'blake3' ? RecordFlag.blake3 : 0;
    const flags = RecordFlag.verify | blake3;
    const { index } = root;
    const records = [
      { verb: Verb.check, root: index, node, offset, extent: read, detail: GRAIN, data, flags } as const,
    ];
    const range = { offset, end: offset + read };
    return { records, root: index, node, place: null, range, touched: false, tries };
  }

  /** What moved under the reading, once more; nothing where it is gone. */
  again(root: MirrorRoot, { place, range, node, tries }: Statement): Statement[] {
    const more = tries + 1;
    if (place !== null) {
      const entry = root.files.entry(place.parent, place.name);
      return entry === null || !root.scope.knows(entry.node) ? [] : [this.entry(root, place.parent, entry, more)];
    }
    if (range === null) return [this.root(root, more)].filter((statement) => statement !== null);
    const file = root.scope.knows(node) ? root.files.open(node) : null;
    if (file === null) return [];
    const fresh: Statement[] = [];
    try {
      for (let at = range.offset; at < range.end; at += SMALL_BLOCK) {
        const length = Math.min(SMALL_BLOCK, range.end - at);
        const piece = this.content(root, node, file, { offset: at, length, tries: more });
        if (piece !== null) fresh.push(piece);
      }
    } finally {
      file.close();
    }
    return fresh;
  }

  #told(root: MirrorRoot, told: Told, place: Statement['place'], tries: number): Statement {
    const { node, attributes } = told;
    const { index } = root;
    const xattrs = root.files.xattrs(node) ?? [];
    const flags = RecordFlag.verify | (xattrs.length > 0 ? RecordFlag.entryHasXattrs : 0);
    const link = typeOf(attributes.mode) === LINK ? root.files.readLink(node) : null;
    const data = link === null ? {} : { data: link };
    const records: RecordInput[] = [{ verb: Verb.checkEntry, root: index, ...told, flags, ...data }];
    if (xattrs.length > 0)
      records.push({ verb: Verb.xattrs, root: index, node, flags: RecordFlag.verify, data: encodeXattrs(xattrs) });
    return { records, root: index, node, place, range: null, touched: false, tries };
  }

  #digests(bytes: Uint8Array): Uint8Array {
    const digests = new Uint8Array(Math.ceil(bytes.length / GRAIN) * DIGEST_BYTES);
    for (let at = 0, to = 0; at < bytes.length; at += GRAIN, to += DIGEST_BYTES)
      digests.set(this.#world.hash(bytes.subarray(at, at + GRAIN)), to);
    return digests;
  }
}

interface Stretch {
  readonly offset: number;
  /** At most VERIFY_BLOCK. */
  readonly length: number;
  readonly tries: number;
}
