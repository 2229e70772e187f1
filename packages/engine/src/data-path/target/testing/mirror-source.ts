/**
 * A mirror of a model source as a real one would say it: every directory listed top-down, content sent where it is asked for. Operations
 * may be played between any two statements; each statement is exact at its position.
 */
import type { RawName } from '@understudy/base';
import { encodeXattrs, MirrorCompare, type NodeId, RecordFlag, type Reply, Verb, type Xattr } from '@understudy/wire';
import { bytesOf, isFile, isFolder, type ModelNode, type ModelSource } from './model-source.ts';

const xattrsOf = (node: ModelNode): Xattr[] =>
  [...node.xattrs].map(([name, value]) => [name as RawName, bytesOf(value)]);

export interface MirrorSay {
  readonly source: ModelSource;
  readonly compare: number;
  readonly rootPath: string;
  /** Called between statements: what happens meanwhile. */
  meanwhile(): void;
  /** Everything said so far is to be applied; returns the replies. */
  replies(): Reply[];
}

export function sayMirror(say: MirrorSay): void {
  const { source, compare } = say;
  source.say({ verb: Verb.mirrorBegin, detail: compare });
  sayRoot(source, say.rootPath);
  const waiting: ModelNode[] = [source.root];
  const contents: ModelNode[] = [];
  const listed = new Set<ModelNode>();
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    if (listed.has(folder) || !source.folders().includes(folder)) continue;
    listed.add(folder);
    list(say, folder, waiting, contents);
  }
  for (const reply of say.replies()) answer(say, reply, contents);
  for (let node = contents.shift(); node !== undefined; node = contents.shift()) {
    sendContent(say, node);
    if (contents.length === 0) for (const reply of say.replies()) answer(say, reply, contents);
  }
  source.say({ verb: Verb.mirrorEnd });
}

export function sayRoot(source: ModelSource, path: string): void {
  source.say({ verb: Verb.root, node: source.root.id, data: bytesOf(path), attributes: source.attributes(source.root) });
  source.say({ verb: Verb.xattrs, node: source.root.id, data: encodeXattrs(xattrsOf(source.root)) });
}

function list(say: MirrorSay, folder: ModelNode, waiting: ModelNode[], contents: ModelNode[]): void {
  const { source } = say;
  source.say({ verb: Verb.listingBegin, parent: folder.id });
  for (const name of [...folder.children.keys()]) {
    const node = folder.children.get(name);
    if (node === undefined) continue;
    sayEntry(source, folder, name, node, say.compare, contents);
    say.meanwhile();
  }
  // What came by operations meanwhile has been said by them; folders among it must be listed as well, they are empty then.
  for (const child of folder.children.values()) if (isFolder(child)) waiting.push(child);
  source.say({ verb: Verb.listingEnd, parent: folder.id, node: folder.id, attributes: source.attributes(folder) });
  say.meanwhile();
  for (const other of source.folders()) waiting.push(other);
}

function sayEntry(
  source: ModelSource,
  folder: ModelNode,
  name: string,
  node: ModelNode,
  compare: number,
  contents: ModelNode[],
): void {
  const xattrs = xattrsOf(node);
  const follows = isFile(node) && compare === MirrorCompare.everything && !contents.includes(node);
  const flags = (xattrs.length > 0 ? RecordFlag.entryHasXattrs : 0) | (follows ? RecordFlag.contentFollows : 0);
  source.say({
    verb: Verb.entry,
    parent: folder.id,
    name: name as RawName,
    node: node.id,
    flags,
    attributes: source.attributes(node),
    data: bytesOf(node.target),
  });
  if (follows) contents.push(node);
  if (xattrs.length > 0) source.say({ verb: Verb.xattrs, node: node.id, data: encodeXattrs(xattrs) });
}

function answer({ source, compare }: MirrorSay, reply: Reply, contents: ModelNode[]): void {
  if (reply.kind === 'orphan') return;
  const node = source.all().find((other) => other.id === (reply.node as NodeId));
  if (node === undefined) return;
  // The toy mirror sends the whole file where a real one checks its blocks first.
  const needed = reply.kind !== 'have' || compare === MirrorCompare.checksum;
  if (needed && !contents.includes(node)) contents.push(node);
}

function sendContent(say: MirrorSay, node: ModelNode): void {
  const { source } = say;
  const alive = (): boolean => source.all().includes(node);
  if (!alive()) return;
  for (let offset = 0; offset < node.data.length; offset += 5) {
    const data = Uint8Array.from(node.data.slice(offset, offset + 5));
    const hole = data.every((byte) => byte === 0);
    const flags = hole ? RecordFlag.blockHole : 0;
    const content = hole ? {} : { data };
    source.say({ verb: Verb.block, node: node.id, offset, extent: data.length, flags, ...content });
    say.meanwhile();
    if (!alive()) return;
  }
  source.say({ verb: Verb.xattrs, node: node.id, data: encodeXattrs(xattrsOf(node)) });
  source.say({ verb: Verb.settle, node: node.id, attributes: source.attributes(node) });
}
