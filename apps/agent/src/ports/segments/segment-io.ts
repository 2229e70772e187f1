/** What the segment store asks of the disk, as one object, so that a test can have a bad disk. Everything throws or rejects errno errors. */
import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  openSync,
  statfsSync,
  writevSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { preallocate } from '@understudy/filesystem';

export interface SegmentIo {
  /** As writev at a position; it may take fewer bytes than there are. */
  write(fd: number, parts: readonly Uint8Array[], at: number): number;
  /** Reserves room; false where the file system cannot. */
  allocate(fd: number, bytes: number): boolean;
  sync(fd: number): Promise<void>;
  syncNow(fd: number): void;
  /** Makes names that were made or removed in the folder durable. */
  syncFolder(folder: string): Promise<void>;
  syncFolderNow(folder: string): void;
  /** Bytes that may still be used on the file system of the folder, and how large it is. */
  space(folder: string): { readonly free: number; readonly size: number };
}

const later = (start: (done: (error: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => start((error) => (error === null ? resolve() : reject(error))));

async function syncFolder(folder: string): Promise<void> {
  const fd = openSync(folder, 'r');
  try {
    await later((done) => fsync(fd, done));
  } finally {
    close(fd, () => {});
  }
}

function syncFolderNow(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export const diskIo: SegmentIo = {
  write: (fd, parts, at) => writevSync(fd, parts as Uint8Array[], at),
  allocate: preallocate,
  sync: (fd) => later((done) => fdatasync(fd, done)),
  syncNow: fdatasyncSync,
  syncFolder,
  syncFolderNow: (folder) => {
    syncFolderNow(folder);
    syncFolderNow(dirname(folder));
  },
  space: (folder) => {
    const { bavail, bsize, blocks } = statfsSync(folder);
    return { free: bavail * bsize, size: blocks * bsize };
  },
};
