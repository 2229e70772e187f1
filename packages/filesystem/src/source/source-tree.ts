/**
 * source: one protected root, read by node. In: a path, or a directory descriptor that lies beneath an interceptor's mount.
 * Out: the engine's SourceFiles. Promised: a rename never loses the way, reading leaves no trace (access times stay), and a file
 * that is gone is null, never another file.
 */
import { brand, type RawName, rawToBytes } from '@understudy/base';
import {
  FileError,
  type SourceDirectory,
  type SourceEntry,
  type SourceFile,
  type SourceFiles,
} from '@understudy/engine';
import type { Attributes, NodeId, Xattr } from '@understudy/wire';
import { putName } from '../syscalls/arena.ts';
import { descriptorToHandle } from '../syscalls/handle.ts';
import { ENOENT, ENOTDIR, EPERM, ESTALE, failure } from '../syscalls/libc.ts';
import { lookUp } from '../syscalls/look-up.ts';
import { DescriptorCache } from '../syscalls/lru.ts';
import { NameHints } from '../syscalls/name-hints.ts';
import { readLinkDescriptor, takeLink } from '../syscalls/names.ts';
import { close, O, openByHandle } from '../syscalls/open.ts';
import {
  isDirectory,
  isRegular,
  isSymlink,
  statDescriptor,
  statLinks,
  statMode,
  takeAges,
  takeAttributes,
} from '../syscalls/stat.ts';
import { holdDescriptor, holdRoot, openRootDirectory, type TreeRoot } from '../syscalls/tree-root.ts';
import { readXattrs } from '../syscalls/xattr.ts';
import { createNodeCodec, isNumber, type NodeCodec, putNode, takeNode } from './node-codec.ts';
import { OpenSourceDirectory } from './source-directory.ts';
import { OpenSourceFile } from './source-file.ts';

export type SourceTreeOptions = (
  | { readonly rootPath: RawName }
  /** Stays the caller's; `path` is what people call it. An O_PATH descriptor (open_tree) will do. */
  | { readonly rootFd: number; readonly path: RawName }
) & { readonly codec?: NodeCodec };

const DIRECTORIES_HELD = 64;
class SourceTree implements SourceFiles {
  readonly rootNode: NodeId;
  readonly #root: TreeRoot;
  readonly #path: RawName;
  readonly #codec: NodeCodec | null;
  readonly #directories = new DescriptorCache<NodeId>(DIRECTORIES_HELD);
  readonly #hints = new NameHints<NodeId>();
  readonly #take: () => NodeId;

  constructor(root: TreeRoot, path: RawName, codec: NodeCodec) {
    this.#root = root;
    this.#path = path;
    this.#take = () => takeNode(codec);
    if (descriptorToHandle(root.fd) < 0) throw new FileError('EOPNOTSUPP', 'name_to_handle_at');
    this.#codec = isNumber() ? null : codec;
    this.rootNode = takeNode(codec);
  }

  /** The descriptor, or -1 where the node is gone, or is no directory and one was asked for. Throws FileError for anything else. */
  #open(node: NodeId, flags: number): number {
    const handle = putNode(this.#codec, node);
    let fd = openByHandle(this.#root.fd, handle, flags);
    if (fd === -EPERM && (flags & O.noAtime) !== 0) fd = openByHandle(this.#root.fd, handle, flags & ~O.noAtime);
    if (fd === -ESTALE || fd === -ENOENT || (fd === -ENOTDIR && (flags & O.directory) !== 0)) return -1;
    if (fd < 0) throw failure(fd, 'open_by_handle_at');
    return fd;
  }

  #withPath<T>(node: NodeId, use: (fd: number) => T): T | null {
    const held = this.#directories.get(node);
    if (held >= 0 && statDescriptor(held) === 0 && statLinks() > 0) return use(held);
    // A held directory that has been removed is gone, although its descriptor still answers.
    if (held >= 0) this.#directories.drop(node);
    const fd = this.#open(node, O.path);
    if (fd < 0) return null;
    try {
      return use(fd);
    } finally {
      close(fd);
    }
  }

  /** An O_PATH descriptor that stays open a while. Only for directories: held files would keep their space after deletion. */
  #directory(node: NodeId): number {
    const held = this.#directories.get(node);
    if (held >= 0) return held;
    const fd = this.#open(node, O.path | O.directory);
    if (fd >= 0) this.#directories.put(node, fd);
    return fd;
  }

  stat(node: NodeId): Attributes | null {
    return this.#withPath(node, (fd) => {
      const result = statDescriptor(fd);
      if (result < 0) throw failure(result, 'statx');
      return takeAttributes();
    });
  }

  ages(node: NodeId): { bornMs: number | null; changedMs: number } | null {
    return this.#withPath(node, (fd) => {
      const result = statDescriptor(fd);
      if (result < 0) throw failure(result, 'statx');
      return takeAges();
    });
  }

  entry(parent: NodeId, name: RawName): SourceEntry | null {
    const fd = this.#directory(parent);
    if (fd < 0) return null;
    const found = lookUp(this.#take, fd, putName(name, 'statx'));
    if (found === null) return null;
    if (!isDirectory(found.attributes.mode)) this.#hints.remember(found.identity, parent, name);
    return { name, node: found.identity, attributes: found.attributes };
  }

  openDirectory(node: NodeId): SourceDirectory | null {
    const fd = this.#open(node, O.readOnly | O.directory | O.noAtime);
    return fd < 0 ? null : new OpenSourceDirectory(fd, this.#take);
  }

  readLink(node: NodeId): Uint8Array | null {
    return this.#withPath(node, (fd) => {
      statDescriptor(fd);
      if (!isSymlink(statMode())) throw new FileError('EINVAL', 'readlinkat', 'this is no symbolic link');
      const length = readLinkDescriptor(fd);
      if (length < 0) throw failure(length, 'readlinkat');
      return rawToBytes(takeLink(length));
    });
  }

  xattrs(node: NodeId): Xattr[] | null {
    return this.#withPath(node, readXattrs);
  }

  open(node: NodeId): SourceFile | null {
    // Looked at before it is opened: merely opening some devices does something.
    const regular = this.#withPath(node, (fd) => statDescriptor(fd) === 0 && isRegular(statMode()));
    if (regular === null) return null;
    if (!regular) throw new FileError('EINVAL', 'open_by_handle_at', 'this is no regular file');
    const fd = this.#open(node, O.readOnly | O.nonBlock | O.noAtime);
    return fd < 0 ? null : new OpenSourceFile(fd);
  }

  pathOf(node: NodeId): RawName | null {
    const path = this.#withPath(node, (fd) =>
      this.#hints.path(this.#root.fd, node, fd, (parent) => this.#directory(parent)),
    );
    if (path === null) return null;
    return brand<RawName>(path === '' ? this.#path : `${this.#path === '/' ? '' : this.#path}/${path}`);
  }

  close(): void {
    this.#directories.clear();
    this.#root.close();
  }
}

/** Opens a protected root for reading by node; throws FileError where it is missing or its file system has no file handles. */
export function openSourceTree(options: SourceTreeOptions): SourceFiles {
  const codec = options.codec ?? createNodeCodec();
  if ('rootFd' in options) return new SourceTree(holdDescriptor(options.rootFd, options.path), options.path, codec);
  const root = holdRoot(openRootDirectory(options.rootPath), options.rootPath, true);
  return new SourceTree(root, options.rootPath, codec);
}
