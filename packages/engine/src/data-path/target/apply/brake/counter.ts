/**
 * What befalls the files of all roots, counted. In: births, losses, entries of roots, each with the position and time of its operation.
 * Out: whether that is too much. Promise: a file that came to be within the window counts for nothing.
 */
import type { RawName } from '@understudy/base';
import type { Handle } from '../../../../ports.ts';
import { type BrakeSettings, DEFAULT_BRAKE, Detector, type Loss, type Trip } from './detector.ts';
import type { KeepingFiles, Watch } from './keeping-files.ts';

export interface CounterParts {
  readonly wallMs: () => number;
  readonly total: () => number;
  readonly root: (index: number) => KeepingFiles | undefined;
}

const MOST_BORN = 1_000_000;
const MOST_OLD = 10_000;
const OWN_PREFIX = '.understudy-';

export class Counter {
  readonly #parts: CounterParts;
  readonly #detector = new Detector();
  /** Files that came to be within the window, by when. */
  readonly #born = new Map<Handle, number>();
  /** Files that are known to be older. */
  readonly #old = new Set<Handle>();
  /** What came to be since was seen; what a mirror brought since is older than it looks. */
  readonly #sinceMs: number;
  /** Entries of roots; absent: not counted yet. */
  readonly #entries = new Map<number, number>();
  trip: Trip | null = null;
  /** Of the operation that is being applied. */
  at = 0;
  sourceMs = 0;
  /** Up to here nothing is counted; null: nothing at all is. */
  through: number | null = 0;

  constructor(parts: CounterParts) {
    this.#parts = parts;
    this.#sinceMs = parts.wallMs();
  }

  configure(settings: BrakeSettings | null): void {
    this.#detector.settings = settings ?? DEFAULT_BRAKE;
  }

  watch(index: number): Omit<Watch, 'wrote'> {
    return {
      born: (handle) => this.#wasBorn(handle),
      lost: (loss, handle, path) => this.#lost(index, loss, { handle, path }),
      back: (handle) => this.#detector.forget(handle),
      looksAt: (handle) => this.#counts && !this.#detector.isCounted(handle) && !this.#isYoung(index, handle),
      overwritten: (handle, at, old, by) => {
        const most = this.#detector.overwrites(handle, { ...at, timeMs: this.sourceMs }, old, by);
        const path = () => this.#parts.root(index)?.pathOf(handle) ?? null;
        if (most) this.#lost(index, 'overwritten', { handle, path });
      },
      rootEntries: (change) => this.#rootEntries(index, change),
    };
  }

  forgetBirths(beforeMs: number): void {
    for (const [handle, bornMs] of this.#born) {
      if (bornMs >= beforeMs) break;
      this.#born.delete(handle);
    }
  }

  /** What was counted is done with. */
  clear(): void {
    this.trip = null;
    this.#detector.clear();
    this.#entries.clear();
  }

  get #counts(): boolean {
    return this.through !== null && this.at > this.through;
  }

  #wasBorn(handle: Handle): void {
    if (this.#born.size >= MOST_BORN) this.#born.delete(this.#born.keys().next().value ?? handle);
    this.#born.set(handle, this.#parts.wallMs());
  }

  /** It came to be within the window. What an earlier process saw of that, the file system knows. */
  #isYoung(index: number, handle: Handle): boolean {
    if (this.#born.has(handle)) return true;
    if (this.#old.has(handle)) return false;
    const bornMs = this.#parts.root(index)?.bornMs(handle) ?? null;
    const windowBegan = this.#parts.wallMs() - this.#detector.settings.windowMs;
    const isYoung = bornMs !== null && bornMs < this.#sinceMs && bornMs > windowBegan;
    if (isYoung) this.#born.set(handle, bornMs);
    else {
      if (this.#old.size >= MOST_OLD) this.#old.clear();
      this.#old.add(handle);
    }
    return isYoung;
  }

  #lost(index: number, loss: Loss, { handle, path }: { handle: Handle; path: () => RawName | null }): void {
    if (!this.#counts || this.#isYoung(index, handle)) return;
    const shown = this.#detector.wantsExample ? path() : null;
    this.#detector.count(handle, { at: this.at, timeMs: this.sourceMs, loss, path: shown });
    this.trip ??= this.#detector.tripped(this.sourceMs, this.#parts.total);
  }

  #rootEntries(index: number, change: -1 | 1): void {
    const files = this.#parts.root(index);
    if (files === undefined || !files.keeper.active) return;
    const known = this.#entries.get(index);
    const left = known === undefined ? entriesOf(files) : known + change;
    this.#entries.set(index, left);
    if (change > 0 || left > 0 || !this.#counts || entriesOf(files) > 0) return;
    this.trip ??= this.#detector.emptied(this.sourceMs);
  }
}

function entriesOf(files: KeepingFiles): number {
  return (files.list(files.root) ?? []).filter(({ name }) => !name.startsWith(OWN_PREFIX)).length;
}
