/**
 * A POSIX-like file system in memory, for the simulation and for tests: deterministic, no Node, time handed in.
 *
 * In: calls by node and name, with the errors of Linux (FileError by errno name).
 * Out: what reads show; and to one interceptor, within each modifying call, the operation with its resulting attributes.
 * Promised: identities carry a generation and are never reused; a call that throws has changed nothing and told nothing.
 */
import type { RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { NO_NODE, type NodeId, RenameFlag, Verb } from '@understudy/wire';
import { MemoryContents } from './memory-contents.ts';
import { creationVerb, type MemoryOwner, parentTimes } from './memory-nodes.ts';
import { FileType, isDirectory, type MemoryNode } from './node.ts';

interface Move {
  readonly node: MemoryNode;
  readonly from: MemoryNode;
  readonly to: MemoryNode;
  readonly victim: MemoryNode | null;
}

export class MemoryFileSystem extends MemoryContents {
  create(parent: NodeId, name: RawName, mode = 0o644, owner: MemoryOwner = {}): NodeId {
    return this.#make(parent, name, FileType.regular | (mode & 0o7777), owner, {});
  }

  mkdir(parent: NodeId, name: RawName, mode = 0o755, owner: MemoryOwner = {}): NodeId {
    return this.#make(parent, name, FileType.directory | (mode & 0o7777), owner, {});
  }

  symlink(parent: NodeId, name: RawName, target: Uint8Array, owner: MemoryOwner = {}): NodeId {
    return this.#make(parent, name, FileType.symlink | 0o777, owner, { target });
  }

  /** FIFO, socket, device: `mode` with its type bits. */
  mknod(parent: NodeId, name: RawName, mode: number, rdev = 0, owner: MemoryOwner = {}): NodeId {
    return this.#make(parent, name, mode, owner, { rdev });
  }

  /** A file without a name, held open: `close` lets it go unless it was linked. */
  tmpfile(parent: NodeId, mode = 0o600, owner: MemoryOwner = {}): NodeId {
    const directory = this.directory(parent, 'tmpfile');
    const node = this.allocate(FileType.regular | (mode & 0o7777), owner, 0, directory);
    node.opens = 1;
    this.tell(directory, { of: node, verb: Verb.tmpfile, parent });
    return node.id;
  }

  link(node: NodeId, parent: NodeId, name: RawName): void {
    const found = this.node(node, 'link');
    const directory = this.directory(parent, 'link');
    if (isDirectory(found)) throw new FileError('EPERM', 'link');
    this.#mustBeFree(directory, name, 'link');
    this.#mustShareBoundary(found, directory, 'link');
    this.#enter(directory, name, found);
    found.nlink += 1;
    found.ctime = directory.mtime;
    this.tell(directory, { of: found, verb: Verb.link, name, ...parentTimes(directory) });
  }

  unlink(parent: NodeId, name: RawName): void {
    const directory = this.directory(parent, 'unlink');
    const victim = this.#entry(directory, name, 'unlink');
    if (isDirectory(victim)) throw new FileError('EISDIR', 'unlink');
    this.#leave(directory, name);
    victim.nlink -= 1;
    victim.ctime = directory.mtime;
    this.#tellGone(directory, name, victim, Verb.unlink);
  }

  rmdir(parent: NodeId, name: RawName): void {
    const directory = this.directory(parent, 'rmdir');
    const victim = this.#entry(directory, name, 'rmdir');
    this.#mustBeRemovable(victim, 'rmdir');
    this.#leave(directory, name);
    directory.nlink -= 1;
    victim.nlink = 0;
    this.#tellGone(directory, name, victim, Verb.rmdir);
  }

  /** `flags` of RenameFlag. Two names of one file: nothing happens, as POSIX says. */
  rename(fromParent: NodeId, fromName: RawName, toParent: NodeId, toName: RawName, flags = 0): void {
    const from = this.directory(fromParent, 'rename');
    const to = this.directory(toParent, 'rename');
    const node = this.#entry(from, fromName, 'rename');
    const victim = to.entries.get(toName) ?? null;
    mustBeName(toName, 'rename');
    this.#checkRename({ node, from, to, victim }, flags);
    this.#mustShareBoundary(from, to, 'rename');
    if (victim === node) return;
    const exchange = (flags & RenameFlag.exchange) !== 0;
    this.#leave(from, fromName);
    if (exchange && victim !== null) this.#enter(from, fromName, victim);
    else if (victim !== null) this.#loseName(to, victim);
    this.#enter(to, toName, node);
    this.#countSubdirectories(from, to, node, exchange ? victim : null);
    node.ctime = to.mtime;
    const parent2 = parentTimes(to);
    this.tell(to, {
      of: node,
      verb: Verb.rename,
      name: fromName,
      name2: toName,
      ...parentTimes(from),
      parent2: to.id,
      parent2MtimeSec: parent2.parentMtimeSec,
      parent2MtimeNsec: parent2.parentMtimeNsec,
      victim: victim?.id ?? NO_NODE,
      victimNlink: victim?.nlink ?? 0,
      detail: flags,
    });
    if (victim !== null) this.dropIfUnused(victim);
  }

  #make(
    parent: NodeId,
    name: RawName,
    mode: number,
    owner: MemoryOwner,
    extra: { readonly target?: Uint8Array; readonly rdev?: number },
  ): NodeId {
    const directory = this.directory(parent, 'create');
    this.#mustBeFree(directory, name, 'create');
    const node = this.allocate(mode, owner, extra.rdev ?? 0, directory);
    node.target = extra.target?.slice() ?? node.target;
    node.nlink = isDirectory(node) ? 2 : 1;
    if (isDirectory(node)) directory.nlink += 1;
    this.#enter(directory, name, node);
    this.tell(directory, { of: node, verb: creationVerb(mode), name, data: node.target, ...parentTimes(directory) });
    return node.id;
  }

  #tellGone(directory: MemoryNode, name: RawName, victim: MemoryNode, verb: Verb): void {
    this.tell(directory, {
      of: victim,
      verb,
      name,
      victim: victim.id,
      victimNlink: victim.nlink,
      ...parentTimes(directory),
    });
    this.dropIfUnused(victim);
  }

  #enter(directory: MemoryNode, name: RawName, node: MemoryNode): void {
    directory.entries.set(name, node);
    node.home = directory;
    this.#touchDirectory(directory);
  }

  #leave(directory: MemoryNode, name: RawName): void {
    directory.entries.delete(name);
    this.#touchDirectory(directory);
  }

  #loseName(parent: MemoryNode, victim: MemoryNode): void {
    if (isDirectory(victim)) parent.nlink -= 1;
    victim.nlink = isDirectory(victim) ? 0 : victim.nlink - 1;
    victim.ctime = this.now();
  }

  #countSubdirectories(from: MemoryNode, to: MemoryNode, node: MemoryNode, exchanged: MemoryNode | null): void {
    const moves = (isDirectory(node) ? 1 : 0) - (exchanged !== null && isDirectory(exchanged) ? 1 : 0);
    from.nlink -= moves;
    to.nlink += moves;
  }

  #touchDirectory(directory: MemoryNode): void {
    directory.mtime = this.now();
    directory.ctime = directory.mtime;
  }

  #entry(directory: MemoryNode, name: RawName, call: string): MemoryNode {
    const found = directory.entries.get(name);
    if (found === undefined) throw new FileError('ENOENT', call);
    return found;
  }

  #mustBeFree(directory: MemoryNode, name: RawName, call: string): void {
    mustBeName(name, call);
    if (directory.entries.has(name)) throw new FileError('EEXIST', call);
    // A removed directory may still be open; nothing can be made in it.
    if (directory.nlink === 0) throw new FileError('ENOENT', call);
  }

  #mustShareBoundary(a: MemoryNode, b: MemoryNode, call: string): void {
    if (this.boundaryOf(a.id) !== this.boundaryOf(b.id)) throw new FileError('EXDEV', call);
  }

  #mustBeRemovable(directory: MemoryNode, call: string): void {
    if (!isDirectory(directory)) throw new FileError('ENOTDIR', call);
    if (this.boundaryOf(directory.id) === directory.id) throw new FileError('EBUSY', call);
    if (directory.entries.size > 0) throw new FileError('ENOTEMPTY', call);
  }

  #checkRename({ node, from, to, victim }: Move, flags: number): void {
    const exchange = (flags & RenameFlag.exchange) !== 0;
    if (exchange && (flags & RenameFlag.noReplace) !== 0) throw new FileError('EINVAL', 'rename');
    if ((flags & ~(RenameFlag.exchange | RenameFlag.noReplace)) !== 0) throw new FileError('EINVAL', 'rename');
    if (exchange && victim === null) throw new FileError('ENOENT', 'rename');
    if ((flags & RenameFlag.noReplace) !== 0 && victim !== null) throw new FileError('EEXIST', 'rename');
    for (const moved of exchange ? [node, victim] : [node])
      if (moved !== null && isDirectory(moved) && this.boundaryOf(moved.id) === moved.id)
        throw new FileError('EBUSY', 'rename');
    if (this.#isWithin(to, node)) throw new FileError('EINVAL', 'rename');
    if (victim === null || victim === node) {
      if (to.nlink === 0) throw new FileError('ENOENT', 'rename');
      return;
    }
    this.#checkVictim({ node, from, to, victim }, victim, exchange);
  }

  #checkVictim({ node, from, to }: Move, victim: MemoryNode, exchange: boolean): void {
    if (exchange) {
      if (isDirectory(victim) && this.#isWithin(from, victim)) throw new FileError('EINVAL', 'rename');
      return;
    }
    if (isDirectory(node)) this.#mustBeRemovable(victim, 'rename');
    else if (isDirectory(victim)) throw new FileError('EISDIR', 'rename');
    if (this.#isWithin(to, victim)) throw new FileError('ENOTEMPTY', 'rename');
  }

  /** `inner` is `outer` or lies beneath it. */
  #isWithin(inner: MemoryNode, outer: MemoryNode): boolean {
    let at: MemoryNode | null = inner;
    while (at !== null && at !== outer) at = at.home;
    return at === outer;
  }
}

function mustBeName(name: RawName, call: string): void {
  if (name.length > 255) throw new FileError('ENAMETOOLONG', call);
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    throw new FileError('EINVAL', call);
}
