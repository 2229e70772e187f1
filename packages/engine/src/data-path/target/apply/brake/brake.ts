/**
 * SAFE4 and SAFE2 while a job runs: the brake. In: what operations do to old files, commits, time, a person's decision. Out: whether the
 * replica is held, and why; the replica taken back. Promise: held means that nothing is applied, over restarts too; taken back it is
 * exactly the source as it was at the position that is said, but for paths that are named; nothing is skipped.
 */
import type { Condition, NodeId, OperationRecord } from '@understudy/wire';
import type { Handle, ReplicaFiles } from '../../../../ports.ts';
import type { BrakeState } from '../../journal.ts';
import type { TargetEvent } from '../apply-context.ts';
import { Counter } from './counter.ts';
import { type BrakeSettings, DEFAULT_BRAKE, type Trip } from './detector.ts';
import { KeepingFiles } from './keeping-files.ts';
import { type UndoReach, WINDOW_ONLY } from './letting-go.ts';
import { PurgeReport } from './purge-report.ts';
import type { LostPast } from './roll-back.ts';
import { UndoJournal } from './undo-journal.ts';
import type { UndoPoint } from './undo-points.ts';
import { haltedSentence, heldSentence, rewoundSentence, unreachableSentence } from './words.ts';

export interface BrakePorts {
  readonly wallMs: () => number;
  /** Content that is kept for one job's brake, bytes. */
  readonly copyBytes?: number;
  /** How far back the replica can be taken; absent: as far as the brake needs it. */
  readonly undo?: () => UndoReach;
}

export interface BrakeParts extends BrakePorts {
  /** What is decided is written down, before anything comes of it. */
  readonly note: (state: BrakeState | null) => void;
  readonly event: (event: Pick<TargetEvent, 'kind' | 'severity' | 'sentence'>) => void;
  /** Files and directories of the job. */
  readonly total: () => number;
  readonly rebind: (root: number, node: NodeId, handle: Handle, pending: boolean) => void;
}

export interface Standing {
  /** Nothing behind the position is applied, which an unclean stop may have left. */
  readonly settled: boolean;
  /** The replica is an image of the source. */
  readonly complete: boolean;
  /** A mirror or a repair is under way. */
  readonly mirroring: boolean;
}

export interface BrakeStart {
  readonly state: BrakeState | null;
  /** After a power cut, the position that the last checkpoint covers; null: there was none. */
  readonly covered: number | null;
}

const COPY_BYTES = 4 * 2 ** 30;
/** Paths whose content cannot be brought back, by name. */
const MOST_NAMED = 100;

export class Brake {
  readonly #parts: BrakeParts;
  readonly #counter: Counter;
  readonly undo: UndoJournal;
  readonly #roots = new Map<number, KeepingFiles>();
  #settings: BrakeSettings | null = DEFAULT_BRAKE;
  #state: BrakeState | null;
  /** What an earlier process had counted is not known. */
  readonly #blindSinceMs: number;
  readonly report: PurgeReport;
  readonly #covered: number | null;
  #saidShort = false;

