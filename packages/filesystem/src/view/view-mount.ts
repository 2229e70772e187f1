/**
 * A view at a directory. In: a tree, where it is to be seen. Out: the mount, until it is closed. The kernel's questions are looked for in
 * turns of this thread: at once while it asks, ever more seldom while it does not.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import type { RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { mountTable } from '../machine/mount-table.ts';
import { putPath } from '../syscalls/arena.ts';
import { check, EINVAL, ENOENT, kernelResult, libc } from '../syscalls/libc.ts';
import { detachMount } from '../syscalls/mount.ts';
import type { ViewTree } from './tree.ts';
import { ViewServer } from './view-server.ts';

const mountCall: (source: Buffer, target: number, type: string, flags: number, data: string) => number = libc.func(
  'int mount(const uint8_t *, uintptr_t, const char *, unsigned long, const char *)',
);

const TYPE = 'fuse.understudy-view';
const READ_ONLY = 1;
const NO_SETUID = 2;
const NO_DEVICES = 4;
const REQUEST_BYTES = 128 * 1024;
/** Answers in one turn: other work waits so long. */
const AT_ONCE = 64;
const BUSY_TURNS = 200;
const QUIET_MS = [1, 2, 5, 10, 20];

export interface MountedView {
  readonly directory: RawName;
  /** Why it is not there any more by itself; null: it is. */
  readonly ended: string | null;
  close(): void;
}

/** `owner`: what finds it again after this process was killed. Throws FileError. */
export function mountView(tree: ViewTree, directory: RawName, owner: string): MountedView {
  const fd = openSync('/dev/fuse', constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const options = `fd=${fd},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions`;
    const source = Buffer.concat([Buffer.from(owner, 'latin1'), Buffer.of(0)]);
    const flags = READ_ONLY | NO_SETUID | NO_DEVICES;
    const result = mountCall(source, putPath(directory, 'mount'), TYPE, flags, options);
    check(kernelResult(result), 'mount');
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return new View(fd, new ViewServer(tree), directory);
}

/** What views of that owner a killed process left: taken away. Returns where they were. */
export function unmountViews(owner: string): RawName[] {
  const left = mountTable().filter(({ type, source }) => type === TYPE && source === owner);
  for (const { mountPoint } of left) detach(mountPoint);
  return left.map(({ mountPoint }) => mountPoint);
}

function detach(directory: RawName): void {
  const result = detachMount(putPath(directory, 'umount2'));
  // Somebody else has taken it away.
  if (result !== -EINVAL && result !== -ENOENT) check(result, 'umount2');
}

class View implements MountedView {
  readonly directory: RawName;
  readonly #fd: number;
  readonly #server: ViewServer;
  readonly #request = Buffer.alloc(REQUEST_BYTES);
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #quiet = 0;
  #closed = false;
  ended: string | null = null;

  constructor(fd: number, server: ViewServer, directory: RawName) {
    this.#fd = fd;
    this.#server = server;
    this.directory = directory;
    this.#again();
  }

  close(): void {
    if (this.#closed) return;
    try {
      if (this.ended === null) detach(this.directory);
    } finally {
      this.#stop();
    }
  }

  #stop(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    closeSync(this.#fd);
  }

  #again(): void {
    if (this.#quiet < BUSY_TURNS) this.#immediate = setImmediate(() => this.#turn());
    else {
      const pause = QUIET_MS[Math.min(this.#quiet - BUSY_TURNS, QUIET_MS.length - 1)];
      this.#timer = setTimeout(() => this.#turn(), pause);
      this.#timer.unref();
    }
  }

  #turn(): void {
    if (this.#closed) return;
    for (let i = 0; i < AT_ONCE; i += 1) {
      const length = this.#receive();
      if (length === null) {
        this.#quiet += 1;
        break;
      }
      if (length < 0) return;
      this.#quiet = 0;
      this.#send(this.#server.answer(this.#request.subarray(0, length)));
    }
    this.#again();
  }

  /** Null: nothing is asked now. Negative: it is over. */
  #receive(): number | null {
    try {
      return readSync(this.#fd, this.#request);
    } catch (error) {
      const code = codeOf(error);
      // The one who asked has gone.
      if (code === 'EAGAIN' || code === 'EINTR' || code === 'ENOENT') return null;
      this.ended = code === 'ENODEV' ? 'it was unmounted by somebody else' : `the kernel answers ${code}`;
      this.#stop();
      return -1;
    }
  }

  #send(answer: Buffer | null): void {
    if (answer === null) return;
    try {
      writeSync(this.#fd, answer);
    } catch (error) {
      // The one who asked has gone; everything else shows itself at the next question.
      if (codeOf(error) === '') throw error;
    }
  }
}

function codeOf(error: unknown): string {
  if (error instanceof FileError) return error.code;
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
