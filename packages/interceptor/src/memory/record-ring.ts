/**
 * A ring of encoded records with a limit in bytes, held in memory.
 * In: records in order. Out: batches of whole records with dense ring sequences.
 * Promised: never over its limit; what does not fit becomes a note of the nodes it concerns, and once notes are pending every
 * further change is noted too, so that a note always stands behind the records that came before it.
 */
import { RingBuffer } from '@understudy/base';
import {
  encodeRecordInto,
  NO_NODE,
  type NodeId,
  type OperationRecord,
  record,
  recordLength,
  Verb,
} from '@understudy/wire';

const BATCH = 1 << 20;
/** Notes of one root beyond this become one gap over the whole root. */
const MAX_NOTES = 4096;

interface RootNotes {
  readonly nodes: Set<NodeId>;
  whole: boolean;
}

export class RecordRing {
  readonly limit: number;
  readonly #records = new RingBuffer<OperationRecord>();
  readonly #notes = new Map<number, RootNotes>();
  #used = 0;
  /** Drained and kept, oldest first: what a consumer that died would have lost. */
  #kept: OperationRecord[] = [];
  #keeping = false;
  #sequence = 0;
  #dirtyNotes = 0;

  /** `first`: the sequence before the first; behind those of an earlier ring. */
  constructor(limit: number, first = 0) {
    this.limit = limit;
    this.#sequence = first;
  }

  get used(): number {
    return this.#used;
  }

  /** Nodes and roots noted because the ring was full, since the beginning. */
  get dirtyNotes(): number {
    return this.#dirtyNotes;
  }

  /** From now on what was drained takes room until it is freed. */
  keepDrained(): void {
    this.#keeping = true;
  }

  free(through: number): void {
    const kept = this.#kept.findIndex((entry) => entry.sequence > through);
    const freed = this.#kept.splice(0, kept < 0 ? this.#kept.length : kept);
    for (const entry of freed) this.#used -= recordLength(entry);
  }

  /** The consumer died: what it had drained and not freed comes once more, before all that is newer. */
  again(): void {
    const newer: OperationRecord[] = [];
    for (let next = this.#records.shift(); next !== undefined; next = this.#records.shift()) newer.push(next);
    for (const entry of [...this.#kept.splice(0), ...newer]) this.#records.push(entry);
  }

  get empty(): boolean {
    return this.#records.size === 0 && this.#notes.size === 0;
  }

  fits(entry: OperationRecord): boolean {
    return this.#notes.size === 0 && this.#used + recordLength(entry) <= this.limit;
  }

  /** Returns false where the record did not fit and was noted instead. `entry.data` must not change afterwards. */
  push(entry: OperationRecord): boolean {
    if (!this.fits(entry)) {
      this.#note(entry);
      return false;
    }
    this.#append(entry);
    return true;
  }

  /** Interception of `root` was not certain up to here. */
  gap(root: number): void {
    const notes = this.#notesOf(root);
    if (!notes.whole) this.#dirtyNotes += 1;
    notes.whole = true;
    notes.nodes.clear();
  }

  /** Records of a root that was released no longer mean anything to the consumer's future; what is in the ring stays. */
  forget(root: number): void {
    this.#notes.delete(root);
  }

  /** Notes come last, as records of their own, made at `timeMs`. The bytes are overwritten after `take` returns. */
  drain(timeMs: number, take: (records: Uint8Array) => void): number {
    let count = 0;
    const pending = this.#records.size;
    while (count < pending) count += this.#takeBatch(pending - count, take);
    const notes = this.#takeNotes(timeMs);
    for (const note of notes) this.#append(note);
    let left = notes.length;
    while (left > 0) left -= this.#takeBatch(left, take);
    return count + notes.length;
  }

  #takeBatch(atMost: number, take: (records: Uint8Array) => void): number {
    let bytes = 0;
    let count = 0;
    for (let next = this.#records.at(0); next !== undefined && count < atMost; next = this.#records.at(count)) {
      const length = recordLength(next);
      if (count > 0 && bytes + length > BATCH) break;
      bytes += length;
      count += 1;
    }
    const batch = new Uint8Array(bytes);
    let at = 0;
    for (let i = 0; i < count; i += 1) {
      const next = this.#records.shift();
      if (next === undefined) continue;
      at += encodeRecordInto(next, batch, at);
      if (this.#keeping) this.#kept.push(next);
    }
    if (!this.#keeping) this.#used -= bytes;
    take(batch);
    // A consumer that keeps the bytes instead of copying them must fail in a test, not in the field.
    batch.fill(0xdb);
    return count;
  }

  #append(entry: OperationRecord): void {
    this.#sequence += 1;
    this.#records.push({ ...entry, sequence: this.#sequence });
    this.#used += recordLength(entry);
  }

  #notesOf(root: number): RootNotes {
    const known = this.#notes.get(root);
    if (known !== undefined) return known;
    const made: RootNotes = { nodes: new Set(), whole: false };
    this.#notes.set(root, made);
    return made;
  }

  #note(entry: OperationRecord): void {
    const notes = this.#notesOf(entry.root);
    if (notes.whole) return;
    for (const node of [entry.node, entry.parent, entry.parent2, entry.victim]) {
      if (node === NO_NODE || notes.nodes.has(node)) continue;
      notes.nodes.add(node);
      this.#dirtyNotes += 1;
    }
    if (notes.nodes.size > MAX_NOTES) this.gap(entry.root);
  }

  #takeNotes(timeMs: number): OperationRecord[] {
    const records: OperationRecord[] = [];
    for (const [root, notes] of this.#notes) {
      if (notes.whole) records.push(record({ verb: Verb.gap, root, timeMs }));
      for (const node of notes.nodes) records.push(record({ verb: Verb.dirty, root, node, timeMs }));
    }
    this.#notes.clear();
    return records;
  }
}
