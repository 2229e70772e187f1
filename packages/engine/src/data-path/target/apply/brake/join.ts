/**
 * Several stretches of one root, one after the other, written as one: of what changed more than once only the first old content is kept.
 * In: the stretches, room for some work. Out: a log that undoes them all. Promise: until `finish` nothing is another than before, and
 * `finish` is called once the log is on the disk; given up, or killed on the way, it leaves nothing.
 */
import { concatBytes } from '@understudy/base';
import type { Handle, ReplicaFiles } from '../../../../ports.ts';
import type { Generation, Generations } from './generations.ts';
import { encodeUndo, UndoKind, type UndoOutline } from './undo-log.ts';

const BLOCK = 4096;
const BUFFER = 1 << 20;

export class Join {
  readonly #files: ReplicaFiles;
  readonly #generations: Generations;
  readonly #row: readonly [Generation, ...Generation[]];
  readonly #to: Handle;
  readonly #entries: Generator<Uint8Array>;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #at = 0;

  /** Throws FileError, as `step` does. */
  constructor(files: ReplicaFiles, generations: Generations, row: readonly [Generation, ...Generation[]]) {
    this.#files = files;
    this.#generations = generations;
    this.#row = row;
    this.#to = generations.beginJoined(row[0]);
    this.#entries = joined(row, files.root);
  }

  /** True: all is written. */
  step(bytes: number): boolean {
    const until = this.#at + this.#waitingBytes + bytes;
    while (this.#at + this.#waitingBytes < until) {
      const next = this.#entries.next();
      if (next.done === true) {
        this.#write();
        return true;
      }
      this.#waiting.push(next.value);
      this.#waitingBytes += next.value.length;
      if (this.#waitingBytes >= BUFFER) this.#write();
    }
    return false;
  }

  finish(): void {
    this.#generations.join(this.#row[0], this.#row.at(-1) ?? this.#row[0]);
  }

  giveUp(): void {
    this.#generations.dropJoined(this.#row[0]);
  }

  #write(): void {
    if (this.#waitingBytes === 0) return;
    this.#files.write(this.#to, this.#at, concatBytes(this.#waiting));
    this.#at += this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

function* joined(row: readonly Generation[], root: Handle): Generator<Uint8Array> {
  const [first] = row;
  if (first === undefined) return;
  const { position, wallMs, sourceMs, folder } = first;
  const through = row.at(-1)?.through ?? first.through;
  yield encodeUndo(UndoKind.begin, [folder, root], [position, wallMs, sourceMs, through]);
  const seen = new Seen();
  for (const { log } of row)
    for (const entry of log.outlines()) {
      if (entry.kind === UndoKind.content) yield* seen.missing(entry, (at) => log.read(at).data);
      else if (entry.kind !== UndoKind.begin && !seen.has(entry)) {
        const { kind, texts, numbers, data } = log.read(entry.at);
        yield encodeUndo(kind as UndoKind, texts, numbers, data);
      }
    }
}

/** What the first entry says of a thing, the later ones need not say again. */
class Seen {
  readonly #keys = new Set<string>();
  readonly #blocks = new Map<string, Set<number>>();

  has({ kind, texts }: UndoOutline): boolean {
    if (kind !== UndoKind.touched && kind !== UndoKind.xattrs && kind !== UndoKind.unbound) return false;
    const { size } = this.#keys;
    return this.#keys.add(`${kind}${texts[0]}`).size === size;
  }

  /** The blocks of it that no earlier entry has. */
  *missing(
    { at, texts: [handle = ''], numbers: [offset = 0], dataLength }: UndoOutline,
    read: (at: number) => Uint8Array,
  ): Generator<Uint8Array> {
    const blocks = this.#blocks.get(handle) ?? new Set();
    this.#blocks.set(handle, blocks);
    let data: Uint8Array | null = null;
    for (let from = 0; from < dataLength; ) {
      let to = from;
      while (to < dataLength && !blocks.has((offset + to) / BLOCK)) {
        blocks.add((offset + to) / BLOCK);
        to = Math.min(to + BLOCK, dataLength);
      }
      if (to > from) {
        data ??= read(at);
        yield encodeUndo(UndoKind.content, [handle], [offset + from], data.subarray(from, to));
      }
      from = to > from ? to : from + BLOCK;
    }
  }
}
