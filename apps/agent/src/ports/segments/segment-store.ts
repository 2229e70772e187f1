/**
 * A queue on disk: an append-only run of numbered entries in segment files of a folder.
 *
 * In: entries (a small head, a body), the number up to which they are not needed any more. Out: the same entries, also by a later process;
 * what is durable, by callback; damage, by name. Promises: an entry is there, for this process and its successor, when `append` has
 * returned, and on the disk once `durable` has passed it; a disk that is full or bad is an answer, never an exception and never a loss of
 * what was kept; whole files are deleted when nothing in them is needed.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '@understudy/base';
import { errnoOf, messageOf } from '../../home/start-error.ts';
import { distrustedFrom, forgetDistrust, noteDistrust } from './distrust.ts';
import { GroupCommit } from './group-commit.ts';
import { openSegments, SEGMENT_NAME, type SegmentLoss } from './open-segments.ts';
import { SegmentDamage, SegmentFile } from './segment-file.ts';
import { entryLength, FILE_HEADER, MAX_ENTRY } from './segment-format.ts';
import { diskIo, type SegmentIo } from './segment-io.ts';

export interface SegmentLimits {
  /** Of all segments together; up to 1 it is a share of the file system that holds them, null is a tenth of it. */
  readonly diskBytes: number | null;
  /** Stays free on that file system. */
  readonly minFreeBytes: number;
  /** Share of `diskBytes` from which `alert` is called. */
  readonly alertShare: number;
}

export const DEFAULT_SEGMENT_LIMITS: SegmentLimits = { diskBytes: 0.1, minFreeBytes: 1024 ** 3, alertShare: 0.5 };

export interface SegmentStoreOptions {
  readonly folder: string;
  readonly limits?: Partial<SegmentLimits>;
  /** Of one file; an entry that is larger gets a file of its own. */
  readonly segmentBytes?: number;
  readonly commitPauseMs?: number;
  /** Entries below `next` are on the disk. */
  readonly durable?: (next: number) => void;
  /** The share was passed, upwards (true) or downwards (false). */
  readonly alert?: (over: boolean, usedBytes: number, limitBytes: number) => void;
  /** The disk refused to make entries durable; nothing more is taken. This process may still read those from `durable` on, the next one will not. */
  readonly failed?: (sentence: string) => void;
  readonly io?: SegmentIo;
}

/** `full`: a limit, the disk's or ours, and it may pass; `failed`: the disk refuses. */
export type AppendResult =
  | { readonly ok: true; readonly entry: number }
  | { readonly ok: false; readonly fault: 'full' | 'failed'; readonly sentence: string };

const SEGMENT_BYTES = 16 * 1024 * 1024;
/** A small disk limit is used up in steps of this share. */
const LEAST_SEGMENTS = 8;
const TENTH = 0.1;

export class SegmentStore {
  readonly #folder: string;
  readonly #io: SegmentIo;
  readonly #options: SegmentStoreOptions;
  readonly #limits: SegmentLimits;
  readonly #limitBytes: number;
  readonly #commit: GroupCommit;
  #segments: SegmentFile[];
  readonly #unsynced = new Set<SegmentFile>();
  #folderChanged = false;
  #oldest: number;
  #next: number;
  #durable: number;
  #number: number;
  #bytes: number;
  #over = false;
  #broken: string | null = null;
  #closed = false;
  #reading: SegmentFile | null = null;
  #syncing = false;
  readonly #doomed: SegmentFile[] = [];

