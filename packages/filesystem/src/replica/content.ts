/** Writing, reading and holes on an open regular file. */
import { allocate, FALLOCATE_PUNCH, readAt, truncate, writeAt } from '../syscalls/content.ts';
import { check, EIO, ENOSYS, EOPNOTSUPP } from '../syscalls/libc.ts';
import { statDescriptor, statSize } from '../syscalls/stat.ts';

const ZEROS = new Uint8Array(65536);

/** All of it, or a FileError; what was written before the error stays. */
export function writeFully(fd: number, offset: number, data: Uint8Array): void {
  let done = 0;
  while (done < data.length) {
    const rest = done === 0 ? data : data.subarray(done);
    const count = check(writeAt(fd, rest, rest.length, offset + done), 'pwrite');
    if (count === 0) check(-EIO, 'pwrite', 'nothing was written');
    done += count;
  }
}

export function readFully(fd: number, offset: number, into: Uint8Array): number {
  let done = 0;
  while (done < into.length) {
    const rest = done === 0 ? into : into.subarray(done);
    const count = check(readAt(fd, rest, rest.length, offset + done), 'pread');
    if (count === 0) break;
    done += count;
  }
  return done;
}

export function punchHole(fd: number, offset: number, length: number): void {
  if (length <= 0) return;
  check(statDescriptor(fd), 'statx');
  const size = statSize();
  const inside = Math.min(offset + length, size) - offset;
  if (inside > 0) {
    const result = allocate(fd, FALLOCATE_PUNCH, offset, inside);
    if (result === -EOPNOTSUPP || result === -ENOSYS) writeZeros(fd, offset, inside);
    else check(result, 'fallocate');
  }
  if (offset + length > size) check(truncate(fd, offset + length), 'ftruncate');
}

function writeZeros(fd: number, offset: number, length: number): void {
  for (let done = 0; done < length; done += ZEROS.length)
    writeFully(fd, offset + done, ZEROS.subarray(0, Math.min(ZEROS.length, length - done)));
}
