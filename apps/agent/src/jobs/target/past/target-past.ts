/**
 * What has been on one replica: its moments, views of them. In: the engine's desk, where to show a moment. Out: facts for `points`, mounts.
 * Promise: a moment that is shown stays; every view is gone when the job or the agent ends.
 */
import { realpath, stat } from 'node:fs/promises';
import { brand, printable, type RawName } from '@understudy/base';
import {
  type BrakeDesk,
  FileError,
  type OpenPast,
  type TargetPath,
  type UndoPoint,
  type UndoReach,
} from '@understudy/engine';
import { type MountedView, mountTable, mountView } from '@understudy/filesystem';
import type { Hello, Points } from '@understudy/wire';
import type { ReplicaRoots } from '../replica-roots.ts';
import { PastTree } from './past-tree.ts';
import { type UndoSettings, undoReach } from './undo-reach.ts';

export interface PastOptions {
  /** Of overwritten content, for the brake. */
  readonly keepAsideBytes: number;
  readonly undo: UndoSettings;
  /** What views are found by after this process was killed. */
  readonly owner: string;
  readonly tell: (code: string, sentence: string) => void;
}

export interface TargetPastParts extends PastOptions {
  readonly path: () => TargetPath;
  readonly roots: Pick<ReplicaRoots, 'places'>;
  /** The replica was taken back: there is something to tell. */
  readonly told: () => void;
  readonly mount?: typeof mountView;
}

interface OpenView {
  readonly past: OpenPast;
  readonly mounted: MountedView;
  readonly sinceMs: number;
}

/** One agent's views, by its home. */
export const viewOwnerOf = (home: string): string => `understudy-view:${Buffer.from(home).toString('hex').slice(-200)}`;

/** Why something about the past cannot be done; a sentence. */
export class PastRefusal extends Error {
  override readonly name = 'PastRefusal';
}

const VIEW_TYPE = 'fuse.understudy-view';
const iso = (ms: number): string => new Date(ms).toISOString();

export class TargetPast {
  readonly #parts: TargetPastParts;
  readonly #views = new Map<RawName, OpenView>();

  /** How far back it is to reach. */
  readonly reach: () => UndoReach;

  constructor(parts: TargetPastParts) {
    this.#parts = parts;
    const paths = () => parts.roots.places.map(({ replica }) => replica);
    this.reach = undoReach(parts.undo, paths, () => this.#desk.counters.kept);
  }

  get #desk(): BrakeDesk {
    return this.#parts.path().apply.brake;
  }

  /** The replica is opened without its source. Throws as opening one does. */
  open(hello: Hello): void {
    this.#parts.path().openAlone(hello);
  }

  /** What was under way when the machine lost its power has not been applied again yet: until then no moment can be gone back to. */
  get isUncertain(): boolean {
    return this.#desk.isUncertain;
  }

  /**
   * The replica goes back to that moment and stays there, over deaths too once this is called again. Throws PastRefusal, and what its file
   * system says.
   */
  rewind(point: UndoPoint): void {
    this.#refuseUncertain();
    this.close();
    try {
      this.#desk.rewind(point);
    } finally {
      this.#parts.told();
    }
  }