  private constructor(options: SegmentStoreOptions, io: SegmentIo, found: ReturnType<typeof openSegments>) {
    this.#options = options;
    this.#folder = options.folder;
    this.#io = io;
    this.#limits = { ...DEFAULT_SEGMENT_LIMITS, ...options.limits };
    const diskBytes = this.#limits.diskBytes ?? TENTH;
    this.#limitBytes = diskBytes > 1 ? diskBytes : Math.floor(io.space(options.folder).size * diskBytes);
    this.#segments = [...found.segments];
    this.#oldest = found.oldest;
    this.#next = found.next;
    this.#durable = found.next;
    this.#number = found.number;
    this.#bytes = found.segments.reduce((sum, segment) => sum + segment.size, 0);
    this.#commit = new GroupCommit({
      sync: () => this.#sync(),
      done: () => this.#options.durable?.(this.#durable),
      failed: (error) => this.#fail(error),
      pauseMs: options.commitPauseMs ?? 0,
    });
  }

  /** Throws errno errors where the folder cannot be read at all. What is found is made durable before this returns. */
  static open(options: SegmentStoreOptions): { readonly store: SegmentStore; readonly damage: readonly SegmentLoss[] } {
    const io = options.io ?? diskIo;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    const found = openSegments(options.folder, io);
    const store = new SegmentStore(options, io, found);
    const trusted = distrustedFrom(options.folder);
    if (trusted === null) return { store, damage: found.losses };
    store.cut(trusted);
    forgetDistrust(options.folder);
    return { store, damage: found.losses.filter((loss) => loss.first < trusted) };
  }

  /** Number of the oldest entry; equal to `next` where there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  get next(): number {
    return this.#next;
  }

  /** Entries below are on the disk. */
  get durable(): number {
    return this.#durable;
  }

  /** That the files take. */
  get bytes(): number {
    return this.#bytes;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  append(head: Uint8Array, body: Uint8Array): AppendResult {
    if (this.#broken !== null) return { ok: false, fault: 'failed', sentence: this.#broken };
    if (head.length + body.length > MAX_ENTRY)
      return {
        ok: false,
        fault: 'failed',
        sentence: `an entry of ${head.length + body.length} bytes is over ${MAX_ENTRY}`,
      };
    try {
      const segment = this.#roomFor(head, body);
      if (typeof segment === 'string') return { ok: false, fault: 'full', sentence: segment };
      const before = segment.size;
      segment.append(head, body);
      this.#bytes += segment.size - before;
      this.#unsynced.add(segment);
    } catch (error) {
      return { ok: false, ...this.#refusal(error) };
    }
    const entry = this.#next;
    this.#next += 1;
    this.#commit.request();
    return { ok: true, entry };
  }

  /** Throws SegmentDamage where it is not there, or not as it was written. */
  read(entry: number): { readonly head: Buffer; readonly body: Buffer } {
    const segment = this.#segmentOf(entry);
    if (segment !== this.#reading && this.#reading !== null && this.#reading !== this.#segments.at(-1))
      this.#reading.forgetOffsets();
    this.#reading = segment;
    try {
      return segment.read(entry);
    } catch (error) {
      if (error instanceof SegmentDamage) throw error;
      throw new SegmentDamage(`entry ${entry} cannot be read back from ${segment.path}: ${messageOf(error)}`);
    }
  }

  head(entry: number): Buffer {
    return this.read(entry).head;
  }

  body(entry: number): Buffer {
    return this.read(entry).body;
  }

  /** Entries up to this one are not needed any more. After a restart those of a file that was not deleted are seen again. Never throws. */
  free(through: number): void {
    this.#oldest = Math.max(this.#oldest, Math.min(through + 1, this.#next));
    let count = 0;
    while (count + 1 < this.#segments.length && (this.#segments[count + 1]?.first ?? 0) <= this.#oldest) count += 1;
    this.#remove(this.#segments.splice(0, count));
  }

  /** Entries from here on are forgotten for good; the next gets this number. */
  cut(from: number): void {
    if (from >= this.#next) return;
    this.#next = Math.max(from, this.#oldest);
    this.#durable = Math.min(this.#durable, this.#next);
    const kept = this.#segments.filter((segment) => segment.first < this.#next);
    this.#remove(this.#segments.filter((segment) => segment.first >= this.#next));
    this.#segments = kept;
    // The file that holds some of them is not written to again: what comes begins a new one.
    const last = kept.at(-1);
    if (last !== undefined && last.next > this.#next) this.#shorten(last, this.#next);
  }

  /** Nothing is needed any more; numbers go on. Never throws. */
  clear(): void {
    this.#oldest = this.#next;
    this.#durable = this.#next;
    this.#remove(this.#segments.splice(0));
  }

  /** Why another file could not be begun; null: it could. Never throws. */
  noRoom(): string | null {
    if (this.#broken !== null) return this.#broken;
    try {
      return this.#limitFor(this.#sizeFor(0));
    } catch (error) {
      return messageOf(error);
    }
  }

  /** Until all that was appended is durable, or the store has failed. */
  async flush(): Promise<void> {
    await this.#commit.idle();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#broken ??= 'the store is closed';
    this.#commit.stop();
    const segments = this.#segments.splice(0);
    void this.#commit.idle().then(() => {
      for (const segment of segments) segment.close();
    });
  }

  #shorten(segment: SegmentFile, from: number): void {
    try {
      segment.cutAt(from);
    } catch {
      // They are found again at the next start, behind the same damage or the same mark, and are cut off there again.
    }
  }

  #segmentOf(entry: number): SegmentFile {
    if (entry >= this.#oldest && entry < this.#next)
      for (let i = this.#segments.length - 1; i >= 0; i -= 1) {
        const segment = this.#segments[i];
        if (segment !== undefined && segment.first <= entry) return segment;
      }
    throw new SegmentDamage(`entry ${entry} is not in ${this.#folder}: it holds ${this.#oldest} to ${this.#next - 1}`);
  }

  /** A sentence: there is none, because of a limit. Throws errno errors. */
  #roomFor(head: Uint8Array, body: Uint8Array): SegmentFile | string {
    const last = this.#segments.at(-1);
    if (last?.next === this.#next && last.hasRoom(head, body)) return last;
    const bytes = this.#sizeFor(entryLength(head.length, body.length));
    return this.#limitFor(bytes) ?? this.#begin(bytes);
  }

  #limitFor(bytes: number): string | null {
    if (this.#bytes + bytes > this.#limitBytes)
      return `${this.#folder} holds ${formatBytes(this.#bytes)} of at most ${formatBytes(this.#limitBytes)}; raise the limit, or wait until some of it is needed no more`;
    const { free } = this.#io.space(this.#folder);
    if (free - bytes < this.#limits.minFreeBytes)
      return `the file system of ${this.#folder} has ${formatBytes(free)} free, and ${formatBytes(this.#limits.minFreeBytes)} are to stay free; free some space there, or lower what is to stay`;
    return null;
  }

  #sizeFor(entryBytes: number): number {
    const usual = Math.min(this.#options.segmentBytes ?? SEGMENT_BYTES, Math.floor(this.#limitBytes / LEAST_SEGMENTS));
    return Math.max(usual, FILE_HEADER + entryBytes, 4096);
  }

  /** The file that was written last stays until now, though nothing in it may be needed: its entries tell the next process where it was. */
  #begin(bytes: number): SegmentFile {
    if (this.#reading !== this.#segments.at(-1)) this.#segments.at(-1)?.forgetOffsets();
    const number = this.#number;
    const path = join(this.#folder, SEGMENT_NAME(number));
    const nonce = randomBytes(8).readBigUInt64LE();
    const segment = SegmentFile.create(this.#io, path, { number, first: this.#next, nonce, bytes });
    this.#number += 1;
    this.#segments.push(segment);
    this.#bytes += segment.size;
    this.#unsynced.add(segment);
    this.#folderChanged = true;
    this.free(this.#oldest - 1);
    this.#watch();
    return segment;
  }

  #remove(segments: readonly SegmentFile[]): void {
    for (const segment of segments) {
      this.#bytes -= segment.size;
      if (this.#reading === segment) this.#reading = null;
      this.#unsynced.delete(segment);
      // A descriptor that is in a sync at this moment is closed behind it.
      if (this.#syncing) this.#doomed.push(segment);
      else this.#drop(segment);
    }
    this.#watch();
  }

  /** A file that cannot be deleted is found at the next start, and freed then. */
  #drop(segment: SegmentFile): void {
    try {
      segment.remove();
    } catch {
      // Nothing is lost by it but space.
    }
  }

  #watch(): void {
    const over = this.#bytes >= this.#limitBytes * this.#limits.alertShare;
    if (over === this.#over) return;
    this.#over = over;
    this.#options.alert?.(over, this.#bytes, this.#limitBytes);
  }

  async #sync(): Promise<void> {
    const next = this.#next;
    const segments = [...this.#unsynced];
    const folder = this.#folderChanged;
    this.#folderChanged = false;
    const last = this.#segments.at(-1);
    this.#syncing = true;
    try {
      await Promise.all(segments.map((segment) => this.#io.sync(segment.fd)));
      if (folder) await this.#io.syncFolder(this.#folder);
    } finally {
      this.#syncing = false;
      for (const segment of this.#doomed.splice(0)) this.#drop(segment);
    }
    for (const segment of segments) if (segment !== last || segment.next === next) this.#unsynced.delete(segment);
    this.#durable = Math.max(this.#durable, Math.min(next, this.#next));
  }

  #fail(error: unknown): void {
    this.#broken = `the disk refuses to keep what was written to ${this.#folder} (${messageOf(error)}); check the disk`;
    noteDistrust(this.#folder, this.#durable);
    this.#options.failed?.(this.#broken);
  }

  #refusal(error: unknown): { readonly fault: 'full' | 'failed'; readonly sentence: string } {
    const code = errnoOf(error);
    if (code === 'ENOSPC' || code === 'EDQUOT')
      return { fault: 'full', sentence: `no space is left for ${this.#folder} (${messageOf(error)}): free some there` };
    return { fault: 'failed', sentence: `${this.#folder} cannot be written: ${messageOf(error)}` };
  }
}

/** Is there anything in the folder that a store has written? */
export function hasSegments(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}
