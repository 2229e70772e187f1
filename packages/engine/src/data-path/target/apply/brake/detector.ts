/**
 * SAFE4's eye: how many old files lost their content within a window. In: what happens to old files, with position and source time.
 * Out: whether that is beyond what the job allows, with counts and examples. A file counts once. Promise: bounded; nothing is asked of
 * the world.
 */
import type { RawName } from '@understudy/base';
import type { Handle } from '../../../../ports.ts';

export interface BrakeSettings {
  /** Distinct old files, and …  */
  readonly files: number;
  /** … of all files of the job, 0 to 1: both have to be reached. */
  readonly share: number;
  readonly windowMs: number;
}

export const DEFAULT_BRAKE: BrakeSettings = { files: 100, share: 0.2, windowMs: 60_000 };

export const LOSSES = ['deleted', 'moved-out', 'replaced', 'truncated', 'overwritten'] as const;
export type Loss = (typeof LOSSES)[number];

export interface Counted {
  readonly at: number;
  readonly timeMs: number;
  readonly loss: Loss;
  readonly path: RawName | null;
}

export interface Trip {
  readonly code: 'brake' | 'root-emptied';
  readonly files: number;
  readonly counts: Readonly<Record<Loss, number>>;
  readonly examples: readonly RawName[];
  /** Position of the first operation that counts. */
  readonly first: number;
}

/** More than a handful: fewer that are removed empty no root by accident. */
const HANDFUL = 5;
const EXAMPLES = 5;
/** Files whose overwriting is watched at once, and of each the places that are told apart. */
const MOST_WATCHED = 10_000;
const GRAINS = 1024;
const LEAST_GRAIN = 1024;
/** One of so many bytes is compared. */
const SAMPLE = 13;

export class Detector {
  settings: BrakeSettings = DEFAULT_BRAKE;
  readonly #counted = new Map<Handle, Counted>();
  /** Files overwritten in places: which, and how large they were. */
  readonly #watched = new Map<
    Handle,
    { readonly sinceMs: number; readonly size: number; readonly grains: Set<number> }
  >();

  get wantsExample(): boolean {
    return this.#counted.size < EXAMPLES;
  }

  isCounted(handle: Handle): boolean {
    return this.#counted.has(handle);
  }

  count(handle: Handle, counted: Counted): void {
    this.#expire(counted.timeMs);
    if (!this.#counted.has(handle)) this.#counted.set(handle, counted);
    this.#watched.delete(handle);
  }

  /** It turned up again. */
  forget(handle: Handle): void {
    this.#counted.delete(handle);
  }

  /** Old bytes of a file make room for others; true once most of the file is something else. */
  overwrites(
    handle: Handle,
    what: { size(): number; offset: number; timeMs: number },
    old: Uint8Array,
    by: Uint8Array | null,
  ): boolean {
    if (old.length === 0 || (by !== null && !differsMostly(old, by))) return false;
    let watched = this.#watched.get(handle);
    if (watched === undefined || watched.sinceMs < what.timeMs - this.settings.windowMs) {
      if (this.#watched.size >= MOST_WATCHED) this.#watched.delete(this.#watched.keys().next().value ?? handle);
      watched = { sinceMs: what.timeMs, size: what.size(), grains: new Set() };
      this.#watched.set(handle, watched);
    }
    const grain = Math.max(LEAST_GRAIN, Math.ceil(watched.size / GRAINS));
    const last = Math.floor((what.offset + old.length - 1) / grain);
    for (let at = Math.floor(what.offset / grain); at <= last; at += 1) watched.grains.add(at);
    return watched.grains.size * grain * 2 >= watched.size;
  }

  /** `total`: files of the job, with those that are counted. */
  tripped(nowMs: number, total: () => number): Trip | null {
    if (this.#counted.size < this.settings.files) return null;
    this.#expire(nowMs);
    const { size } = this.#counted;
    if (size < this.settings.files || size < this.settings.share * total()) return null;
    return this.#trip('brake');
  }

  /** A root has no entry left. */
  emptied(nowMs: number): Trip | null {
    this.#expire(nowMs);
    const { deleted, 'moved-out': out } = this.#counts();
    return deleted + out > HANDFUL ? this.#trip('root-emptied') : null;
  }

  clear(): void {
    this.#counted.clear();
    this.#watched.clear();
  }

  #trip(code: Trip['code']): Trip {
    const all = [...this.#counted.values()];
    const examples = all.flatMap(({ path }) => (path === null ? [] : [path])).slice(0, EXAMPLES);
    const first = all.reduce((least, { at }) => Math.min(least, at), Number.MAX_SAFE_INTEGER);
    return { code, files: all.length, counts: this.#counts(), examples, first };
  }

  #counts(): Record<Loss, number> {
    const counts = { deleted: 0, 'moved-out': 0, replaced: 0, truncated: 0, overwritten: 0 };
    for (const { loss } of this.#counted.values()) counts[loss] += 1;
    return counts;
  }

  /** They came in the order of their times, or nearly so. */
  #expire(nowMs: number): void {
    for (const [handle, { timeMs }] of this.#counted) {
      if (timeMs >= nowMs - this.settings.windowMs) break;
      this.#counted.delete(handle);
    }
  }
}

/** A database changes a little of a page; a cipher leaves no byte as it was. */
function differsMostly(old: Uint8Array, by: Uint8Array): boolean {
  const length = Math.min(old.length, by.length);
  let differing = 0;
  let looked = 0;
  for (let at = 0; at < length; at += SAMPLE) {
    looked += 1;
    if (old[at] !== by[at]) differing += 1;
  }
  return differing * 2 > looked;
}
