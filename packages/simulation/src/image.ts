/**
 * A tree as one list of lines: equal lists are equal trees. In: a source's or a replica's files. Out: a line a name, in order.
 * Left out: ctime, which cannot be set, atime, which reading moves, and a directory's size and link count, which are its file system's.
 */
import { createHash } from 'node:crypto';
import { type RawName, rawToText } from '@understudy/base';
import type { Handle, Scope, SourceFiles } from '@understudy/engine';
import type { MemoryReplica } from '@understudy/engine/testing';
import type { Attributes, NodeId, Xattr } from '@understudy/wire';

const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;
export const typeOf = (mode: number): number => mode & TYPE_MASK;
export const isDirectory = (mode: number): boolean => typeOf(mode) === DIRECTORY;

const hash = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('base64').slice(0, 12);
/** Of what is short, all of it. */
const shown = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** Content hashes of the source's files, kept until a file is written. */
export class ContentHashes {
  readonly #known = new Map<NodeId, string>();

  changed(node: NodeId): void {
    this.#known.delete(node);
  }

  of(files: SourceFiles, node: NodeId, size: number): string {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const bytes = new Uint8Array(size);
    const file = files.open(node);
    file?.read(0, bytes);
    file?.close();
    const made = hash(bytes);
    this.#known.set(node, made);
    return made;
  }
}

/** And of a replica's. */
export class ReplicaHashes {
  readonly #known = new Map<Handle, { readonly version: number; readonly hash: string }>();

  of(files: MemoryReplica, handle: Handle, size: number): string {
    const version = files.versionOf(handle);
    const known = this.#known.get(handle);
    if (known?.version === version) return known.hash;
    const made = hash(files.read(handle, 0, size) ?? new Uint8Array());
    this.#known.set(handle, { version, hash: made });
    return made;
  }
}

/** What a line says beside its path and the first of the file's names. */
interface Facts {
  readonly head: string;
  /** Null: a directory's is its file system's affair. */
  readonly own: { readonly size: number; readonly nlink: number } | null;
  readonly tail: string;
}

function factsOf(a: Attributes, xattrs: readonly Xattr[], content: string): Facts {
  const extended = xattrs.map(([name, value]) => `${name}=${shown(value)}`).sort();
  return {
    head: `${a.mode.toString(8)} ${a.uid}:${a.gid} ${a.rdev} ${a.mtimeSec}.${a.mtimeNsec}`,
    own: typeOf(a.mode) === DIRECTORY ? null : { size: a.size, nlink: a.nlink },
    tail: `${content} ${extended.join(',')}`,
  };
}

/** `links`: the link count is the set's own affair; otherwise names outside it count, too. */
function line(path: string, { head, own, tail }: Facts, first: string, links: boolean): string {
  const more = own === null ? '' : ` size ${own.size}${links ? ` links ${own.nlink}` : ''} as ${first}`;
  return `${path} ${head}${more} ${tail}`;
}

const byName = (a: { readonly name: RawName }, b: { readonly name: RawName }) => (a.name < b.name ? -1 : 1);

interface SourceNode {
  readonly version: number;
  readonly facts: Facts;
  readonly isDirectory: boolean;
  readonly entries: readonly { readonly name: string; readonly node: NodeId }[];
}

/** What is said of each file of the source, kept until it changes. */
export class SourceNodes {
  readonly #known = new Map<NodeId, SourceNode>();
  readonly #contents: ContentHashes;
  readonly #versionOf: (node: NodeId) => number;

  constructor(contents: ContentHashes, versionOf: (node: NodeId) => number) {
    this.#contents = contents;
    this.#versionOf = versionOf;
  }

  /** Null: gone. */
  of(files: SourceFiles, node: NodeId): SourceNode | null {
    const version = this.#versionOf(node);
    const known = this.#known.get(node);
    if (known !== undefined && known.version === version) return known;
    const attributes = files.stat(node);
    if (attributes === null) return null;
    const type = typeOf(attributes.mode);
    const xattrs = files.xattrs(node) ?? [];
    const facts = factsOf(attributes, xattrs, this.#contentOf(files, node, attributes));
    const entries = type === DIRECTORY ? entriesOf(files, node) : [];
    const made = { version, facts, isDirectory: type === DIRECTORY, entries };
    this.#known.set(node, made);
    return made;
  }

  #contentOf(files: SourceFiles, node: NodeId, { mode, size }: Attributes): string {
    const type = typeOf(mode);
    if (type === REGULAR) return this.#contents.of(files, node, size);
    return type === SYMLINK ? shown(files.readLink(node) ?? new Uint8Array()) : '';
  }
}