  constructor(parts: BrakeParts, { state, covered }: BrakeStart) {
    this.#parts = parts;
    this.#state = state;
    this.#covered = covered;
    this.#blindSinceMs = parts.wallMs();
    this.report = new PurgeReport(parts.event);
    const root = (index: number) => this.#roots.get(index);
    this.#counter = new Counter({ wallMs: parts.wallMs, total: parts.total, root });
    this.undo = new UndoJournal({
      wallMs: parts.wallMs,
      windowMs: () => (this.#settings ?? DEFAULT_BRAKE).windowMs,
      copyBytes: () => parts.copyBytes ?? COPY_BYTES,
      reach: () => this.#reach,
      stays: () => this.holds || this.tripped,
      short: (sentence) => this.#short(sentence),
      report: this.report,
    });
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

  /** The files of a root that was opened. */
  wrap(index: number, files: ReplicaFiles): KeepingFiles {
    const keeper = this.undo.add(index, files, {
      // What was stopped was on the disk before that was noted, and nothing was written since.
      covered: this.holds ? null : this.#covered,
      undoing: this.#state?.phase === 'rolling-back',
      keep: this.#keeps || this.holds,
    });
    const wrapped = new KeepingFiles(keeper, {
      ...this.#counter.watch(index),
      wrote: (bytes) => {
        this.undo.changed += bytes;
      },
    });
    this.#roots.set(index, wrapped);
    return wrapped;
  }

  /** Called with each operation before it is applied. */
  before({ sequence, timeMs }: OperationRecord): void {
    this.#counter.at = sequence;
    if (timeMs > 0) this.#counter.sourceMs = timeMs;
  }

  /** Everything up to `position` is applied and known to be. */
  committed(position: number, { settled, complete, mirroring }: Standing): void {
    const { trip, sourceMs } = this.#counter;
    if (trip !== null) {
      if (settled) this.#hold(position, trip, mirroring);
      return;
    }
    if (this.holds) return;
    this.#pass(position, mirroring || !complete);
    if (!this.#keeps) {
      this.#disarm();
      return;
    }
    const wallMs = this.#parts.wallMs();
    if (settled && complete && !mirroring)
      this.undo.exact({ position, wallMs, sourceMs: sourceMs > 0 ? sourceMs : wallMs });
    this.#counter.forgetBirths(wallMs - (this.#settings ?? DEFAULT_BRAKE).windowMs);
    this.undo.expire();
  }

  /** Every so often: what is kept aside goes when its time is over. */
  keepHouse(): void {
    if (!this.holds) this.undo.keepHouse();
  }

  /** The disk is full: what was kept aside makes room. True: there was something. */
  makeRoom(): boolean {
    return !this.holds && this.undo.makeRoom();
  }

  /** A person has seen it and wants it: what the source had intercepted up to then is not counted, nor is the mirror that goes on. */
  goOn(through: number): void {
    const { code = 'brake', sentence = '', at = 0, mirroring = false } = this.#state ?? {};
    this.#counter.clear();
    this.#note({ phase: 'passing', code, sentence, at, to: null, through, ...(mirroring ? { mirroring } : {}) });
  }

  /**
   * Back to where the burst began, and no further. Returns the position, null where the way back is lost half way; to be called again by
   * the next process where this one dies.
   */
  haltHere(): number | null {
    const state = this.#state;
    if (state === null) throw new Error('there is nothing to halt');
    const number = state.to === null ? null : this.#numberOf(state.to);
    const reached = number !== null && this.undo.reaches(number);
    if (!reached && state.phase === 'rolling-back' && state.to !== null) return null;
    const to = reached ? state.to : null;
    this.#note({ ...state, phase: 'rolling-back', to });
    if (to === null || number === null) return state.at;
    const lost = this.undo.undoTo(number, this.#parts.rebind).slice(0, MOST_NAMED).map(shownLost);
    this.#note({ ...state, phase: 'rolling-back', to, lost });
    return to.position;
  }

  /** Back to a moment that somebody wants. The same as `haltHere` from there on. */
  rewind(point: UndoPoint, at: number): number | null {
    const { number, position, wallMs, sourceMs } = point;
    const to = { number, position, wallMs, sourceMs };
    if (this.#state?.phase !== 'rolling-back') {
      // A power cut on the way finds all that has to be undone, and what undoes it.
      this.undo.sync();
      this.#note({ phase: 'rolling-back', code: 'rewound', sentence: rewoundSentence(to, []), at, to });
    }
    return this.haltHere();
  }

  /** What was taken back is committed; null: it is no moment of the source's. */
  halted(position: number | null): void {
    const { to = null, lost = [], timeMs = 0, at = 0, code } = this.#state ?? {};
    const rewound = code === 'rewound';
    const said = { position: position ?? at, sourceMs: to?.sourceMs ?? timeMs };
    const well = rewound ? rewoundSentence(said, lost) : haltedSentence(said.position, said.sourceMs, lost);
    const sentence = position === null ? unreachableSentence(said) : well;
    const kind = rewound ? 'rewound' : 'brake-halted';
    const number = to === null || position === null ? null : this.#numberOf(to);
    this.#note({ phase: 'halted', code: kind, sentence, at: said.position, to: null, timeMs: said.sourceMs });
    if (number === null) this.undo.dropAll();
    else this.undo.dropFrom(number);
    this.#counter.clear();
    this.#parts.event({ kind, severity: position === null || !rewound ? 'error' : 'warning', sentence });
  }

  /** Another stream, whose positions begin behind this one: what was counted and held belongs to the one before. */
  restart(position: number): void {
    // The mirror with which a replica begins anew that was halted is a person's word.
    const meant = this.#state?.phase === 'halted' ? this.#state : null;
    if (meant !== null) this.#note({ ...meant, phase: 'passing', through: position, mirroring: true });
    else if (this.#state !== null) this.#note(null);
    this.#counter.sourceMs = 0;
    this.#counter.clear();
    this.undo.startStream(position);
  }

  // ------------------------------------------------------------------------------------------------------ within

  get #reach(): UndoReach {
    return this.#parts.undo?.() ?? WINDOW_ONLY;
  }

  get #keeps(): boolean {
    return this.#settings !== null || this.#reach.ageMs > 0;
  }

  #note(state: BrakeState | null): void {
    this.#parts.note(state);
    this.#state = state;
    this.#counting();
  }

  #counting(): void {
    const { through = 0, mirroring = false } = this.#state ?? {};
    this.#counter.through = this.#settings === null || (mirroring && !this.holds) ? null : through;
  }

