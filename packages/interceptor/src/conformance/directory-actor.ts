/** The Actor on a real directory: node:fs where it can, system calls where Node has none. */
import fs from 'node:fs';
import { constants } from 'node:os';
import { type RawName, rawToBytes } from '@understudy/base';
import koffi from 'koffi';
import type { Timestamp } from '../memory/node.ts';
import type { Actor } from './actor.ts';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;
const RENAME_EXCHANGE = 2;
const O_TMPFILE = 0o20200000;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MS_SYNC = 4;

const libc = koffi.load(null);
const calls = {
  renameat2: libc.func('int renameat2(int, const void *, int, const void *, uint)'),
  fallocate: libc.func('int fallocate(int, int, int64_t, int64_t)'),
  utimensat: libc.func('int utimensat(int, const void *, const void *, int)'),
  lsetxattr: libc.func('int lsetxattr(const void *, const void *, const void *, size_t, int)'),
  lremovexattr: libc.func('int lremovexattr(const void *, const void *)'),
  mknod: libc.func('int mknod(const void *, uint, uint64_t)'),
  linkat: libc.func('int linkat(int, const void *, int, const void *, int)'),
  mmap: libc.func('uintptr_t mmap(uintptr_t, size_t, int, int, int, int64_t)'),
  msync: libc.func('int msync(uintptr_t, size_t, int)'),
  munmap: libc.func('int munmap(uintptr_t, size_t)'),
  memcpy: libc.func('uintptr_t memcpy(uintptr_t, const void *, size_t)'),
};

function must0(result: number, call: string): void {
  if (result === 0) return;
  const errno = koffi.errno();
  const name = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0];
  throw new Error(`${call}: ${name ?? errno}`);
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`, 'latin1');

function timespecs(...times: Timestamp[]): Buffer {
  const bytes = Buffer.alloc(32);
  for (const [i, time] of times.entries()) {
    bytes.writeBigInt64LE(BigInt(time.sec), i * 16);
    bytes.writeBigInt64LE(BigInt(time.nsec), i * 16 + 8);
  }
  return bytes;
}

function withFile(path: Buffer, flags: number, use: (fd: number) => void): void {
  const fd = fs.openSync(path, flags, 0o600);
  try {
    use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

export function directoryActor(directory: RawName): Actor {
  const at = (path: RawName): Buffer => Buffer.from(rawToBytes(`${directory}/${path}` as RawName));
  const zero = (path: RawName): Buffer => text(`${directory}/${path}`);
  const open = (path: RawName, flags: number, use: (fd: number) => void) => withFile(at(path), flags, use);
  const { O_RDWR, O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = fs.constants;
  return {
    create: (path, mode = 0o644) => {
      open(path, O_WRONLY | O_CREAT | O_EXCL, () => {});
      fs.chmodSync(at(path), mode);
    },
    write: (path, offset, data) =>
      open(path, O_WRONLY, (fd) => {
        fs.writeSync(fd, data, 0, data.length, offset);
      }),
    append: (path, data) =>
      open(path, O_WRONLY | O_APPEND, (fd) => {
        fs.writeSync(fd, data);
      }),
    truncate: (path, size) => fs.truncateSync(at(path), size),
    fallocate: (path, mode, offset, length) =>
      open(path, O_RDWR, (fd) => must0(calls.fallocate(fd, mode, offset, length), 'fallocate')),
    mapStore: (path, offset, data) => open(path, O_RDWR, (fd) => storeThroughMapping(fd, offset, data)),
    mkdir: (path, mode = 0o755) => {
      fs.mkdirSync(at(path));
      fs.chmodSync(at(path), mode);
    },
    rmdir: (path) => fs.rmdirSync(at(path)),
    symlink: (path, target) => fs.symlinkSync(Buffer.from(target), at(path)),
    mknod: (path, mode, rdev) => must0(calls.mknod(zero(path), mode, rdev), 'mknod'),
    link: (path, to) => fs.linkSync(at(path), at(to)),
    unlink: (path) => fs.unlinkSync(at(path)),
    rename: (path, to) => fs.renameSync(at(path), at(to)),
    exchange: (path, to) =>
      must0(calls.renameat2(AT_FDCWD, zero(path), AT_FDCWD, zero(to), RENAME_EXCHANGE), 'renameat2'),
    chmod: (path, mode) => fs.chmodSync(at(path), mode),
    chown: (path, uid, gid) => fs.lchownSync(at(path), uid, gid),
    utimens: (path, atime, mtime) =>
      must0(calls.utimensat(AT_FDCWD, zero(path), timespecs(atime, mtime), AT_SYMLINK_NOFOLLOW), 'utimensat'),
    setXattr: (path, name, value) =>
      must0(calls.lsetxattr(zero(path), text(name), value, value.length, 0), 'lsetxattr'),
    removeXattr: (path, name) => must0(calls.lremovexattr(zero(path), text(name)), 'lremovexattr'),
    tmpfile: (path, data) => {
      const parent = path.slice(0, Math.max(0, path.lastIndexOf('/'))) as RawName;
      withFile(at(parent), O_TMPFILE | O_RDWR, (fd) => {
        fs.writeSync(fd, data);
        const self = text(`/proc/self/fd/${fd}`);
        must0(calls.linkat(AT_FDCWD, self, AT_FDCWD, zero(path), AT_SYMLINK_FOLLOW), 'linkat');
      });
    },
    writeUnlinked: (path, data) =>
      open(path, O_WRONLY | O_APPEND, (fd) => {
        fs.unlinkSync(at(path));
        fs.writeSync(fd, data);
      }),
    identity: () => {
      const found = fs.statSync(Buffer.from(rawToBytes(directory)), { bigint: true });
      return `${found.dev}:${found.ino}`;
    },
  };
}

function storeThroughMapping(fd: number, offset: number, data: Uint8Array): void {
  const length = Number(fs.fstatSync(fd).size);
  const address = calls.mmap(0, length, PROT_READ_WRITE, MAP_SHARED, fd, 0) as number | bigint;
  if (BigInt.asIntN(64, BigInt(address)) === -1n) throw new Error('mmap failed');
  calls.memcpy(BigInt(address) + BigInt(offset), data, data.length);
  must0(calls.msync(address, length, MS_SYNC), 'msync');
  must0(calls.munmap(address, length), 'munmap');
}
