/**
 * A coat on a replica's files: what the target or the job forbids to be made there fails by name, as if the file system refused it, and
 * everything else passes. So the operation is answered as refused, and its path is listed like any other that cannot be brought over.
 */
import type { RawName } from '@understudy/base';
import type { Attributes } from '@understudy/wire';
import { FileError, type Handle, type ReplicaFiles } from '../../../ports.ts';
import { isDirectory, kindOf } from './replica-root.ts';

export interface Forbidden {
  /** Nodes of character and block devices. */
  readonly devices: boolean;
  /** What gives its runner other rights: setuid and setgid of files, file capabilities. A directory's setgid is inheritance and stays. */
  readonly setuid: boolean;
}

const DEVICES: readonly number[] = [0o020000, 0o060000];
const SETUID_SETGID = 0o6000;
const CAPABILITY = 'security.capability' as RawName;
/** Files whose content was allowed to change lately. */
const MOST_KNOWN = 1024;

const device = (): FileError => new FileError('EPERM', 'mknod', 'device nodes are refused in this replica');
const setuid = (call: string): FileError =>
  new FileError('EPERM', call, 'setuid, setgid and file capabilities are refused in this replica');

const hasSetuid = (attributes: Pick<Attributes, 'mode'>): boolean =>
  (attributes.mode & SETUID_SETGID) !== 0 && !isDirectory(attributes);

export function forbiddingFiles(files: ReplicaFiles, forbidden: Forbidden): ReplicaFiles {
  if (!forbidden.devices && !forbidden.setuid) return files;
  const changed: Partial<ReplicaFiles> = {
    makeNode(parent, name, attributes) {
      if (forbidden.devices && DEVICES.includes(kindOf(attributes))) throw device();
      if (forbidden.setuid && hasSetuid(attributes)) throw setuid('mknod');
      return files.makeNode(parent, name, attributes);
    },
    ...(forbidden.setuid ? withoutSetuid(files) : {}),
  };
  const passed = new Map<PropertyKey, unknown>();
  return new Proxy(files, {
    get(target, key) {
      const instead = Reflect.get(changed, key) ?? passed.get(key);
      if (instead !== undefined) return instead;
      const value = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const bound = value.bind(target);
      passed.set(key, bound);
      return bound;
    },
  });
}

function withoutSetuid(files: ReplicaFiles): Partial<ReplicaFiles> {
  const known = new Set<Handle>();
  /** A file that had the bits before it came under the source's hand must not get content from there. */
  const demandPlain = (call: string, handle: Handle): void => {
    if (known.has(handle)) return;
    const now = files.attributes(handle);
    if (now !== null && hasSetuid(now)) throw setuid(call);
    if (known.size >= MOST_KNOWN) known.clear();
    known.add(handle);
  };
  return {
    createFile(parent, name, attributes) {
      if (hasSetuid(attributes)) throw setuid('openat');
      return files.createFile(parent, name, attributes);
    },
    setMode(handle, mode) {
      const now = (mode & SETUID_SETGID) === 0 ? null : files.attributes(handle);
      if (now !== null && !isDirectory(now)) throw setuid('fchmod');
      files.setMode(handle, mode);
    },
    setXattr(handle, name, value) {
      if (name === CAPABILITY) throw setuid('setxattr');
      files.setXattr(handle, name, value);
    },
    write(handle, offset, data) {
      demandPlain('pwrite', handle);
      files.write(handle, offset, data);
    },
    truncate(handle, size) {
      demandPlain('ftruncate', handle);
      files.truncate(handle, size);
    },
    allocate(handle, mode, offset, length) {
      demandPlain('fallocate', handle);
      files.allocate(handle, mode, offset, length);
    },
    punch(handle, offset, length) {
      demandPlain('fallocate', handle);
      files.punch(handle, offset, length);
    },
  };
}
