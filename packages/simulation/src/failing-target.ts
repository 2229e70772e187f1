/**
 * What a target reads and keeps on a disk that fails there as well. In: a replica, a disk. Out: the same replica whose reads fail with it,
 * a journal of what is received that takes nothing for a while. What the checkers read they read of the replica itself.
 */
import { MemoryReceivedJournal, type MemoryReplica } from '@understudy/engine/testing';
import type { BadDisk } from './bad-disk.ts';

/** Calls of ReplicaFiles, by what fails beneath them. */
const READS: Readonly<Record<string, string>> = {
  read: 'pread',
  xattrs: 'listxattr',
  list: 'getdents64',
  entries: 'getdents64',
};

export function readFrom(replica: MemoryReplica, disk: BadDisk): MemoryReplica {
  if (!disk.failsReads) return replica;
  return new Proxy(replica, {
    get: (files, key) => {
      const value: unknown = Reflect.get(files, key, files);
      if (typeof value !== 'function') return value;
      const call = typeof key === 'string' ? READS[key] : undefined;
      return (...of: unknown[]): unknown => {
        if (call !== undefined && !canBeRead(disk, call)) return [];
        return Reflect.apply(value, files, of);
      };
    },
    set: (files, key, value) => Reflect.set(files, key, value, files),
  });
}

/** Throws where it cannot, unless that is hidden. */
function canBeRead(disk: BadDisk, call: string): boolean {
  try {
    disk.beforeRead(call);
    return true;
  } catch (error) {
    if (disk.hidesUnreadable && call === 'getdents64') return false;
    throw error;
  }
}

export class FailingReceivedJournal extends MemoryReceivedJournal {
  readonly #disk: BadDisk;

  constructor(disk: BadDisk, limitBytes?: number) {
    super(limitBytes);
    this.#disk = disk;
  }

  override noRoom(): string | null {
    return this.#disk.takesNothing() ? 'its disk is full' : super.noRoom();
  }
}
