/**
 * A tree as one list of lines: equal lists are equal trees. In: a source's or a replica's files. Out: a line a name, in order.
 * Left out: ctime, which cannot be set, atime, which reading moves, and a directory's size and link count, which are its file system's.
 */
import { createHash } from 'node:crypto';
import { type RawName, rawToText } from '@understudy/base';
import type { Handle, ReplicaFiles, Scope, SourceFiles } from '@understudy/engine';
import type { Attributes, NodeId, Xattr } from '@understudy/wire';

const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;
export const typeOf = (mode: number): number => mode & TYPE_MASK;

const hash = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('base64').slice(0, 12);

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

interface Facts {
  readonly attributes: Attributes;
  readonly xattrs: readonly Xattr[];
  readonly content: string;
  /** First path under which the same file was seen, for hard links. */
  readonly first: string;
  /** Whether the link count is the set's own affair: names outside it count, too. */
  readonly links: boolean;
}

function line(path: string, { attributes: a, xattrs, content, first, links }: Facts): string {
  const isDirectory = typeOf(a.mode) === DIRECTORY;
  const own = isDirectory ? '' : ` size ${a.size}${links ? ` links ${a.nlink}` : ''} as ${first}`;
  const extended = xattrs.map(([name, value]) => `${name}=${hash(value)}`).sort();
  const stem = `${path} ${a.mode.toString(8)} ${a.uid}:${a.gid} ${a.rdev} ${a.mtimeSec}.${a.mtimeNsec}${own}`;
  return `${stem} ${content} ${extended.join(',')}`;
}

const byName = (a: { readonly name: RawName }, b: { readonly name: RawName }) => (a.name < b.name ? -1 : 1);

/** Only what the scope protects; `rootPath` is what the scope's paths begin with. */
export function sourceImage(
  files: SourceFiles,
  root: { readonly scope: Scope; readonly path: string },
  contents: ContentHashes,
): string[] {
  const lines: string[] = [];
  const seen = new Map<NodeId, string>();
  const visit = (node: NodeId, attributes: Attributes, path: string): void => {
    const type = typeOf(attributes.mode);
    if (!seen.has(node)) seen.set(node, path);
    const content =
      type === REGULAR
        ? contents.of(files, node, attributes.size)
        : type === SYMLINK
          ? hash(files.readLink(node) ?? new Uint8Array())
          : '';
    const first = seen.get(node) ?? path;
    lines.push(line(path, { attributes, xattrs: files.xattrs(node) ?? [], content, first, links: root.scope.whole }));
    if (type !== DIRECTORY) return;
    const reader = files.openDirectory(node);
    const entries = reader?.next(100_000) ?? [];
    reader?.close();
    for (const entry of [...entries].sort(byName)) {
      const beneath = `${path}/${rawToText(entry.name)}`;
      const isDirectory = typeOf(entry.attributes.mode) === DIRECTORY;
      if (root.scope.decide(`${root.path}${beneath}`, isDirectory) !== 'outside')
        visit(entry.node, entry.attributes, beneath);
    }
  };
  const top = files.stat(files.rootNode);
  if (top !== null) visit(files.rootNode, top, '');
  return lines;
}

export function replicaImage(
  files: ReplicaFiles,
  links: boolean,
  isOrphan: (path: string, mtimeSec: number) => boolean,
): string[] {
  const lines: string[] = [];
  const seen = new Map<Handle, string>();
  const visit = (handle: Handle, attributes: Attributes, path: string): void => {
    const type = typeOf(attributes.mode);
    if (!seen.has(handle)) seen.set(handle, path);
    const content =
      type === REGULAR
        ? hash(files.read(handle, 0, attributes.size) ?? new Uint8Array())
        : type === SYMLINK
          ? hash(files.readLink(handle) ?? new Uint8Array())
          : '';
    const first = seen.get(handle) ?? path;
    lines.push(line(path, { attributes, xattrs: files.xattrs(handle) ?? [], content, first, links }));
    if (type !== DIRECTORY) return;
    for (const entry of (files.list(handle) ?? []).sort(byName)) {
      const beneath = `${path}/${rawToText(entry.name)}`;
      if (!isOrphan(beneath, entry.attributes.mtimeSec)) visit(entry.handle, entry.attributes, beneath);
    }
  };
  const top = files.attributes(files.root);
  if (top !== null) visit(files.root, top, '');
  return lines;
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