  /** Without who tells it. */
  describe(): Omit<Points, 'server'> {
    const desk = this.#desk;
    const to = desk.state?.to?.number;
    const { ageMs, bytes } = this.reach();
    const { kept, written, changed } = desk.counters;
    return {
      points: desk.points().map((point) => ({
        time: iso(point.sourceMs),
        position: String(point.position),
        bytes: point.bytes,
        reason: point.number === to ? ('before-brake' as const) : null,
        uncertain: point.uncertain,
      })),
      views: [...this.#views.values()].map(({ past, mounted, sinceMs }) => ({
        directory: printable(mounted.directory),
        time: iso(past.point.sourceMs),
        since: iso(sinceMs),
      })),
      ageMs: Math.floor(ageMs),
      limitBytes: bytes,
      keptBytes: kept,
      writtenBytes: written,
      changedBytes: changed,
    };
  }

  /** The newest moment at or before that time of the source. Throws PastRefusal. */
  at(timeMs: number): UndoPoint {
    const points = this.#desk.points();
    const [oldest] = points;
    if (oldest === undefined)
      throw new PastRefusal(
        'No moment is kept to which the replica could be taken back: they begin when the first mirror has ended.',
      );
    // A millisecond is as exactly as a time is shown.
    const found = points.findLast(({ sourceMs }) => Math.floor(sourceMs) <= timeMs);
    if (found !== undefined) return found;
    throw new PastRefusal(`Nothing is kept of ${iso(timeMs)}: the oldest moment is ${iso(oldest.sourceMs)}.`);
  }

  /** A rewind that was begun, or has come to its end; null: none is known of. */
  goingTo(): UndoPoint | 'done' | null {
    const { state } = this.#desk;
    if (state?.code !== 'rewound') return null;
    if (state.phase === 'halted') return 'done';
    return this.#desk.points().find(({ number }) => number === state.to?.number) ?? null;
  }

  /** Nothing of it counts any more. */
  forget(): void {
    this.close();
    this.#desk.forgetPast();
  }

  /** Throws PastRefusal. */
  async view(timeMs: number, directory: RawName): Promise<UndoPoint> {
    const real = await this.#directoryFor(directory);
    const point = this.at(timeMs);
    this.#refuseUncertain();
    let past: OpenPast | null = null;
    try {
      past = this.#desk.openPast(point);
      if (past === null) throw new PastRefusal('This replica keeps nothing of what has been.');
      const tree = new PastTree(
        past,
        this.#parts.roots.places.map(({ source }) => source),
      );
      const mounted = (this.#parts.mount ?? mountView)(tree, real, this.#parts.owner);
      this.#views.set(real, { past, mounted, sinceMs: Date.now() });
      return point;
    } catch (error) {
      past?.close();
      if (!(error instanceof FileError)) throw error;
      throw new PastRefusal(`The view cannot be shown at ${printable(real)}: ${error.message}.`);
    }
  }

  /** Throws PastRefusal. */
  async endView(directory: RawName): Promise<void> {
    const real = (await canonical(directory)) ?? directory;
    const view = this.#views.get(real);
    if (view === undefined) throw new PastRefusal(`No view is shown at ${printable(directory)}.`);
    this.#end(real, view);
  }

  /** Every so often: views that are none any more. */
  look(): void {
    for (const [directory, view] of this.#views) {
      const { ended } = view.mounted;
      if (ended === null && view.past.isKept) continue;
      const why = ended ?? 'the replica had no more room for what it was like then';
      this.#parts.tell('view-ended', `The view at ${printable(directory)} has ended: ${why}.`);
      this.#end(directory, view);
    }
  }

  close(): void {
    for (const [directory, view] of this.#views) this.#end(directory, view);
  }

  #end(directory: RawName, { past, mounted }: OpenView): void {
    this.#views.delete(directory);
    try {
      mounted.close();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#parts.tell('view-ended', `The view at ${printable(directory)} cannot be unmounted: ${error.message}.`);
    } finally {
      past.close();
    }
  }

  #refuseUncertain(): void {
    if (this.isUncertain)
      throw new PastRefusal(
        'This server lost its power, and what was being applied then has not been applied again yet: until it has, it is not known which paths were different. Try again once the job is linked and applies.',
      );
  }

  /** Within a view this thread would wait for itself. */
  #isShown(real: RawName): boolean {
    const views = mountTable().filter(({ type }) => type === VIEW_TYPE);
    return views.some(({ mountPoint }) => real === mountPoint || real.startsWith(`${mountPoint}/`));
  }

  async #directoryFor(directory: RawName): Promise<RawName> {
    const shown = printable(directory);
    const real = directory.startsWith('/') ? await canonical(directory) : null;
    if (real === null)
      throw new PastRefusal(
        `${shown} is no directory on the target: make it there first, and write it as an absolute path.`,
      );
    if (real === '/' || this.#isShown(real) || mountTable().some(({ mountPoint }) => mountPoint === real))
      throw new PastRefusal(`Something is mounted at ${shown} already: choose an empty directory.`);
    const within = this.#parts.roots.places.find(({ replica }) => overlap(real, replica));
    if (within !== undefined)
      throw new PastRefusal(
        `${shown} and the replica at ${printable(within.replica)} overlap: choose a directory beside it.`,
      );
    return real;
  }
}

/** Null: it is none. Not in this thread: the way may lead through a view, and this thread is the one that answers there. */
async function canonical(directory: RawName): Promise<RawName | null> {
  try {
    const real = await realpath(Buffer.from(directory, 'latin1'), { encoding: 'buffer' });
    return (await stat(real)).isDirectory() ? brand<RawName>(real.toString('latin1')) : null;
  } catch {
    return null;
  }
}

const overlap = (one: RawName, other: RawName): boolean =>
  one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
