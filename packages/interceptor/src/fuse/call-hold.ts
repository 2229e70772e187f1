/**
 * Calls that wait for the target (FSI4), the agent's end. In: how each root's calls are held, up to where everything is acknowledged.
 * Out: who waits and for how long, and a call as soon as somebody does. Promised: what is said here holds on when this process ends; the
 * servers do by themselves what the policy says. The offsets are those of native/linux/park.h and layout.h.
 */
import { Buffer } from 'node:buffer';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { CallHold, HeldCalls, HoldTerms } from '@understudy/engine';

/** In the state memory: where the part of the parked begins. */
const AT_PARK = 32;
const ROOTS = 128;
const ROOT = 128;
const MAX_ROOTS = 128;
const AT_TERMS = 16;
const AT_ID = 32;
const MODES = { off: 0, fsync: 1, 'every-call': 2 } as const;
const POLICIES = { suspend: 0, degrade: 1, abort: 2 } as const;
const LONGEST_LIMIT = 0xffff_ffff;
const NOBODY: HeldCalls = { waiting: 0, longestMs: 0, aborted: 0, stuck: 0, gaveUp: false };

export interface CallHoldPlaces {
  readonly holderPid: number;
  readonly stateFd: number;
}

interface Place {
  readonly at: number;
  through: number;
}

export class FuseCallHold implements CallHold {
  readonly #mayUndo: (root: number) => void;
  readonly #state: number;
  readonly #acks: number;
  readonly #calls: Socket;
  readonly #base: number;
  readonly #places = new Map<number, Place>();
  readonly #pair = Buffer.alloc(16);
  readonly #root = Buffer.alloc(ROOT);
  readonly #listeners: (() => void)[] = [];
  #unsettled = false;

  /** `mayUndo` is told of a root whose calls may be undone, before the first of them can be. */
  constructor({ holderPid, stateFd }: CallHoldPlaces, mayUndo: (root: number) => void) {
    this.#mayUndo = mayUndo;
    const held = (fd: number, flags: number | string) => openSync(`/proc/${holderPid}/fd/${fd}`, flags);
    this.#state = held(stateFd, 'r+');
    const head = Buffer.alloc(8);
    readSync(this.#state, head, 0, 8, AT_PARK);
    this.#base = Number(head.readBigUInt64LE(0));
    readSync(this.#state, head, 0, 8, this.#base);
    this.#acks = held(head.readUInt32LE(0), constants.O_WRONLY | constants.O_NONBLOCK);
    const calls = held(head.readUInt32LE(4), constants.O_RDONLY | constants.O_NONBLOCK);
    // A pending fs.read on a pipe would keep the process from ending.
    this.#calls = new Socket({ fd: calls, readable: true, writable: false }).unref();
    this.#calls.on('data', () => {
      for (const listener of this.#listeners) listener();
    });
    this.#calls.on('error', () => {});
  }

  set(root: number, terms: HoldTerms | null): void {
    const place = this.#placeOf(root, true);
    if (place === null) return;
    if (terms?.policy === 'abort') this.#mayUndo(root);
    const words = Buffer.alloc(16);
    words.writeUInt32LE(MODES[terms?.at ?? 'off'], 0);
    words.writeUInt32LE(POLICIES[terms?.policy ?? 'suspend'], 4);
    words.writeUInt32LE(Math.min(LONGEST_LIMIT, Math.ceil(terms?.limitMs ?? 0)), 8);
    writeSync(this.#state, words, 0, 16, place.at + AT_TERMS);
    this.#unsettled = true;
    this.settle();
  }

  acknowledge(root: number, through: number): void {
    const place = this.#placeOf(root, false);
    if (place === null || through <= place.through) return;
    place.through = through;
    this.#pair.writeBigUInt64LE(BigInt(through), 0);
    this.#pair.writeBigUInt64LE(BigInt(through), 8);
    writeSync(this.#state, this.#pair, 0, 16, place.at);
    this.#unsettled = true;
  }

  settle(): void {
    if (!this.#unsettled) return;
    this.#unsettled = false;
    try {
      writeSync(this.#acks, this.#pair, 0, 1);
    } catch (error) {
      // Full: the servers have enough rings to hear. Nobody reads it any more: the driver says by itself that its processes are gone.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' && code !== 'EPIPE') throw error;
    }
  }

  calls(root: number): HeldCalls {
    const place = this.#placeOf(root, false);
    if (place === null) return NOBODY;
    readSync(this.#state, this.#root, 0, ROOT, place.at);
    const since = Number(this.#root.readBigUInt64LE(40));
    const now = Number(process.hrtime.bigint() / 1_000_000n);
    return {
      waiting: this.#root.readUInt32LE(36),
      longestMs: since === 0 ? 0 : Math.max(0, now - since),
      aborted: Number(this.#root.readBigUInt64LE(56)),
      stuck: Number(this.#root.readBigUInt64LE(72)),
      gaveUp: this.#root.readUInt32LE(28) !== 0,
    };
  }

  onWaiting(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#calls.destroy();
    closeSync(this.#acks);
    closeSync(this.#state);
  }

  #placeOf(root: number, anew: boolean): Place | null {
    const known = this.#places.get(root);
    if (known !== undefined && !anew) return known;
    const all = Buffer.alloc(ROOT * MAX_ROOTS);
    readSync(this.#state, all, 0, all.length, this.#base + ROOTS);
    for (let index = 0; index < MAX_ROOTS; index += 1) {
      if (all.readUInt32LE(index * ROOT + AT_ID) !== root) continue;
      const place = { at: this.#base + ROOTS + index * ROOT, through: Number(all.readBigUInt64LE(index * ROOT)) };
      this.#places.set(root, place);
      return place;
    }
    this.#places.delete(root);
    return null;
  }
}
