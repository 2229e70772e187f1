/**
 * A mirror of a model source as a real one would say it: every directory listed top-down, content sent where it is asked for. Operations
 * may be played between any two statements; each statement is exact at its position.
 */
import type { RawName } from '@understudy/base';
import { encodeXattrs, MirrorCompare, RecordFlag, type Reply, Verb, type Xattr } from '@understudy/wire';
import { KnownNodes } from './known-nodes.ts';
import { bytesOf, isFile, isFolder, type ModelNode, type ModelSource } from './model-source.ts';

const xattrsOf = (node: ModelNode): Xattr[] =>
  [...node.xattrs].map(([name, value]) => [name as RawName, bytesOf(value)]);

export interface MirrorOptions {
  readonly source: ModelSource;
  readonly compare: number;
  readonly rootPath: string;
  /** Called between statements: what happens meanwhile. */
  meanwhile(): void;
  /** Everything said so far is to be applied; returns the replies. */
  replies(): Reply[];
}

export function sayRoot(source: ModelSource, path: string): void {
  source.say({
    verb: Verb.root,
    node: source.root.id,
    data: bytesOf(path),
    attributes: source.attributes(source.root),
  });
  source.say({ verb: Verb.xattrs, node: source.root.id, data: encodeXattrs(xattrsOf(source.root)) });
}

export class ModelMirror {
  readonly #options: MirrorOptions;
  readonly #known = new KnownNodes();
  readonly #folders: ModelNode[] = [];
  readonly #contents: ModelNode[] = [];

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  run(): void {
    const { source, compare, rootPath } = this.#options;
    source.filter = (record) => this.#known.filter(record);
    source.say({ verb: Verb.mirrorBegin, detail: compare });
    sayRoot(source, rootPath);
    this.#known.add(source.root.id);
    this.#folders.push(source.root);
    while (this.#work()) this.#options.meanwhile();
    source.say({ verb: Verb.mirrorEnd });
  }

  #work(): boolean {
    const folder = this.#folders.shift();
    if (folder !== undefined) return this.#list(folder);
    const dirty = this.#known.dirty.shift();
    if (dirty !== undefined) return this.#again(dirty.parent, dirty.name);
    const node = this.#contents.shift();
    if (node !== undefined) return this.#send(node);
    for (const reply of this.#options.replies()) this.#answer(reply);
    return this.#contents.length > 0 || this.#known.dirty.length > 0 || this.#folders.length > 0;
  }

  #node(id: bigint): ModelNode | undefined {
    return this.#options.source.all().find((node) => node.id === id);
  }

  #list(folder: ModelNode): boolean {
    const { source } = this.#options;
    if (this.#node(folder.id) === undefined) return true;
    source.say({ verb: Verb.listingBegin, parent: folder.id });
    for (const name of [...folder.children.keys()]) {
      const node = folder.children.get(name);
      if (node !== undefined) this.#entry(folder, name, node);
      this.#options.meanwhile();
    }
    if (this.#node(folder.id) === undefined) return true;
    source.say({ verb: Verb.listingEnd, parent: folder.id, node: folder.id, attributes: source.attributes(folder) });
    return true;
  }

  #entry(folder: ModelNode, name: string, node: ModelNode): void {
    const { source, compare } = this.#options;
    const isNew = !this.#known.has(node.id);
    this.#known.add(node.id);
    const xattrs = xattrsOf(node);
    const follows = isFile(node) && compare === MirrorCompare.everything && isNew;
    const flags = (xattrs.length > 0 ? RecordFlag.entryHasXattrs : 0) | (follows ? RecordFlag.contentFollows : 0);
    const attributes = source.attributes(node);
    const place = { parent: folder.id, name: name as RawName, node: node.id };
    source.say({ verb: Verb.entry, ...place, flags, attributes, data: bytesOf(node.target) });
    if (xattrs.length > 0) source.say({ verb: Verb.xattrs, node: node.id, data: encodeXattrs(xattrs) });
    if (follows) this.#contents.push(node);
    if (isFolder(node)) this.#folders.push(node);
  }

  /** A name that operations made uncertain. */
  #again(parent: bigint, name: string): boolean {
    const { source } = this.#options;
    const folder = this.#node(parent);
    if (folder === undefined) return true;
    const node = folder.children.get(name);
    if (node === undefined) source.say({ verb: Verb.detach, parent: folder.id, name: name as RawName });
    else this.#entry(folder, name, node);
    source.say({ verb: Verb.settle, node: folder.id, attributes: source.attributes(folder) });
    return true;
  }

  #answer(reply: Reply): void {
    if (reply.kind !== 'want' && reply.kind !== 'have' && reply.kind !== 'failed') return;
    const node = this.#node(reply.node);
    // The toy mirror sends the whole file where a real one would check its blocks first.
    const needed = reply.kind !== 'have' || this.#options.compare === MirrorCompare.checksum;
    if (node !== undefined && needed && !this.#contents.includes(node)) this.#contents.push(node);
  }

  #send(node: ModelNode): boolean {
    const { source, meanwhile } = this.#options;
    for (let offset = 0; offset < node.data.length; ) {
      if (this.#node(node.id) === undefined) return true;
      const data = Uint8Array.from(node.data.slice(offset, offset + 5));
      const hole = data.every((byte) => byte === 0);
      const flags = hole ? RecordFlag.blockHole : 0;
      const content = hole ? {} : { data };
      source.say({ verb: Verb.block, node: node.id, offset, extent: data.length, flags, ...content });
      // As far as was read, and no further: the file may grow meanwhile.
      offset += data.length;
      meanwhile();
    }
    if (this.#node(node.id) === undefined) return true;
    source.say({ verb: Verb.xattrs, node: node.id, data: encodeXattrs(xattrsOf(node)) });
    source.say({ verb: Verb.settle, node: node.id, attributes: source.attributes(node) });
    return true;
  }
}
