/**
 * SAFE4 and SAFE2 while a job runs: the brake. In: what operations do to old files, commits, time, a person's decision. Out: whether the
 * replica is held, and why; the replica taken back. Promise: held means that nothing is applied, over restarts too; taken back it is
 * exactly the source as it was at the position that is said, but for paths that are named; nothing is skipped.
 */
import type { Condition, NodeId, OperationRecord } from '@understudy/wire';
import type { FileError, Handle, ReplicaFiles } from '../../../../ports.ts';
import type { BrakeState } from '../../journal.ts';
import type { TargetEvent } from '../apply-context.ts';
import { Counter } from './counter.ts';
import { type BrakeSettings, DEFAULT_BRAKE, type Trip } from './detector.ts';
import { type Beginning, Generations } from './generations.ts';
import { Keeper } from './keeper.ts';
import { KeepingFiles } from './keeping-files.ts';
import { purgeKept } from './purge.ts';
import { lostOf, undo } from './roll-back.ts';
import { haltedSentence, heldSentence } from './words.ts';

export interface BrakePorts {
  readonly wallMs: () => number;
  /** Content that is kept for one job, bytes. */
  readonly copyBytes?: number;
}

export interface BrakeParts extends BrakePorts {
  /** What is decided is written down, before anything comes of it. */
  readonly note: (state: BrakeState | null) => void;
  readonly event: (event: Pick<TargetEvent, 'kind' | 'severity' | 'sentence'>) => void;
  /** Files and directories of the job. */
  readonly total: () => number;
  readonly rebind: (root: number, node: NodeId, handle: Handle, pending: boolean) => void;
}

const COPY_BYTES = 4 * 2 ** 30;
const MOST_KEPT = 200_000;
/** A window is kept in so many stretches. */
const STRETCHES = 20;
const LEAST_STRETCH_MS = 1000;
const MOST_STRETCHES = 200;
const PURGE_AT_ONCE = 256;
/** Paths whose content cannot be brought back, by name. */
const MOST_NAMED = 100;

export class Brake {
  readonly #parts: BrakeParts;
  readonly #counter: Counter;
  readonly #roots = new Map<number, KeepingFiles>();
  #settings: BrakeSettings | null = DEFAULT_BRAKE;
  #state: BrakeState | null;
  /** What an earlier process had counted is not known. */
  readonly #blindSinceMs: number;
  readonly #powerLost: boolean;
  /** Stretches do not fit each other any more. */
  #stale = false;
  #saidShort = false;

  constructor(parts: BrakeParts, state: BrakeState | null, powerLost: boolean) {
    this.#parts = parts;
    this.#state = state;
    this.#powerLost = powerLost;
    this.#blindSinceMs = parts.wallMs();
    const root = (index: number) => this.#roots.get(index);
    this.#counter = new Counter({ wallMs: parts.wallMs, total: parts.total, root });
    this.#counting();
  }

  configure(settings: BrakeSettings | null): void {
    this.#settings = settings;
    this.#counter.configure(settings);
    this.#counting();
  }

  get state(): BrakeState | null {
    return this.#state;
  }

  /** Nothing is to be applied. */
  get holds(): boolean {
    return this.#state !== null && this.#state.phase !== 'passing';
  }

  get tripped(): boolean {
    return this.#counter.trip !== null;
  }

