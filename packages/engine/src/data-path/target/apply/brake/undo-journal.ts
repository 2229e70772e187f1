/**
 * All roots of a job and the moments to which they can be taken back together. In: positions at which everything is exact, the time, how
 * far back it is to reach. Out: moments; the replica at one of them. Promise: what is given up is the oldest; what a view shows stays;
 * nothing of it fails an operation.
 */
import type { NodeId } from '@understudy/wire';
import { FileError, type Handle, type ReplicaFiles } from '../../../../ports.ts';
import { tiersFor } from './coarsen.ts';
import { type Beginning, type Generation, Generations, type GenerationsOptions } from './generations.ts';
import { Joining } from './joining.ts';
import { Keeper } from './keeper.ts';
import { MORE, type UndoReach, whyNotOldest } from './letting-go.ts';
import type { PurgeReport } from './purge-report.ts';
import { Purging } from './purging.ts';
import { isWhole, type LostPast, lostOf, refusedOf, undo } from './roll-back.ts';
import { pointsOf, type UndoPoint } from './undo-points.ts';

export interface UndoCounters {
  /** In bytes, with what is noted of them. */
  readonly kept: number;
  /** Since the agent began: bytes written to the journal, and bytes that operations wrote. */
  readonly written: number;
  readonly changed: number;
}

export interface UndoJournalParts {
  readonly wallMs: () => number;
  readonly windowMs: () => number;
  /** Of content within the brake's window. */
  readonly copyBytes: () => number;
  readonly reach: () => UndoReach;
  /** Nothing may go: a person is about to decide. */
  readonly stays: () => boolean;
  readonly short: (sentence: string) => void;
  /** What was kept aside and is gone for good is told there. */
  readonly report: PurgeReport;
}

const STRETCH_MS = 1000;

export class UndoJournal {
  readonly #parts: UndoJournalParts;
  readonly #keepers = new Map<number, Keeper>();
  /** Numbers of moments that are shown, and how often. */
  readonly #pinned = new Map<number, number>();
  readonly #joining = new Joining(() => this.#keepers.values());
  /** Stretches do not fit each other any more. */
  #stale = false;
  /** Something was changed that is not kept: what is kept is no way back any more. */
  #broken = false;
  readonly #purging: Purging;
  changed = 0;

  constructor(parts: UndoJournalParts) {
    this.#parts = parts;
    this.#purging = new Purging(parts, () => this.#keepers.values());
  }

  get keepers(): ReadonlyMap<number, Keeper> {
    return this.#keepers;
  }

  get any(): boolean {
    return this.#all.length > 0;
  }

  /** A root was opened. `keep` false: what it has is of no use. */
  add(index: number, files: ReplicaFiles, { keep, ...left }: Required<GenerationsOptions> & { keep: boolean }): Keeper {
    const generations = new Generations(files, left);
    if (!keep) while (generations.all.length > 0) generations.dropOldest();
    const keeper = new Keeper(files, generations, {
      wallMs: this.#parts.wallMs,
      room: (bytes) => this.#room(bytes),
      failed: (error) => this.#failed(error),
      lost: (path) => this.#parts.short(`The old content of ${path} is more than is kept aside. ${MORE}`),
    });
    if (generations.current !== null) keeper.begun();
    else this.#stale = true;
    this.#keepers.set(index, keeper);
    return keeper;
  }

  /** Of all roots together, oldest first. */
  points(): UndoPoint[] {
    return this.#broken ? [] : pointsOf([...this.#keepers.values()].map(({ generations }) => generations.all));
  }

