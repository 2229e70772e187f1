/** SourceFiles over a directory of the memory file system. A file that is open stays readable after its last name is gone. */
import type { RawName } from '@understudy/base';
import {
  FileError,
  type SourceDirectory,
  type SourceEntry,
  type SourceFile,
  type SourceFiles,
} from '@understudy/engine';
import type { Attributes, NodeId, Xattr } from '@understudy/wire';
import type { MemoryFileSystem } from './memory-file-system.ts';
import { FileType } from './node.ts';

export class MemorySourceFiles implements SourceFiles {
  readonly rootNode: NodeId;
  readonly #fs: MemoryFileSystem;

  constructor(fs: MemoryFileSystem, rootNode: NodeId) {
    this.#fs = fs;
    this.rootNode = rootNode;
  }

  stat(node: NodeId): Attributes | null {
    return this.#fs.attributes(node);
  }

  ages(node: NodeId): { bornMs: number; changedMs: number } | null {
    return this.#fs.ages(node);
  }

  entry(parent: NodeId, name: RawName): SourceEntry | null {
    const node = this.#fs.lookup(parent, name);
    const attributes = node === null ? null : this.#fs.attributes(node);
    return node === null || attributes === null ? null : { name, node, attributes };
  }

  /** As readdir(3): names are fixed when it is opened, what vanishes meanwhile is left out. */
  openDirectory(node: NodeId): SourceDirectory | null {
    const names = this.#fs.list(node);
    if (names === null) return null;
    let at = 0;
    const next = (max: number): SourceEntry[] => {
      const entries: SourceEntry[] = [];
      while (entries.length < max && at < names.length) {
        const name = names[at]?.name;
        const entry = name === undefined ? null : this.entry(node, name);
        if (entry !== null) entries.push(entry);
        at += 1;
      }
      return entries;
    };
    return { next, takeUnreadable: () => [], close: () => {} };
  }

  readLink(node: NodeId): Uint8Array | null {
    return this.#fs.attributes(node) === null ? null : this.#fs.readLink(node);
  }

  xattrs(node: NodeId): Xattr[] | null {
    return this.#fs.attributes(node) === null ? null : this.#fs.xattrs(node);
  }

  open(node: NodeId): SourceFile | null {
    const attributes = this.#fs.attributes(node);
    if (attributes === null) return null;
    if ((attributes.mode & FileType.mask) !== FileType.regular) throw new FileError('EINVAL', 'open');
    this.#fs.open(node);
    const { content } = this.#fs.node(node, 'open');
    let closed = false;
    return {
      read: (offset, into) => content.read(offset, into),
      dataAfter: (offset) => content.dataAfter(offset),
      size: () => content.size,
      willNeed: () => {},
      close: () => {
        if (!closed) this.#fs.close(node);
        closed = true;
      },
    };
  }

  pathOf(node: NodeId): RawName | null {
    return this.#fs.pathOf(node);
  }

  close(): void {}
}
