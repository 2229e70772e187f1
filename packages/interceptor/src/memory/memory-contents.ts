/** Data and attributes of the memory file system: every call that changes a node, but none that changes a name. */
import type { RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { type Attributes, type NodeId, RecordFlag, SetAttribute, Verb, type Xattr } from '@understudy/wire';
import {
  ACCESS_ACL,
  DEFAULT_ACL,
  decodeAcl,
  encodeAcl,
  isModeOnly,
  permissionsOf,
  withPermissions,
} from './access-list.ts';
import { PAGE } from './content.ts';
import { MemoryNodes } from './memory-nodes.ts';
import { FileType, isDirectory, type MemoryNode, type Timestamp, typeOf } from './node.ts';

/** As the kernel's FUSE limit: a longer write comes as several operations. */
export const MAX_WRITE = 1 << 20;

export const FallocateMode = { keepSize: 1, punchHole: 2, collapse: 8, zero: 16, insert: 32 } as const;

export interface WriteOptions {
  /** A store through a memory mapping: cut at the end of the file. */
  readonly mapped?: boolean;
  /** The writer has no CAP_FSETID: setuid and setgid are cleared. */
  readonly unprivileged?: boolean;
}

export class MemoryContents extends MemoryNodes {
  read(node: NodeId, offset: number, into: Uint8Array): number {
    return this.regular(node, 'read').content.read(offset, into);
  }

  readLink(node: NodeId): Uint8Array {
    const found = this.node(node, 'readlink');
    if ((found.mode & FileType.mask) !== FileType.symlink) throw new FileError('EINVAL', 'readlink');
    return found.target;
  }

  xattrs(node: NodeId): Xattr[] {
    return [...this.node(node, 'listxattr').xattrs];
  }

  write(node: NodeId, offset: number, data: Uint8Array, options: WriteOptions = {}): void {
    const found = this.regular(node, 'write');
    const mapped = options.mapped === true;
    const bytes = mapped ? data.subarray(0, Math.max(0, found.content.size - offset)) : data;
    for (let at = 0; at < bytes.length; at += MAX_WRITE) {
      const part = bytes.subarray(at, at + MAX_WRITE);
      found.content.write(offset + at, part);
      const cleared = options.unprivileged === true && clearSetuid(found);
      this.#touch(found);
      this.tell(found, {
        of: found,
        verb: Verb.write,
        flags: (mapped ? RecordFlag.mapped : 0) | (cleared ? RecordFlag.modeChanged : 0),
        offset: offset + at,
        extent: part.length,
        data: part,
      });
    }
  }

  append(node: NodeId, data: Uint8Array): void {
    this.write(node, this.regular(node, 'write').content.size, data);
  }

  /** As copy_file_range(2) through FUSE without that call: what is read is written, and ends where the one file does. */
  copyRange(from: NodeId, fromOffset: number, to: NodeId, offset: number, length: number): void {
    const { content } = this.regular(from, 'copy_file_range');
    this.regular(to, 'copy_file_range');
    if (from === to && Math.abs(fromOffset - offset) < length) throw new FileError('EINVAL', 'copy_file_range');
    const data = new Uint8Array(Math.max(0, Math.min(length, content.size - fromOffset)));
    content.read(fromOffset, data);
    this.write(to, offset, data);
  }

  truncate(node: NodeId, size: number): void {
    const found = this.regular(node, 'truncate');
    if (size < 0) throw new FileError('EINVAL', 'truncate');
    found.content.truncate(size);
    this.#touch(found);
    this.tell(found, { of: found, verb: Verb.truncate, extent: size });
  }

  /** `mode` as fallocate(2): keep size, punch hole, collapse, zero, insert. */
  fallocate(node: NodeId, mode: number, offset: number, length: number): void {
    const found = this.regular(node, 'fallocate');
    if (offset < 0 || length <= 0) throw new FileError('EINVAL', 'fallocate');
    allocateIn(found, mode, offset, length);
    this.#touch(found);
    this.tell(found, { of: found, verb: Verb.fallocate, detail: mode, offset, extent: length });
  }

  chmod(node: NodeId, mode: number): void {
    this.setAttributes(node, SetAttribute.mode, { mode });
  }

  /** Clears setuid and setgid of a regular file, as Linux does for everyone. */
  chown(node: NodeId, uid: number, gid: number): void {
    this.setAttributes(node, SetAttribute.uid | SetAttribute.gid, { uid, gid });
  }

  utimens(node: NodeId, atime: Timestamp, mtime: Timestamp): void {
    this.setAttributes(node, SetAttribute.atime | SetAttribute.mtime, {
      atimeSec: atime.sec,
      atimeNsec: atime.nsec,
      mtimeSec: mtime.sec,
      mtimeNsec: mtime.nsec,
    });
  }

  /** `mask` of SetAttribute bits; what a set bit needs and `values` lacks stays as it is. */
  setAttributes(node: NodeId, mask: number, values: Partial<Attributes>): void {
    const found = this.node(node, 'setattr');
    if ((mask & SetAttribute.mode) !== 0) setMode(found, values.mode ?? found.mode);
    if ((mask & SetAttribute.uid) !== 0) found.uid = values.uid ?? found.uid;
    if ((mask & SetAttribute.gid) !== 0) found.gid = values.gid ?? found.gid;
    const owner = (mask & (SetAttribute.uid | SetAttribute.gid)) !== 0;
    const cleared = owner && (mask & SetAttribute.mode) === 0 && clearSetuid(found);
    if ((mask & SetAttribute.atime) !== 0)
      found.atime = { sec: values.atimeSec ?? found.atime.sec, nsec: values.atimeNsec ?? found.atime.nsec };
    if ((mask & SetAttribute.mtime) !== 0)
      found.mtime = { sec: values.mtimeSec ?? found.mtime.sec, nsec: values.mtimeNsec ?? found.mtime.nsec };
    found.ctime = this.now();
    this.tell(found, { of: found, verb: Verb.setattr, detail: mask, flags: cleared ? RecordFlag.modeChanged : 0 });
  }

  /** An access control list brings the mode along, and one that says no more than a mode is not kept. */
  setXattr(node: NodeId, name: RawName, value: Uint8Array): void {
    const found = this.node(node, 'setxattr');
    const before = found.mode;
    if (name === ACCESS_ACL || name === DEFAULT_ACL) setAcl(found, name, value);
    else found.xattrs.set(name, value.slice());
    found.ctime = this.now();
    const flags = found.mode === before ? 0 : RecordFlag.modeChanged;
    this.tell(found, { of: found, verb: Verb.setxattr, name, data: value, flags });
  }

  removeXattr(node: NodeId, name: RawName): void {
    const found = this.node(node, 'removexattr');
    if (!found.xattrs.delete(name)) throw new FileError('ENODATA', 'removexattr');
    found.ctime = this.now();
    this.tell(found, { of: found, verb: Verb.removexattr, name });
  }

  #touch(node: MemoryNode): void {
    node.mtime = this.now();
    node.ctime = node.mtime;
  }
}