  get condition(): Condition | null {
    if (this.#state === null || !this.holds) return null;
    const { code, sentence } = this.#state;
    return { state: 'held', code, sentence };
  }

  /** The files of a root that was opened; `goesOn`: the stream does, and the replica is complete. */
  wrap(index: number, files: ReplicaFiles, goesOn: boolean): KeepingFiles {
    const generations = new Generations(files);
    const keep = (goesOn && this.#settings !== null) || this.holds;
    if (!keep || this.#powerLost) while (generations.all.length > 0) generations.dropOldest();
    const keeper = new Keeper(files, generations, {
      room: () => this.#copyBytes - this.#copied(),
      failed: (error) => this.#failed(error),
      lost: (path) => this.#short(`The old content of ${path} is more than is kept aside.`),
    });
    if (generations.current !== null) keeper.begun();
    else this.#stale = true;
    const wrapped = new KeepingFiles(keeper, this.#counter.watch(index));
    this.#roots.set(index, wrapped);
    return wrapped;
  }

  /** Called with each operation before it is applied. */
  before({ sequence, timeMs }: OperationRecord): void {
    this.#counter.at = sequence;
    if (timeMs > 0) this.#counter.sourceMs = timeMs;
  }

  /**
   * Everything up to `position` is applied and known to be; `complete`: the replica is an image of the source. `exact`: nothing behind
   * the position is, which an unclean stop may have left.
   */
  committed(position: number, { complete, exact }: { readonly complete: boolean; readonly exact: boolean }): void {
    const { trip, sourceMs } = this.#counter;
    if (trip !== null) {
      if (exact) this.#hold(position, trip);
      return;
    }
    if (this.holds) return;
    if (this.#state !== null && position >= (this.#state.through ?? 0)) this.#note(null);
    if (this.#settings === null || !complete) {
      this.#disarm();
      return;
    }
    const wallMs = this.#parts.wallMs();
    if (this.#stale) this.#dropAll();
    if (exact) this.#rotate({ position, wallMs, sourceMs: sourceMs > 0 ? sourceMs : wallMs });
    this.#expire(wallMs);
  }

  /** Every so often: what is kept aside goes when its time is over. */
  keepHouse(): void {
    if (this.holds) return;
    const wallMs = this.#parts.wallMs();
    this.#expire(wallMs);
    const beforeMs = wallMs - (this.#settings ?? DEFAULT_BRAKE).windowMs;
    for (const { keeper } of this.#roots.values()) this.#purge(keeper, beforeMs, PURGE_AT_ONCE);
  }

  /** The disk is full: what was kept aside makes room. True: there was something. */
  makeRoom(): boolean {
    if (this.holds) return false;
    this.#dropAll();
    let gone = 0;
    for (const { keeper } of this.#roots.values())
      gone += this.#purge(keeper, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER);
    if (gone > 0) this.#short(`The replica's file system is full: ${gone} names that were kept aside were let go of.`);
    return gone > 0;
  }

  /** A person has seen it and wants it: what the source had intercepted up to then is not counted. */
  goOn(through: number): void {
    const { code = 'brake', sentence = '', at = 0 } = this.#state ?? {};
    this.#counter.clear();
    this.#note({ phase: 'passing', code, sentence, at, to: null, through });
  }

  /** Back to where the burst began, and no further. Returns the position; to be called again by the next process where this one dies. */
  haltHere(): number {
    const state = this.#state;
    if (state === null) throw new Error('there is nothing to halt');
    const to = state.phase === 'held' && !this.#reaches(state.to) ? null : state.to;
    const lost = state.lost ?? (to === null ? [] : this.#lostSince(to.position));
    this.#note({ ...state, phase: 'rolling-back', to, lost });
    if (to === null) return state.at;
    for (const [index, { keeper }] of this.#roots) this.#undo(index, keeper, to.position);
    return to.position;
  }

  /** What was taken back is committed. */
  halted(position: number): void {
    const { to = null, lost = [], timeMs = 0 } = this.#state ?? {};
    const sentence = haltedSentence(position, to?.sourceMs ?? timeMs, lost);
    this.#note({ phase: 'halted', code: 'brake-halted', sentence, at: position, to: null });
    this.#disarm();
    this.#parts.event({ kind: 'brake-halted', severity: 'error', sentence });
  }

  /** Another stream: what was counted, held and kept belongs to the one before. */
  restart(): void {
    if (this.#state !== null) this.#note(null);
    this.#counter.sourceMs = 0;
    this.#disarm();
  }

  // ------------------------------------------------------------------------------------------------------ within

  get #copyBytes(): number {
    return this.#parts.copyBytes ?? COPY_BYTES;
  }

  #copied(): number {
    let sum = 0;
    for (const { keeper } of this.#roots.values()) sum += keeper.generations.copied;
    return sum;
  }

  #note(state: BrakeState | null): void {
    this.#parts.note(state);
    this.#state = state;
    this.#counting();
  }

  #counting(): void {
    this.#counter.through = this.#settings === null ? null : (this.#state?.through ?? 0);
  }

  #hold(position: number, trip: Trip): void {
    const settings = this.#settings ?? DEFAULT_BRAKE;
    const known = [...(this.#roots.values().next().value?.keeper.generations.all ?? [])];
    const blind = this.#parts.wallMs() - this.#blindSinceMs < settings.windowMs;
    const before = known.filter((generation) => generation.position < trip.first);
    // What counted before a restart is not known: then the oldest that is kept is certainly before it.
    const found = (blind ? before[0] : before.at(-1)) ?? known[0] ?? null;
    const to = found === null ? null : { position: found.position, wallMs: found.wallMs, sourceMs: found.sourceMs };
    const sentence = heldSentence(trip, settings, to, before.length > 0);
    this.#note({ phase: 'held', code: trip.code, sentence, at: position, to, timeMs: this.#counter.sourceMs });
    this.#counter.clear();
    this.#parts.event({ kind: trip.code, severity: 'error', sentence });
  }

  #rotate(at: Beginning): void {
    const settings = this.#settings ?? DEFAULT_BRAKE;
    const least = Math.max(LEAST_STRETCH_MS, settings.windowMs / STRETCHES);
    const [first] = this.#roots.values();
    const current = first?.keeper.generations.current ?? null;
    const due =
      current === null ||
      !first?.keeper.active ||
      (at.position > current.position &&
        (at.wallMs - current.wallMs >= least || Math.abs(at.sourceMs - current.sourceMs) >= least));
    if (!due || (first?.keeper.generations.all.length ?? 0) >= MOST_STRETCHES) return;
    for (const { keeper } of this.#roots.values()) this.#begin(keeper, at);
  }

  #begin(keeper: Keeper, at: Beginning): void {
    try {
      keeper.generations.begin(at);
      keeper.begun();
    } catch (error) {
      keeper.active = false;
      this.#failed(error as FileError);
    }
  }

  #expire(wallMs: number): void {
    const { windowMs } = this.#settings ?? DEFAULT_BRAKE;
    this.#counter.forgetBirths(wallMs - windowMs);
    const tooMuch = (): boolean => {
      let kept = 0;
      for (const { keeper } of this.#roots.values()) kept += keeper.generations.kept.size;
      return this.#copied() > this.#copyBytes || kept > MOST_KEPT;
    };
    for (;;) {
      const all = this.#roots.values().next().value?.keeper.generations.all ?? [];
      const second = all[1];
      if (second === undefined) return;
      const old = second.wallMs < wallMs - windowMs;
      if (!old && !tooMuch()) return;
      if (!old)
        this.#short('More was overwritten and deleted than is kept aside: the time that can be taken back is shorter.');
      for (const { keeper } of this.#roots.values()) keeper.generations.dropOldest();
    }
  }

  #purge({ files, generations }: Keeper, beforeMs: number, most: number): number {
    const needed = new Set(generations.all.map(({ folder }) => folder));
    return purgeKept({ files, needed, beforeMs, gone: (handle) => generations.kept.delete(handle) }, most);
  }

  /** A stretch may be gone with the machine's power, or be damaged. */
  #reaches(to: BrakeState['to']): boolean {
    const kept = (keeper: Keeper) => keeper.generations.all.some(({ position }) => position === to?.position);
    return !this.#powerLost && [...this.#roots.values()].every(({ keeper }) => kept(keeper));
  }

  #lostSince(position: number): string[] {
    const all = [...this.#roots.values()].flatMap(({ keeper }) => keeper.generations.all);
    return all
      .filter((generation) => generation.position >= position)
      .flatMap((generation) => lostOf(generation))
      .slice(0, MOST_NAMED);
  }

  #undo(index: number, keeper: Keeper, to: number): void {
    const { files, generations } = keeper;
    keeper.active = false;
    const rebind = (node: NodeId, handle: Handle, pending: boolean) => this.#parts.rebind(index, node, handle, pending);
    for (let newest = generations.current; newest !== null && newest.position >= to; newest = generations.current) {
      undo(newest, { files, generations, rebind });
      generations.dropNewest();
    }
  }

  #failed(error: FileError): void {
    this.#short(`Nothing can be kept aside on the replica's file system (${error.message}).`);
    for (const { keeper } of this.#roots.values()) keeper.active = false;
    this.#stale = true;
  }

  #short(sentence: string): void {
    if (this.#saidShort) return;
    this.#saidShort = true;
    const more = 'A brake that holds now may not be able to take everything back.';
    this.#parts.event({ kind: 'keep-aside-short', severity: 'warning', sentence: `${sentence} ${more}` });
  }

  #disarm(): void {
    this.#dropAll();
    this.#counter.clear();
    this.#saidShort = false;
  }

  #dropAll(): void {
    for (const { keeper } of this.#roots.values()) {
      keeper.active = false;
      while (keeper.generations.all.length > 0) keeper.generations.dropOldest();
    }
    this.#stale = false;
  }
}