  /** What a person let pass has passed. */
  #pass(position: number, mirroring: boolean): void {
    if (this.#state === null || position < (this.#state.through ?? 0)) return;
    if (this.#state.mirroring !== true || !mirroring) this.#note(null);
  }

  #hold(position: number, trip: Trip, mirroring: boolean): void {
    const settings = this.#settings ?? DEFAULT_BRAKE;
    const known = this.undo.secure() ? this.undo.points() : [];
    const blind = this.#parts.wallMs() - this.#blindSinceMs < settings.windowMs;
    const before = known.filter((point) => point.position < trip.first);
    // What counted before a restart is not known: then one that is as old as the window is certainly before it.
    const since = this.#parts.wallMs() - settings.windowMs;
    const certain = before.findLast(({ wallMs }) => wallMs <= since) ?? before[0];
    const found = (blind ? certain : before.at(-1)) ?? known[0];
    const to = found === undefined ? null : pastOf(found);
    const sentence = heldSentence(trip, settings, to, before.length > 0);
    const more = { timeMs: this.#counter.sourceMs, ...(mirroring ? { mirroring } : {}) };
    this.#note({ phase: 'held', code: trip.code, sentence, at: position, to, ...more });
    this.#counter.clear();
    this.#parts.event({ kind: trip.code, severity: 'error', sentence });
  }

  /** What an older version noted has no number. */
  #numberOf({ number, position }: NonNullable<BrakeState['to']>): number | null {
    return number ?? this.undo.points().findLast((point) => point.position === position)?.number ?? null;
  }

  #short(sentence: string): void {
    if (this.#saidShort) return;
    this.#saidShort = true;
    this.#parts.event({ kind: 'keep-aside-short', severity: 'warning', sentence });
  }

  #disarm(): void {
    this.undo.dropAll();
    this.#counter.clear();
    this.#saidShort = false;
  }
}

/** Of a directory of which it is not known what was in it, what was in it is named. */
const shownLost = ({ path, within }: LostPast): string => (within ? `${path === '' ? '' : `${path}/`}*` : path);

const pastOf = ({ number, position, wallMs, sourceMs }: UndoPoint) => ({ number, position, wallMs, sourceMs });
