/** getdents64(2): the names in a directory, parsed in place so that the following calls take their addresses. */
import type { RawName } from '@understudy/base';
import { fixedBuffer } from './arena.ts';
import { check, kernelResult, libc } from './libc.ts';
import { close } from './open.ts';

const getdentsCall: (fd: number, into: number, size: number) => number = libc.func(
  'intptr_t getdents64(int, uintptr_t, size_t)',
);

const BUFFER = 64 * 1024;
const RECORD_LENGTH = 16;
const NAME = 19;

/** A cursor over a directory. Owns the descriptor it is given. */
export class DirectoryCursor {
  readonly fd: number;
  readonly #memory = fixedBuffer(BUFFER);
  #at = 0;
  #end = 0;
  #next = 0;
  #nameLength = 0;
  #closed = false;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Moves to the next name that is neither `.` nor `..`; false at the end. */
  advance(): boolean {
    for (;;) {
      if (this.#next >= this.#end && !this.#fill()) return false;
      this.#at = this.#next;
      this.#next = this.#at + this.#memory.view.getUint16(this.#at + RECORD_LENGTH, true);
      if (this.#measureName()) return true;
    }
  }

  /** Stays on the current name: the next `advance` gives it again. */
  stay(): void {
    this.#next = this.#at;
  }

  #fill(): boolean {
    const length = check(kernelResult(getdentsCall(this.fd, this.#memory.address, BUFFER)), 'getdents64');
    this.#next = 0;
    this.#end = length;
    return length > 0;
  }

  /** False for the two entries that are no children. */
  #measureName(): boolean {
    const { bytes } = this.#memory;
    const start = this.#at + NAME;
    let end = start;
    while (bytes[end] !== 0) end += 1;
    this.#nameLength = end - start;
    if (this.#nameLength > 2 || bytes[start] !== 46) return true;
    return this.#nameLength === 2 && bytes[start + 1] !== 46;
  }

  get nameAddress(): number {
    return this.#memory.address + this.#at + NAME;
  }

  /** Inode number as the directory has it. */
  get inode(): bigint {
    return this.#memory.view.getBigUint64(this.#at, true);
  }

  takeName(): RawName {
    const start = this.#at + NAME;
    return this.#memory.bytes.toString('latin1', start, start + this.#nameLength) as RawName;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.fd);
  }
}
