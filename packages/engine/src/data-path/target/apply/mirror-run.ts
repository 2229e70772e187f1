/**
 * What a mirror or a verification remembers between its records. It does not survive a killed agent: a listing that was open then is
 * asked for again.
 */
import type { RawName } from '@understudy/base';
import type { NodeId, Position } from '@understudy/wire';
import type { Handle } from '../../../ports.ts';
import { FoundByName } from './found-by-name.ts';

/** Names remembered over all open listings, about 100 bytes each. */
const MAX_NAMES = 2_000_000;

/** Beside MirrorCompare in the journal: an operation was given up since the run began. */
const FAILED = 128;

export class MirrorRun {
  #compare: number | null;
  #failed: boolean;
  #complete: boolean;
  /** Directory → names found when its listing began and not confirmed since. */
  readonly #unconfirmed = new Map<string, Set<RawName>>();
  /** Directory → names that were checked. */
  readonly #checked = new Map<string, Set<RawName>>();
  /** Files with several names only. */
  readonly #answered = new Set<string>();
  /** What the source detached since the last run ended. */
  readonly #spared = new Set<Handle>();
  readonly found: FoundByName;
  #names = 0;

  /** `covered`: the last checkpoint is of there; null: that is not known. */
  constructor(compare: number | null, complete: boolean, covered: Position | null) {
    this.found = new FoundByName(covered);
    this.#compare = compare === null ? null : compare & ~FAILED;
    this.#failed = compare !== null && (compare & FAILED) !== 0;
    this.#complete = complete;
  }

  /** MirrorCompare of the mirror under way; null without one. */
  get compare(): number | null {
    return this.#compare;
  }

  /** As the journal keeps it. */
  get noted(): number | null {
    return this.#compare === null ? null : this.#compare | (this.#failed ? FAILED : 0);
  }

  /** An operation was given up since the run began. Without a run, not being complete says as much. */
  get failures(): boolean {
    return this.#failed;
  }

  /** A mirror came to its end and none has begun since. Kept by the journal. */
  get complete(): boolean {
    return this.#complete;
  }

  /** A repair leaves the replica as complete as it was: what it repairs the source knows. */
  beginMirror(compare: number, how: { readonly repair: boolean; readonly goesOn: boolean }): void {
    this.#forgetListings();
    this.#compare = compare;
    if (!how.goesOn) this.#failed = false;
    if (!how.repair) this.#complete = false;
  }

  endMirror(): void {
    this.#forgetListings();
    this.#compare = null;
    this.#complete = true;
    this.#failed = false;
    this.#spared.clear();
  }

  /** An operation was given up. */
  failed(): void {
    this.#failed = true;
  }

  /** Word of one that was given up may be lost: only a mirror finds what it was. */
  wordLost(): void {
    this.#complete = false;
  }

  endVerification(): void {
    for (const names of this.#checked.values()) this.#names -= names.size;
    this.#checked.clear();
  }

  #forgetListings(): void {
    for (const names of this.#unconfirmed.values()) this.#names -= names.size;
    this.#unconfirmed.clear();
    this.#answered.clear();
  }

  /** False: too much is remembered already; nothing is told of what is beyond this listing. */
  beginListing(root: number, directory: NodeId, names: readonly RawName[]): boolean {
    this.endListing(root, directory);
    if (this.#names + names.length > MAX_NAMES) {
      // Its end is to be known for what it is: nothing beyond the listing is looked for.
      this.#unconfirmed.set(key(root, directory), new Set());
      return false;
    }
    this.#unconfirmed.set(key(root, directory), new Set(names));
    this.#names += names.length;
    return true;
  }

  /** The name was brought into the directory, by the listing or by an operation. */
  confirm(root: number, directory: NodeId, name: RawName): void {
    if (this.#unconfirmed.size === 0 && this.#checked.size === 0) return;
    const id = key(root, directory);
    if (this.#unconfirmed.get(id)?.delete(name)) this.#names -= 1;
    this.checked(root, directory, name);
  }

  /** Names nobody confirmed; null: the beginning of the listing is not known. */
  endListing(root: number, directory: NodeId): ReadonlySet<RawName> | null {
    const id = key(root, directory);
    const names = this.#unconfirmed.get(id);
    if (names === undefined) return null;
    this.#unconfirmed.delete(id);
    this.#names -= names.size;
    return names;
  }

  /** From here on names that operations bring into the directory count as checked: the source has them at that very position. */
  beginChecks(root: number, directory: NodeId): void {
    this.endChecks(root, directory);
    this.#checked.set(key(root, directory), new Set());
  }

  checked(root: number, directory: NodeId, name: RawName): void {
    const names = this.#checked.get(key(root, directory));
    if (names === undefined || names.has(name)) return;
    names.add(name);
    this.#names += 1;
    if (this.#names > MAX_NAMES) this.endChecks(root, directory);
  }

  /** Names that were checked in the directory; null: it is not known which. */
  endChecks(root: number, directory: NodeId): ReadonlySet<RawName> | null {
    const id = key(root, directory);
    const names = this.#checked.get(id);
    if (names === undefined) return null;
    this.#checked.delete(id);
    this.#names -= names.size;
    return names;
  }

  /** Files with several names: the first entry was answered, and that answer stands for the run. */
  answered(root: number, node: NodeId): void {
    this.#answered.add(key(root, node));
  }

  /** Answers may have been lost with a link: what was asked is asked again, and answered again. */
  linkLost(): void {
    this.#answered.clear();
  }

  wasAnswered(root: number, node: NodeId): boolean {
    return this.#answered.has(key(root, node));
  }

  /** Taken from its place by word that it is gone from there: an entry of this run, or of the next, may say where it is. */
  spare(handle: Handle): void {
    this.#spared.add(handle);
  }

  isSpared(handle: Handle): boolean {
    return this.#spared.has(handle);
  }
}

const key = (root: number, directory: NodeId): string => `${root}:${directory}`;
