/**
 * The gate before each root (FO3, SAFE6), the agent's end. In: whether this server writes, and until when that is certain. Out: nothing;
 * fsid asks before it executes a call and again before it answers. Promised: what is said here holds on when this process ends, and what
 * is mounted while `beginWith` says so begins like that. The offsets are those of native/linux/gate.h and layout.h.
 */
import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { GateBeginning, WriteGate } from '@understudy/engine';
import type { CallHoldPlaces } from './call-hold.ts';

/** In the state memory: where the gate's part begins. */
const AT_GATE = 40;
const ROOTS = 64;
const ROOT = 64;
const MAX_ROOTS = 128;
const AT_MODE = 16;
const AT_ID = 20;
const AT_WAITING = 24;
const AT_REFUSED = 32;
const MODES = ['open', 'leased', 'read-only'] as const;
const BEGINNINGS: readonly GateBeginning[] = ['open', 'held', 'read-only'];
const NS_PER_MS = 1_000_000n;

interface Wish {
  readOnly: boolean;
  /** CLOCK_BOOTTIME, ms; null: no lease. */
  untilMs: number | null;
}

export class FuseWriteGate implements WriteGate {
  readonly #state: number;
  readonly #base: number;
  readonly #places = new Map<number, number>();
  readonly #wishes = new Map<number, Wish>();
  readonly #root = Buffer.alloc(ROOT);

  constructor({ holderPid, stateFd }: CallHoldPlaces) {
    this.#state = openSync(`/proc/${holderPid}/fd/${stateFd}`, 'r+');
    const head = Buffer.alloc(8);
    readSync(this.#state, head, 0, 8, AT_GATE);
    this.#base = Number(head.readBigUInt64LE(0));
    // An agent that died while it protected something may have left another one.
    this.beginWith('open');
  }

  beginWith(how: GateBeginning): void {
    this.#write32(BEGINNINGS.indexOf(how), this.#base);
  }

  setReadOnly(roots: readonly number[], on: boolean): void {
    for (const root of roots) this.#set(root, { readOnly: on });
  }

  setLease(roots: readonly number[], untilMs: number | null): void {
    for (const root of roots) this.#set(root, { untilMs });
  }

  at(root: number): ReturnType<WriteGate['at']> {
    const place = this.#placeOf(root);
    if (place === null) return { mode: 'open', waiting: 0, refused: 0 };
    readSync(this.#state, this.#root, 0, ROOT, place);
    return {
      mode: MODES[this.#root.readUInt32LE(AT_MODE)] ?? 'read-only',
      waiting: this.#root.readUInt32LE(AT_WAITING),
      refused: Number(this.#root.readBigUInt64LE(AT_REFUSED)),
    };
  }

  close(): void {
    closeSync(this.#state);
  }

  #set(root: number, change: Partial<Wish>): void {
    const place = this.#placeOf(root);
    if (place === null) return;
    const wish = { ...this.#wishOf(root), ...change };
    this.#wishes.set(root, wish);
    // The time before the mode: nothing passes by the time of a lease that is over.
    if (wish.untilMs !== null) this.#writeUntil(wish.untilMs, place);
    const mode = wish.readOnly ? 'read-only' : wish.untilMs === null ? 'open' : 'leased';
    this.#write32(MODES.indexOf(mode), place + AT_MODE);
  }

  /** What an earlier process has said stands until it is said otherwise. */
  #wishOf(root: number): Wish {
    const known = this.#wishes.get(root);
    if (known !== undefined) return known;
    const { mode } = this.at(root);
    const ns = this.#root.readBigUInt64LE(0);
    return { readOnly: mode === 'read-only', untilMs: mode === 'leased' ? Number(ns / NS_PER_MS) : null };
  }

  #writeUntil(ms: number, place: number): void {
    const pair = Buffer.alloc(16);
    const ns = BigInt(Math.max(0, Math.floor(ms))) * NS_PER_MS;
    pair.writeBigUInt64LE(ns, 0);
    pair.writeBigUInt64LE(ns, 8);
    writeSync(this.#state, pair, 0, 16, place);
  }

  #write32(value: number, at: number): void {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(value, 0);
    writeSync(this.#state, word, 0, 4, at);
  }

  /** Numbers are used again: one that is found elsewhere is another root, of which nothing was said. */
  #placeOf(root: number): number | null {
    const known = this.#places.get(root);
    if (known !== undefined && this.#idAt(known) === root) return known;
    this.#wishes.delete(root);
    this.#places.delete(root);
    const all = Buffer.alloc(ROOT * MAX_ROOTS);
    readSync(this.#state, all, 0, all.length, this.#base + ROOTS);
    for (let index = 0; index < MAX_ROOTS; index += 1) {
      if (all.readUInt32LE(index * ROOT + AT_ID) !== root) continue;
      const place = this.#base + ROOTS + index * ROOT;
      this.#places.set(root, place);
      return place;
    }
    return null;
  }

  #idAt(place: number): number {
    const word = Buffer.alloc(4);
    readSync(this.#state, word, 0, 4, place + AT_ID);
    return word.readUInt32LE(0);
  }
}
