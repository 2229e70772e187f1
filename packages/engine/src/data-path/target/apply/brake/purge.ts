/**
 * What lies in `kept` and `gone` of one root goes when its time is over. In: which folders may go, how much may be looked at now. Out:
 * gone, and how much it was. Promise: a pass does a bounded amount and the next one goes on where it stopped, in folders of any size;
 * `orphans` and everything else in limbo is not looked at; a folder that is needed stays whole. All it needs to know stands in the names
 * of the folders: a new process begins anew and finds what is left.
 */
import { must, type RawName } from '@understudy/base';
import { FileError, type Handle, type ReplicaEntry, type ReplicaFiles } from '../../../../ports.ts';
import { PASSING_KINDS, timeOfFolder } from '../keep-aside.ts';
import { isDirectory, isRegular } from '../replica-root.ts';

export interface PurgeWhat {
  /** This folder and all that are named behind it are needed; null: none is. */
  readonly from: RawName | null;
  /** Folders of times before this one. */
  readonly beforeMs: number;
  readonly nowMs: number;
}

export interface Purged {
  /** Files and directories. */
  readonly names: number;
  /** Of files whose last name went. */
  readonly bytes: number;
  /** Something in this folder, beneath limbo, could not be removed. */
  readonly stuck: RawName | null;
  /** It stopped for having looked at as much as it may. */
  readonly isMore: boolean;
}

/** A directory that is being emptied. */
interface Emptied {
  readonly parent: Handle;
  readonly name: RawName;
  readonly handle: Handle;
  /** null: between two readings. */
  entries: Generator<ReplicaEntry> | null;
  /** Directories in it, which come after its files. */
  readonly folders: ReplicaEntry[];
  /** The last reading has found nothing. */
  isEmpty: boolean;
  /** Something in it cannot be removed. */
  isStuck: boolean;
}

interface Due {
  readonly kind: RawName;
  readonly name: RawName;
  readonly timeMs: number;
}

/** Held of one directory; those beyond it are seen when it is read again. */
const MOST_FOLDERS = 1024;
/** What could not be removed is left alone for so long. */
const STUCK_MS = 600_000;

export class KeptPurge {
  readonly #files: ReplicaFiles;
  readonly #gone: (handle: Handle) => void;
  /** Folders that were there when it was looked last, oldest first. */
  #due: Due[] = [];
  /** What came since is younger than that. */
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #hasLooked = false;
  /** From the folder of a time inwards; only the innermost is open. */
  #within: Emptied[] = [];
  #top: Due | null = null;
  /** What could not be removed, and until when it is left alone. */
  readonly #left = new Map<RawName, { readonly due: Due; readonly untilMs: number }>();
  #budget = 0;
  #names = 0;
  #bytes = 0;
  #stuck: RawName | null = null;

  /** `gone`: told of each file that is removed. */
  constructor(files: ReplicaFiles, gone: (handle: Handle) => void) {
    this.#files = files;
    this.#gone = gone;
  }

