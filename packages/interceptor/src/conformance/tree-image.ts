/** A protected tree as plain data, and what differs between two: everything but ctime and a directory's own size. */
import { printable, type RawName, toHex } from '@understudy/base';
import type { SourceFiles } from '@understudy/engine';
import type { Attributes, NodeId, Xattr } from '@understudy/wire';
import { FileType } from '../memory/node.ts';

export interface ImageEntry {
  readonly attributes: Attributes;
  readonly target: string;
  /** Content as text of its stretches: offset and bytes, zeros left out. */
  readonly content: string;
  readonly xattrs: string;
  /** The first path that names the same node: equal link groups have equal ones. */
  readonly sameAs: string;
}

export type TreeImage = ReadonlyMap<string, ImageEntry>;

/** What a tree must show to be imaged; SourceFiles and the reference replay both do. */
export interface Imageable {
  readonly rootNode: NodeId;
  attributes(node: NodeId): Attributes | null;
  list(node: NodeId): readonly { readonly name: RawName; readonly node: NodeId }[];
  target(node: NodeId): Uint8Array;
  xattrs(node: NodeId): readonly Xattr[];
  size(node: NodeId): number;
  read(node: NodeId, offset: number, into: Uint8Array): number;
  dataAfter(node: NodeId, offset: number): { readonly start: number; readonly end: number } | null;
}

export function imageOf(tree: Imageable): TreeImage {
  const image = new Map<string, ImageEntry>();
  const first = new Map<NodeId, string>();
  const visit = (node: NodeId, path: string) => {
    const attributes = tree.attributes(node);
    if (attributes === null) return;
    const type = attributes.mode & FileType.mask;
    if (type !== FileType.directory && !first.has(node)) first.set(node, path);
    image.set(path, {
      attributes,
      target: type === FileType.symlink ? toHex(tree.target(node)) : '',
      content: type === FileType.regular ? contentText(tree, node) : '',
      xattrs: xattrText(tree.xattrs(node)),
      sameAs: first.get(node) ?? path,
    });
    if (type !== FileType.directory) return;
    const names = [...tree.list(node)].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of names) visit(entry.node, `${path}/${entry.name}`);
  };
  visit(tree.rootNode, '');
  return image;
}

export function imageOfSource(files: SourceFiles): TreeImage {
  const withFile = <T>(node: NodeId, use: (file: NonNullable<ReturnType<SourceFiles['open']>>) => T, gone: T): T => {
    const file = files.open(node);
    if (file === null) return gone;
    try {
      return use(file);
    } finally {
      file.close();
    }
  };
  return imageOf({
    rootNode: files.rootNode,
    attributes: (node) => files.stat(node),
    list: (node) => listAll(files, node),
    target: (node) => files.readLink(node) ?? new Uint8Array(0),
    xattrs: (node) => files.xattrs(node) ?? [],
    size: (node) => withFile(node, (file) => file.size(), 0),
    read: (node, offset, into) => withFile(node, (file) => file.read(offset, into), 0),
    dataAfter: (node, offset) => withFile(node, (file) => file.dataAfter(offset), null),
  });
}

export function listAll(files: SourceFiles, node: NodeId): { readonly name: RawName; readonly node: NodeId }[] {
  const directory = files.openDirectory(node);
  if (directory === null) return [];
  const all: { readonly name: RawName; readonly node: NodeId }[] = [];
  for (let part = directory.next(256); part.length > 0; part = directory.next(256)) all.push(...part);
  directory.close();
  return all;
}

/** Sentences, one a difference; empty: equal. `atime` compares access times too: only where reading does not change them. */
export function imageDifferences(
  source: TreeImage,
  replica: TreeImage,
  options: { readonly atime: boolean },
): string[] {
  const found: string[] = [];
  for (const [path, a] of source) {
    const b = replica.get(path);
    const shown = printable(path as RawName);
    if (b === undefined) found.push(`${shown}/: missing in the replay`);
    else for (const what of entryDifferences(a, b, options.atime)) found.push(`${shown}: ${what}`);
  }
  for (const path of replica.keys())
    if (!source.has(path)) found.push(`${printable(path as RawName)}: only in the replay`);
  return found;
}

function entryDifferences(a: ImageEntry, b: ImageEntry, atime: boolean): string[] {
  const directory = (a.attributes.mode & FileType.mask) === FileType.directory;
  const keys: (keyof Attributes)[] = ['mode', 'uid', 'gid', 'rdev', 'mtimeSec', 'mtimeNsec'];
  if (!directory) keys.push('nlink', 'size');
  if (atime) keys.push('atimeSec', 'atimeNsec');
  const found = keys
    .filter((key) => a.attributes[key] !== b.attributes[key])
    .map((key) => `${key} is ${a.attributes[key]}, replayed ${b.attributes[key]}`);
  for (const key of ['target', 'content', 'xattrs', 'sameAs'] as const)
    if (a[key] !== b[key]) found.push(`${key} is ${short(a[key])}, replayed ${short(b[key])}`);
  return found;
}

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}… (${text.length})` : text);

function xattrText(xattrs: readonly Xattr[]): string {
  return xattrs
    .map(([name, value]) => `${name}=${toHex(value)}`)
    .sort()
    .join(';');
}

/** Stretches of zeros are left out, so that a hole and written zeros compare equal: where holes lie is not content. */
function contentText(tree: Imageable, node: NodeId): string {
  const block = 4096;
  const bytes = new Uint8Array(block);
  let text = '';
  for (let at = tree.dataAfter(node, 0); at !== null; at = tree.dataAfter(node, at.end)) {
    for (let offset = at.start - (at.start % block); offset < at.end; offset += block) {
      const got = bytes.subarray(0, tree.read(node, offset, bytes));
      if (got.some((byte) => byte !== 0)) text += `${offset}:${toHex(got).replace(/(00)+$/, '')};`;
    }
  }
  return text;
}