/** The list of a file that has one follows its mode. */
function setMode(node: MemoryNode, mode: number): void {
  node.mode = (node.mode & FileType.mask) | (mode & 0o7777);
  const acl = decodeAcl(node.xattrs.get(ACCESS_ACL) ?? new Uint8Array(0));
  if (acl !== null) node.xattrs.set(ACCESS_ACL, encodeAcl(withPermissions(acl, mode)));
}

function setAcl(node: MemoryNode, name: RawName, value: Uint8Array): void {
  const acl = decodeAcl(value);
  if (typeOf(node) === FileType.symlink) throw new FileError('EOPNOTSUPP', 'setxattr');
  if (name === DEFAULT_ACL && !isDirectory(node)) throw new FileError('EACCES', 'setxattr');
  if (acl === null) throw new FileError('EINVAL', 'setxattr');
  if (name === ACCESS_ACL) node.mode = (node.mode & ~0o777) | permissionsOf(acl);
  if (name === ACCESS_ACL && isModeOnly(acl)) node.xattrs.delete(name);
  else node.xattrs.set(name, value.slice());
}

function clearSetuid(node: MemoryNode): boolean {
  if ((node.mode & FileType.mask) !== FileType.regular) return false;
  const setgid = (node.mode & 0o010) === 0 ? 0 : node.mode & 0o2000;
  const bits = (node.mode & 0o4000) | setgid;
  node.mode &= ~bits;
  return bits !== 0;
}

function allocateIn(node: MemoryNode, mode: number, offset: number, length: number): void {
  const { content } = node;
  const aligned = offset % PAGE === 0 && length % PAGE === 0;
  switch (mode) {
    case FallocateMode.punchHole | FallocateMode.keepSize:
      content.zero(offset, length);
      return;
    case FallocateMode.zero:
    case FallocateMode.zero | FallocateMode.keepSize:
      content.zero(offset, length);
      if ((mode & FallocateMode.keepSize) === 0) content.truncate(Math.max(content.size, offset + length));
      return;
    case 0:
      content.truncate(Math.max(content.size, offset + length));
      return;
    case FallocateMode.keepSize:
      return;
    case FallocateMode.collapse:
      if (!aligned || offset + length >= content.size) throw new FileError('EINVAL', 'fallocate');
      content.collapse(offset, length);
      return;
    case FallocateMode.insert:
      if (!aligned || offset >= content.size) throw new FileError('EINVAL', 'fallocate');
      content.insert(offset, length);
      return;
    default:
      throw new FileError('EOPNOTSUPP', 'fallocate');
  }
}
