/**
 * Watches over a job's root that is an ordinary directory beneath a wider root of the interceptor (SAFE1, SAFE3). In: the wider root's
 * records, in order. Out: a named halt, before the record reaches the job. Promise: what happens to the root's own name, or to a
 * directory on the way to it, is never taken for something that happened within.
 */
import { printable, type RawName } from '@understudy/base';
import { FileError, type Reason, type SourceFiles } from '@understudy/engine';
import { type NodeId, RECORD_HEADER, Verb } from '@understudy/wire';

const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;
const AGAIN = 'start the job again with `understudy job start`';

/** The nodes of the directories that lead to a path beneath a root, the last of them the path's own; null: it is not there. */
export function wayBeneath(files: SourceFiles, names: readonly RawName[]): readonly NodeId[] | null {
  const way: NodeId[] = [];
  let at = files.rootNode;
  for (const name of names) {
    const entry = files.entry(at, name);
    if (entry === null || (entry.attributes.mode & TYPE_MASK) !== DIRECTORY) return null;
    at = entry.node;
    way.push(at);
  }
  return way;
}

export interface GuardedRoot {
  /** Of the wider root. */
  readonly files: SourceFiles;
  /** The job's root. */
  readonly path: RawName;
  /** From the wider root to it. */
  readonly names: readonly RawName[];
  readonly way: readonly NodeId[];
  /** The driver tells of each call; otherwise the place is looked at whenever it tells of anything. */
  readonly everyCall: boolean;
}

export class RootGuard {
  readonly #root: GuardedRoot;
  readonly #node: NodeId | undefined;
  #way: ReadonlySet<NodeId>;

  constructor(root: GuardedRoot) {
    this.#root = root;
    this.#node = root.way.at(-1);
    this.#way = new Set(root.way);
  }

  /** Before a batch of records. */
  beforeBatch(): Reason | null {
    return this.#root.everyCall ? null : this.#look();
  }

  /** Before the record at `at` is handed to the job. Records that change no name on the way cost a look at two numbers. */
  before(records: Uint8Array, at: number): Reason | null {
    const verb = records[at + 4];
    if (verb === Verb.gap) return this.#look();
    if (verb !== Verb.rename && verb !== Verb.rmdir && verb !== Verb.dirty) return null;
    const view = new DataView(records.buffer, records.byteOffset + at, RECORD_HEADER);
    const concerned = [NODE_AT, VICTIM_AT].some((field) => this.#way.has(view.getBigUint64(field, true) as NodeId));
    return concerned ? this.#look() : null;
  }

  /** As it is now: a root that was moved away and is back already has lost nothing. */
  #look(): Reason | null {
    const { files, names, path } = this.#root;
    const way = wayBeneath(files, names);
    if (way !== null && way.at(-1) === this.#node) {
      this.#way = new Set(way);
      return null;
    }
    return way === null ? rootMissing(path, this.#whereNow()) : rootReplaced(path, this.#whereNow());
  }

  #whereNow(): RawName | null {
    const { files } = this.#root;
    if (this.#node === undefined) return null;
    try {
      return files.stat(this.#node) === null ? null : files.pathOf(this.#node);
    } catch (error) {
      // Where it is now only adorns the sentence.
      if (error instanceof FileError) return null;
      throw error;
    }
  }
}

const NODE_AT = 24;
const VICTIM_AT = 48;

export function rootMissing(path: RawName, now: RawName | null = null): Reason {
  const what = now === null ? 'is not there (removed, or not mounted)' : `was moved to ${printable(now)}`;
  return {
    code: 'root-missing',
    sentence:
      `The protected directory ${printable(path)} ${what}. The replica stays as it is. ` +
      `Bring the directory back to its place, then ${AGAIN}; if it is not wanted any more, stop or delete the job.`,
  };
}

export function rootReplaced(path: RawName, now: RawName | null = null): Reason {
  const former = now === null ? '' : ` (that one lies at ${printable(now)} now)`;
  return {
    code: 'root-replaced',
    sentence:
      `Something else lies at ${printable(path)} than the directory that was protected there${former}. The replica stays as it is. ` +
      `If the new one is meant, ${AGAIN}: a mirror then makes the replica like it. If not, put the former one back first.`,
  };
}

/** SAFE2: found by a mirror, which has taken nothing away. */
export function rootEmptied(path: RawName, names: string): Reason {
  const count = Number(names);
  const held = count === 1 ? 'has one entry' : `has ${count > 0 ? count : 'more than no'} entries`;
  return {
    code: 'root-emptied',
    sentence:
      `There is nothing in the protected directory ${printable(path)}, and its replica ${held} at its top. Nothing was deleted or moved there. ` +
      `Look whether what belongs there is missing (not mounted, not restored yet, deleted by mistake), bring it back, then ${AGAIN}. ` +
      `If it is meant to be empty, ${AGAIN} all the same: the replica then becomes like it, and what came from the source is set aside.`,
  };
}
