/** Says the content of one file, or stretches of it: blocks and holes, or digests to be compared; then settles it. */
import { DIGEST_BYTES, RecordFlag, Verb } from '@understudy/wire';
import { FileError, type SourceFile } from '../../ports.ts';
import type { EntrySender } from './entry-sender.ts';
import type { InFlight } from './in-flight.ts';
import type { MirrorProgress } from './progress.ts';
import type { ContentTask, MirrorRoot, MirrorWorld } from './world.ts';

/** Bytes of content a record. */
export const MIRROR_BLOCK = 128 * 1024;
const READ_AHEAD = 4 * 1024 * 1024;
const WHOLE: readonly number[] = [0, Number.MAX_SAFE_INTEGER];

type Extent = NonNullable<ReturnType<SourceFile['dataAfter']>>;

export interface ContentSenderOptions {
  readonly root: MirrorRoot;
  readonly task: ContentTask;
  readonly world: MirrorWorld;
  readonly progress: MirrorProgress;
  readonly entries: EntrySender;
  readonly inFlight: InFlight;
  /** Bytes that are compared as one. */
  readonly blockSize: number;
  /** Read into; at least MIRROR_BLOCK and a block long. Every sender of a mirror uses the same. */
  readonly buffer: Uint8Array;
}

export class ContentSender {
  readonly #options: ContentSenderOptions;
  readonly #file: SourceFile | null;
  readonly #buffer: Uint8Array;
  readonly #ranges: readonly number[];
  /** Index of the stretch at work. */
  #range = 0;
  #offset: number;
  #ahead = 0;
  /** The stretch of data that was found last. */
  #found: Extent | null = null;
  finished = false;

  constructor(options: ContentSenderOptions) {
    this.#options = options;
    this.#ranges = options.task.ranges ?? WHOLE;
    this.#offset = this.#ranges[0] ?? 0;
    this.#buffer = options.buffer;
    this.#file = this.#open();
    if (this.#file === null) this.#gone();
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
    this.#gone();
    this.close();
  }

  #gone(): void {
    const { root, task, inFlight } = this.#options;
    inFlight.gone(root.index, task.node);
    this.finished = true;
  }

  get #limit(): number {
    return this.#ranges[this.#range + 1] ?? 0;
  }

  #send(file: SourceFile): number {
    const { root, task, world, progress, inFlight } = this.#options;
    const data = this.#dataAfter(file);
    const limit = this.#limit;
    if (data === null || data.start >= limit) return this.#endRange(file, Math.min(limit, file.size()));
    if (data.start > this.#offset) this.#hole(data.start);
    this.#readAhead(file, Math.min(data.end, limit));
    const length = Math.min(MIRROR_BLOCK, data.end - data.start, limit - data.start);
    const read = file.read(data.start, this.#buffer.subarray(0, length));
    if (read === 0) return this.#endRange(file, data.start);
    const bytes = this.#buffer.subarray(0, read);
    const { index } = root;
    world.say({ verb: Verb.block, root: index, node: task.node, offset: data.start, extent: read, data: bytes });
    inFlight.said(read);
    this.#offset = data.start + read;
    progress.bytesSent += read;
    if (this.#offset >= limit) this.#nextRange(file);
    return read;
  }

  /**
   * Looked for once a stretch, not once a block. What becomes a hole meanwhile is read as zeros, and what is cut off ends the reading; the
   * operation that did it follows in the stream.
   */
  #dataAfter(file: SourceFile): Extent | null {
    const { start, end } = this.#found ?? { start: 0, end: 0 };
    if (this.#offset >= start && this.#offset < end) return { start: this.#offset, end };
    this.#found = file.dataAfter(this.#offset);
    return this.#found;
  }

  #hole(end: number): void {
    const { root, task, world } = this.#options;
    const extent = end - this.#offset;
    const flags = RecordFlag.blockHole;
    world.say({ verb: Verb.block, root: root.index, node: task.node, offset: this.#offset, extent, flags });
    this.#offset = end;
  }

  #endRange(file: SourceFile, end: number): number {
    if (this.#options.task.how === 'send' && end > this.#offset) this.#hole(end);
    return this.#nextRange(file);
  }

  #nextRange(file: SourceFile): number {
    this.#range += 2;
    const next = this.#ranges[this.#range];
    if (next === undefined) return this.#finish(file);
    this.#offset = next;
    return 256;
  }

  #check(file: SourceFile): number {
    const { root, task, world, progress, inFlight, blockSize } = this.#options;
    const room = Math.min(this.#buffer.length, this.#limit - this.#offset);
    const bytes = room <= 0 ? null : this.#read(file, room);
    if (bytes === null || bytes.length === 0) return this.#nextRange(file);
    const extent = bytes.length;
    const data = this.#digests(bytes);
    const flags = world.digestName() === 'blake3' ? RecordFlag.blake3 : 0;
    const { index } = root;
    const at = { root: index, node: task.node, offset: this.#offset, extent };
    world.say({ verb: Verb.check, ...at, detail: blockSize, flags, data });
    inFlight.askedSilently(at);
    this.#offset += extent;
    progress.bytesSkipped += extent;
    // Reading and hashing cost about what sending does: the budget is of work, not only of bytes on the wire.
    return extent;
  }

  /** A stretch without data is not read: it is zeros. */
  #read(file: SourceFile, room: number): Uint8Array | null {
    const data = this.#dataAfter(file);
    const next = data?.start ?? file.size();
    if (next >= this.#offset + room || (data === null && next > this.#offset)) {
      const bytes = this.#buffer.subarray(0, Math.min(room, next - this.#offset));
      return bytes.fill(0);
    }
    this.#readAhead(file, file.size());
    const read = file.read(this.#offset, this.#buffer.subarray(0, room));
    return this.#buffer.subarray(0, read);
  }

  #digests(bytes: Uint8Array): Uint8Array {
    const { world, blockSize } = this.#options;
    const digests = new Uint8Array(Math.ceil(bytes.length / blockSize) * DIGEST_BYTES);
    for (let at = 0, to = 0; at < bytes.length; at += blockSize, to += DIGEST_BYTES)
      digests.set(world.hash(bytes.subarray(at, at + blockSize)), to);
    return digests;
  }

  #finish(file: SourceFile): number {
    const { root, task, progress, entries, inFlight } = this.#options;
    const attributes = root.files.stat(task.node);
    file.close();
    this.finished = true;
    if (attributes === null) {
      inFlight.gone(root.index, task.node);
      return 256;
    }
    // Writing strips security.capability on the target; so does a hole punched.
    entries.settle(root, task.node, { ...attributes, size: this.#settledSize(attributes.size) });
    inFlight.finishing(root.index, task.node, task.pieces);
    if (task.counts) progress.filesDone += 1;
    return 512;
  }

  /**
   * A file that grew between the look at its end and this one is settled with the end that was said: between that and what was written
   * beyond it the target would keep what it had. The operation that made it grow follows in the stream.
   */
  #settledSize(size: number): number {
    const limit = this.#ranges[this.#ranges.length - 1] ?? 0;
    return limit > this.#offset ? Math.min(size, this.#offset) : size;
  }

  #readAhead(file: SourceFile, end: number): void {
    if (this.#offset < this.#ahead) return;
    const length = Math.min(READ_AHEAD, end - this.#offset);
    if (length <= 0) return;
    file.willNeed(this.#offset + length, READ_AHEAD);
    this.#ahead = this.#offset + length;
  }
}