  get counters(): UndoCounters {
    const sum = (of: (keeper: Keeper) => number) => [...this.#keepers.values()].reduce((all, one) => all + of(one), 0);
    const kept = sum(({ generations }) => generations.bytes);
    return { kept, written: sum(({ written }) => written), changed: this.changed };
  }

  /** Everything up to there is applied, nothing behind it. */
  exact(at: Beginning): void {
    if (this.#stale) this.dropAll();
    if (this.#stale) return;
    const { current } = this;
    const due =
      current === null ||
      (at.position > current.position &&
        (at.wallMs - current.wallMs >= STRETCH_MS || Math.abs(at.sourceMs - current.sourceMs) >= STRETCH_MS));
    if (due) this.#begin(at);
  }

  /** The next operations are of another stream; `position`: before its first. */
  startStream(position: number): void {
    this.#try(() => {
      for (const { generations } of this.#keepers.values()) {
        generations.noteStream(position);
        generations.mark(position);
      }
    });
  }

  /** A checkpoint begins. What it returns goes to `synced` once all of it is on the disk. */
  mark(applied: number): unknown {
    if (this.#broken) this.dropAll();
    // Where the disk would not have it, only a power cut before the next checkpoint costs what is kept.
    this.#later(() => {
      if (!this.#broken) for (const { generations } of this.#keepers.values()) generations.mark(applied);
    });
    return this.#joining.mark();
  }

  synced(ready: unknown): void {
    this.#try(() => this.#joining.synced(ready));
  }

  /** Every so often. */
  keepHouse(): void {
    const { wallMs, windowMs, reach } = this.#parts;
    this.expire();
    const tiers = reach().tiers ?? tiersFor(windowMs());
    this.#later(() => {
      if (!this.#parts.stays() && this.#pinned.size === 0) this.#joining.turn(this.points(), wallMs(), tiers);
      this.#purging.turn();
    });
  }

