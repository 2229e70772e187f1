/** Says the content of one file, or a range of it: blocks and holes, or checksums to be compared; then settles it. */
import { RecordFlag, Verb } from '@understudy/wire';
import { FileError, type SourceFile } from '../../ports.ts';
import type { EntrySender } from './entry-sender.ts';
import type { ContentTask, MirrorRoot, MirrorWorld } from './mirror.ts';
import type { MirrorProgress } from './progress.ts';

/** Bytes of content a record. */
export const MIRROR_BLOCK = 128 * 1024;
const READ_AHEAD = 4 * 1024 * 1024;

export interface ContentSenderOptions {
  readonly root: MirrorRoot;
  readonly task: ContentTask;
  readonly world: MirrorWorld;
  readonly progress: MirrorProgress;
  readonly entries: EntrySender;
  readonly range?: { readonly offset: number; readonly end: number };
}

export class ContentSender {
  readonly #options: ContentSenderOptions;
  readonly #file: SourceFile | null;
  readonly #buffer = new Uint8Array(MIRROR_BLOCK);
  #offset: number;
  #ahead = 0;
  finished = false;

  constructor(options: ContentSenderOptions) {
    this.#options = options;
    this.#offset = options.range?.offset ?? 0;
    this.#file = this.#open();
    if (this.#file === null) this.finished = true;
  }

  /** Says up to `budget` bytes; returns what it said. */
  step(budget: number): number {
    const file = this.#file;
    if (file === null || this.finished) return 256;
    let said = 256;
    try {
      while (said < budget && !this.finished)
        said += this.#options.task.how === 'check' ? this.#check(file) : this.#send(file);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#unreadable(error);
    }
    return said;
  }

  close(): void {
    this.#file?.close();
    this.finished = true;
  }

  #open(): SourceFile | null {
    const { root, task } = this.#options;
    try {
      return root.files.open(task.node);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#unreadable(error);
      return null;
    }
  }

  #unreadable(error: FileError): void {
    const { world, root, task } = this.#options;
    world.unreadable(root.index, task.node, error.message);
    this.close();
  }

  #send(file: SourceFile): number {
    const { root, task, world, progress, range } = this.#options;
    const data = file.dataAfter(this.#offset);
    const limit = range?.end ?? Number.MAX_SAFE_INTEGER;
    if (data === null || data.start >= limit) return this.#finish(file, Math.min(limit, file.size()));
    if (data.start > this.#offset) this.#hole(data.start);
    this.#readAhead(file, data.end);
    const length = Math.min(MIRROR_BLOCK, data.end - data.start, limit - data.start);
    const read = file.read(data.start, this.#buffer.subarray(0, length));
    if (read === 0) return this.#finish(file, data.start);
    const bytes = this.#buffer.subarray(0, read);
    const { index } = root;
    world.say({ verb: Verb.block, root: index, node: task.node, offset: data.start, extent: read, data: bytes });
    this.#offset = data.start + read;
    progress.bytesSent += read;
    return read;
  }

  #hole(end: number): void {
    const { root, task, world } = this.#options;
    const extent = end - this.#offset;
    const flags = RecordFlag.blockHole;
    world.say({ verb: Verb.block, root: root.index, node: task.node, offset: this.#offset, extent, flags });
    this.#offset = end;
  }

  #check(file: SourceFile): number {
    const { root, task, world, progress } = this.#options;
    this.#readAhead(file, file.size());
    const read = file.read(this.#offset, this.#buffer);
    if (read === 0) return this.#finish(file, this.#offset);
    const data = world.digest.sha256(this.#buffer.subarray(0, read));
    world.say({ verb: Verb.check, root: root.index, node: task.node, offset: this.#offset, extent: read, data });
    this.#offset += read;
    progress.bytesSkipped += read;
    // Reading and hashing cost about what sending does: the budget is of work, not only of bytes on the wire.
    return read;
  }

  #finish(file: SourceFile, end: number): number {
    const { root, task, world, progress, entries, range } = this.#options;
    if (task.how === 'send' && end > this.#offset) this.#hole(end);
    const attributes = root.files.stat(task.node);
    file.close();
    this.finished = true;
    if (attributes === null) return 256;
    // Writing strips security.capability on the target; so does a hole punched.
    entries.xattrs(root, task.node, entries.repair);
    world.say({ verb: Verb.settle, root: root.index, node: task.node, attributes });
    if (range === undefined) progress.filesDone += 1;
    return 512;
  }

  #readAhead(file: SourceFile, end: number): void {
    if (this.#offset < this.#ahead) return;
    const length = Math.min(READ_AHEAD, end - this.#offset);
    file.willNeed(this.#offset + length, READ_AHEAD);
    this.#ahead = this.#offset + length;
  }
}
