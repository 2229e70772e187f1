/** Content of one open file, hole by hole. */
import { assert } from '@understudy/base';
import type { SourceFile } from '@understudy/engine';
import { readAhead, readAt, seekData, seekHole } from '../syscalls/content.ts';
import { check, EINVAL, ENXIO, failure } from '../syscalls/libc.ts';
import { close } from '../syscalls/open.ts';
import { statDescriptor, statSize } from '../syscalls/stat.ts';

export class OpenSourceFile implements SourceFile {
  #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  #open(): number {
    assert(this.#fd >= 0, 'a closed file is read');
    return this.#fd;
  }

  read(offset: number, into: Uint8Array): number {
    const fd = this.#open();
    let done = 0;
    while (done < into.length) {
      const rest = done === 0 ? into : into.subarray(done);
      const count = check(readAt(fd, rest, rest.length, offset + done), 'pread');
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  dataAfter(offset: number): { readonly start: number; readonly end: number } | null {
    const fd = this.#open();
    const start = seekData(fd, offset);
    if (start === -ENXIO) return null;
    if (start === -EINVAL) return this.#withoutHoles(offset);
    if (start < 0) throw failure(start, 'lseek');
    const end = seekHole(fd, start);
    // Truncated in between: what is left is a hole.
    if (end === -ENXIO) return null;
    return { start, end: check(end, 'lseek') };
  }

  /** A file system that knows no holes. */
  #withoutHoles(offset: number): { readonly start: number; readonly end: number } | null {
    const size = this.size();
    return offset < size ? { start: offset, end: size } : null;
  }

  size(): number {
    check(statDescriptor(this.#open()), 'statx');
    return statSize();
  }

  willNeed(offset: number, length: number): void {
    readAhead(this.#open(), offset, length);
  }

  close(): void {
    if (this.#fd >= 0) close(this.#fd);
    this.#fd = -1;
  }
}