  /** Looks at so many names at most. Throws FileError only where not even the store can be read. */
  pass(what: PurgeWhat, most: number): Purged {
    this.#budget = most;
    this.#names = 0;
    this.#bytes = 0;
    this.#stuck = null;
    this.#hasLooked = false;
    while (this.#budget > 0) {
      const innermost = this.#within.at(-1);
      if (innermost !== undefined) this.#step(innermost, what.nowMs);
      else if (!this.#begin(what)) break;
      this.#budget -= 1;
    }
    return { names: this.#names, bytes: this.#bytes, stuck: this.#stuck, isMore: this.#budget <= 0 };
  }

  /** Holds no directory open from here on. */
  close(): void {
    this.#within.at(-1)?.entries?.return(undefined);
    this.#within = [];
  }

  /** The next folder that may go. */
  #begin({ from, beforeMs, nowMs }: PurgeWhat): boolean {
    if (this.#due.length === 0) this.#look(beforeMs, nowMs);
    const isDue = ({ timeMs, name }: Due) => timeMs < beforeMs && (from === null || name < from);
    const next = this.#due[0];
    if (next !== undefined && isDue(next)) {
      this.#due.shift();
      if (!this.#left.has(topOf(next))) this.#enter(next);
      return true;
    }
    for (const [top, { due, untilMs }] of this.#left) {
      if (untilMs > nowMs) continue;
      this.#left.delete(top);
      this.#enter(due);
      return true;
    }
    return false;
  }

  #enter(due: Due): void {
    const { kind, name } = due;
    this.#top = due;
    const parent = this.#files.entry(this.#files.limbo, kind)?.handle;
    const folder = parent === undefined ? null : this.#files.entry(parent, name);
    if (parent !== undefined && folder !== null && isDirectory(folder.attributes))
      this.#within.push(emptied(parent, folder));
  }

  /** Once a pass, and not before something can have become due. */
  #look(beforeMs: number, nowMs: number): void {
    if (this.#hasLooked || (this.#lookedAtMs >= beforeMs && this.#lookedAtMs <= nowMs)) return;
    this.#hasLooked = true;
    this.#lookedAtMs = nowMs;
    for (const kind of PASSING_KINDS as readonly string[] as readonly RawName[]) {
      const store = this.#files.entry(this.#files.limbo, kind);
      if (store === null) continue;
      for (const { name } of this.#files.entries(store.handle)) {
        const timeMs = timeOfFolder(name);
        if (timeMs !== null) this.#due.push({ kind, name, timeMs });
      }
    }
    this.#due.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #step(at: Emptied, nowMs: number): void {
    try {
      if (at.entries !== null) this.#read(at, at.entries);
      else if (at.folders.length > 0) this.#within.push(emptied(at.handle, at.folders.pop() as ReplicaEntry));
      else if (at.isEmpty || at.isStuck) this.#leave(at, nowMs);
      else {
        at.isEmpty = true;
        at.entries = this.#files.entries(at.handle);
      }
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      // Neither read nor removed: the rest goes all the same.
      at.entries = null;
      if (at.isStuck) this.#leave(at, nowMs);
      at.isStuck = true;
    }
  }

  #read(at: Emptied, entries: Generator<ReplicaEntry>): void {
    const { done, value } = entries.next();
    if (done === true) {
      at.entries = null;
      return;
    }
    at.isEmpty = false;
    if (isDirectory(value.attributes)) {
      if (at.folders.length < MOST_FOLDERS) at.folders.push(value);
    } else this.#remove(at, value);
  }

  #remove(at: Emptied, { name, handle, attributes }: ReplicaEntry): void {
    try {
      this.#files.unlink(at.handle, name);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.code !== 'ENOENT') at.isStuck = true;
      return;
    }
    if (isRegular(attributes) && attributes.nlink === 1) this.#bytes += attributes.size;
    this.#removed(handle);
  }

  #leave(at: Emptied, nowMs: number): void {
    if (!at.isStuck) this.#files.removeDirectory(at.parent, at.name);
    this.#within.pop();
    const outer = this.#within.at(-1);
    if (outer !== undefined) {
      if (at.isStuck) outer.isStuck = true;
      // The folders of times are ours.
      else this.#removed(at.handle);
    } else if (at.isStuck) {
      const due = must(this.#top, 'the folder that is being emptied');
      this.#stuck = topOf(due);
      this.#left.set(this.#stuck, { due, untilMs: nowMs + STUCK_MS });
    }
  }

  #removed(handle: Handle): void {
    this.#names += 1;
    this.#gone(handle);
  }
}

const topOf = ({ kind, name }: Due): RawName => `${kind}/${name}` as RawName;

const emptied = (parent: Handle, { name, handle }: ReplicaEntry): Emptied => ({
  parent,
  name,
  handle,
  entries: null,
  folders: [],
  isEmpty: false,
  isStuck: false,
});