  expire(): void {
    if (this.#broken) this.dropAll();
    if (this.#parts.stays()) return;
    for (;;) {
      const second = this.#all[1];
      if (second === undefined || this.#isPinned(this.#all[0])) return;
      const why = this.#whyNotOldest(second);
      if (why === null) return;
      if (!this.#later(() => this.#dropOldest())) return;
      if (why !== 'age') this.#purging.tight();
      if (why !== 'age' && why !== 'size') this.#parts.short(why);
    }
  }

  /** The disk is full: the older half makes room. True: there was something. */
  makeRoom(): boolean {
    if (this.#parts.stays()) return false;
    let most = 0;
    let gone = 0;
    this.#later(() => {
      this.#joining.giveUp();
      for (const half = Math.ceil(this.#all.length / 2); most < half; most += 1) this.#dropOldest();
      if (this.#all.length === 0) this.dropAll();
      gone = this.#purging.makeRoom();
    });
    if (gone > 0 || most > 0)
      this.#parts.short(
        `The replica's file system is full: the oldest ${most} moments to go back to, and ${gone} names that were kept aside, were let go of. ${MORE}`,
      );
    return gone > 0 || most > 0;
  }

  /** Whether the way back to that moment is there as it was written, in every root. */
  reaches(number: number): boolean {
    if (this.#broken) return false;
    const there = ({ generations }: Keeper): boolean =>
      numbersOf(generations).has(number) && generations.all.every((one) => one.number < number || isWhole(one));
    return this.#keepers.size > 0 && [...this.#keepers.values()].every(there);
  }

  /** What is not kept back to there, by root. */
  lostSince(number: number): (LostPast & { readonly root: number })[] {
    return [...this.#keepers].flatMap(([root, { files, generations }]) =>
      generations.all
        .filter((one) => one.number >= number)
        .flatMap((one) => lostOf(files, one).map((lost) => ({ ...lost, root }))),
    );
  }

  /** What is kept, and what it undoes, is on the disk. False: it would not have it, and there is no way back any more. */
  secure(): boolean {
    this.#try(() => this.sync());
    return !this.#broken && this.any;
  }

  /** The same. Throws FileError. */
  sync(): void {
    for (const { files, generations } of this.#keepers.values()) {
      // What waits to be written is of use, and not needed: a full disk is no reason.
      this.#later(() => generations.current?.log.flush());
      files.sync();
    }
  }

  /**
   * Takes every root back; what it needed stays until `dropFrom`, so that a process that dies, and a machine that loses its power, may do
   * it again. Returns what is not as it was then all the same, by root. Throws FileError.
   */
  undoTo(
    number: number,
    rebind: (root: number, node: NodeId, handle: Handle, pending: boolean) => void,
  ): (LostPast & { readonly root: number })[] {
    const lost: (LostPast & { readonly root: number })[] = [];
    this.#joining.giveUp();
    this.sync();
    for (const [index, keeper] of this.#keepers) {
      const { files, generations } = keeper;
      keeper.active = false;
      const refused = new Set<Handle>();
      const bind = (...one: [NodeId, Handle, boolean]): void => rebind(index, ...one);
      for (const one of generations.all.toReversed())
        if (one.number >= number) undo(one, { files, generations, rebind: bind, refused });
      lost.push(...refusedOf(files, refused).map((one) => ({ ...one, root: index })));
      files.sync();
    }
    return [...this.lostSince(number), ...lost];
  }

  /** What was undone. */
  dropFrom(number: number): void {
    const dropped = this.#later(() => {
      this.#joining.giveUp();
      for (const { generations } of this.#keepers.values())
        while ((generations.current?.number ?? -1) >= number) generations.dropNewest();
    });
    if (!dropped) this.#stale = this.#broken = true;
  }

  /** Where the disk would not have it, it is tried again before anything new is kept. */
  dropAll(): void {
    for (const keeper of this.#keepers.values()) keeper.active = false;
    const dropped = this.#later(() => {
      this.#joining.giveUp();
      for (const { generations } of this.#keepers.values()) while (generations.all.length > 0) generations.dropOldest();
    });
    this.#stale = this.#broken = !dropped;
  }

  /** That moment, and what comes behind it, stays; called as often as `unpin`. */
  pin(number: number): void {
    this.#joining.giveUp();
    this.#pinned.set(number, (this.#pinned.get(number) ?? 0) + 1);
  }

  unpin(number: number): void {
    const left = (this.#pinned.get(number) ?? 1) - 1;
    if (left > 0) this.#pinned.set(number, left);
    else this.#pinned.delete(number);
  }

  // ------------------------------------------------------------------------------------------------------ within

  get #all(): readonly Generation[] {
    return this.#keepers.values().next().value?.generations.all ?? [];
  }

  get current(): Generation | null {
    const [first] = this.#keepers.values();
    return first?.active === true ? first.generations.current : null;
  }

  /** The same number in every root, also where one of them has fewer. */
  #begin(at: Beginning): void {
    const known = [...this.#keepers.values()].map(({ generations }) => generations.current?.number ?? 0);
    const number = Math.max(0, ...known) + 1;
    this.#try(() => {
      for (const keeper of this.#keepers.values()) {
        keeper.generations.begin(at, number);
        keeper.begun();
      }
    });
  }

  #whyNotOldest(second: Generation): string | null {
    const { wallMs, windowMs, reach, copyBytes } = this.#parts;
    return whyNotOldest({
      ageMs: wallMs() - second.wallMs,
      windowMs: windowMs(),
      reach: reach(),
      copyBytes: copyBytes(),
      kept: this.counters.kept,
      copied: this.#copied(),
      names: this.#keptNames(),
      moments: this.#all.length,
    });
  }

  #copied(): number {
    let sum = 0;
    for (const { generations } of this.#keepers.values()) sum += generations.copied;
    return sum;
  }

  #keptNames(): number {
    let sum = 0;
    for (const { generations } of this.#keepers.values()) sum += generations.kept.size;
    return sum;
  }

  /** What is older gives way to what is new. */
  #room(bytes: number): number {
    const { copyBytes, reach, stays } = this.#parts;
    const most = Math.max(copyBytes(), reach().bytes);
    const left = () => most - this.#copied();
    while (left() < bytes && !stays() && this.#all.length > 1 && !this.#isPinned(this.#all[0])) {
      this.#dropOldest();
      this.#purging.tight();
    }
    return left();
  }

  #dropOldest(): void {
    const oldest = this.#all[0];
    const next = this.#all[1]?.number ?? Number.POSITIVE_INFINITY;
    if (oldest === undefined) return;
    this.#joining.giveUp();
    for (const { generations } of this.#keepers.values())
      while (generations.all[0] !== undefined && generations.all[0].number < next) generations.dropOldest();
  }

  #isPinned(oldest: Generation | undefined): boolean {
    if (oldest === undefined) return false;
    for (const number of this.#pinned.keys()) if (number <= oldest.number) return true;
    return false;
  }

  /** What only makes room can be done later as well. False: the disk would not have it. */
  #later(work: () => void, failed: (error: FileError) => void = () => {}): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      failed(error);
      return false;
    }
  }

  /** The disk's errors cost the way back, and nothing else. */
  #try(work: () => void): void {
    this.#later(work, (error) => this.#failed(error));
  }

  #failed(error: FileError): void {
    this.#parts.short(`Nothing can be kept aside on the replica's file system (${error.message}). ${MORE}`);
    // At once: a process that is killed, and a machine that loses its power, must not leave it to one that takes it for whole.
    this.dropAll();
  }
}

const numbersOf = ({ all }: Generations): Set<number> => new Set(all.map(({ number }) => number));