function entriesOf(files: SourceFiles, node: NodeId): SourceNode['entries'] {
  const reader = files.openDirectory(node);
  const entries = reader?.next(100_000) ?? [];
  reader?.close();
  return [...entries].sort(byName).map((entry) => ({ name: rawToText(entry.name), node: entry.node }));
}

/** Only what the scope protects; `rootPath` is what the scope's paths begin with. */
export function sourceImage(
  files: SourceFiles,
  root: { readonly scope: Scope; readonly path: string },
  nodes: SourceNodes,
): string[] {
  const lines: string[] = [];
  const seen = new Map<NodeId, string>();
  const visit = (node: NodeId, { facts, isDirectory, entries }: SourceNode, path: string): void => {
    const first = seen.get(node) ?? path;
    if (first === path) seen.set(node, path);
    lines.push(line(path, facts, first, root.scope.whole));
    if (!isDirectory) return;
    for (const entry of entries) {
      const beneath = `${path}/${entry.name}`;
      const inner = nodes.of(files, entry.node);
      if (inner !== null && root.scope.decide(`${root.path}${beneath}`, inner.isDirectory) !== 'outside')
        visit(entry.node, inner, beneath);
    }
  };
  const top = nodes.of(files, files.rootNode);
  if (top !== null) visit(files.rootNode, top, '');
  return lines;
}

export interface ReplicaView {
  readonly links: boolean;
  /** Not looked at, with all that is beneath. */
  readonly isOrphan: (path: string, attributes: Attributes) => boolean;
  readonly contents: ReplicaHashes;
  /** Told of the file of each line. */
  readonly shows?: (line: string, handle: Handle) => void;
}

export function replicaImage(files: MemoryReplica, { links, isOrphan, contents, shows }: ReplicaView): string[] {
  const lines: string[] = [];
  const aside = namesAside(files);
  const seen = new Map<Handle, string>();
  const visit = (handle: Handle, attributes: Attributes, path: string): void => {
    const type = typeOf(attributes.mode);
    if (!seen.has(handle)) seen.set(handle, path);
    const content =
      type === REGULAR
        ? contents.of(files, handle, attributes.size)
        : type === SYMLINK
          ? shown(files.readLink(handle) ?? new Uint8Array())
          : '';
    const first = seen.get(handle) ?? path;
    const inSet = { ...attributes, nlink: attributes.nlink - (aside.get(handle) ?? 0) };
    const of = line(path, factsOf(inSet, files.xattrs(handle) ?? [], content), first, links);
    lines.push(of);
    shows?.(of, handle);
    if (type !== DIRECTORY) return;
    for (const entry of (files.list(handle) ?? []).sort(byName)) {
      const beneath = `${path}/${rawToText(entry.name)}`;
      if (!isOrphan(beneath, entry.attributes)) visit(entry.handle, entry.attributes, beneath);
    }
  };
  const top = files.attributes(files.root);
  if (top !== null) visit(files.root, top, '');
  return lines;
}

/** A directory that was put aside, or waits to be claimed, took names along of files that have others in the set. */
function namesAside(files: MemoryReplica): Map<Handle, number> {
  const names = new Map<Handle, number>();
  const count = (folder: Handle): void => {
    for (const { handle, attributes } of files.list(folder) ?? []) {
      if (typeOf(attributes.mode) === DIRECTORY) count(handle);
      else names.set(handle, (names.get(handle) ?? 0) + 1);
    }
  };
  for (const { handle, attributes } of files.list(files.limbo) ?? [])
    if (typeOf(attributes.mode) === DIRECTORY) count(handle);
  return names;
}

/** What is in one list and not in the other, as sentences. */
export function imageDifferences(source: readonly string[], replica: readonly string[]): string[] {
  const here = new Set(replica);
  const there = new Set(source);
  return [
    ...source.filter((l) => !here.has(l)).map((l) => `source:  ${l}`),
    ...replica.filter((l) => !there.has(l)).map((l) => `replica: ${l}`),
  ].slice(0, 20);
}
