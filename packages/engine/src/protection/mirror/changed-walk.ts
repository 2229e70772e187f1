/**
 * Goes through the directories of a source for what has changed since a time, by the time of change that nobody can set. In: one
 * directory. Out: the directories in it, and what has changed. Nothing of it is said to the target, and no content is read.
 */
import type { NodeId } from '@understudy/wire';
import { FileError, type SourceDirectory } from '../../ports.ts';
import { DIRECTORY, typeOf } from './entry-sender.ts';
import type { MirrorRoot } from './world.ts';

export interface Walk {
  readonly root: number;
  readonly node: NodeId;
  readonly sinceMs: number;
}

export interface ChangedWalkOptions {
  readonly root: MirrorRoot;
  readonly node: NodeId;
  readonly sinceMs: number;
  directory(node: NodeId): void;
  changed(node: NodeId, isDirectory: boolean): void;
  unreadable(node: NodeId, what: string): void;
}

/** Names a step, and what a step counts for in the budget: it costs about a tenth of a listing that is said. */
const NAMES_A_STEP = 128;
const WORK = 4096;

export class ChangedWalk {
  readonly #options: ChangedWalkOptions;
  readonly #directory: SourceDirectory;
  finished = false;

  private constructor(options: ChangedWalkOptions, directory: SourceDirectory) {
    this.#options = options;
    this.#directory = directory;
  }

  /** null: it is gone, or cannot be read, which is said. */
  static open(options: ChangedWalkOptions): ChangedWalk | null {
    const { root, node, sinceMs, changed, unreadable } = options;
    try {
      const directory = root.files.openDirectory(node);
      if (directory === null) return null;
      if (isYounger(root, node, sinceMs)) changed(node, true);
      return new ChangedWalk(options, directory);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      unreadable(node, error.message);
      return null;
    }
  }

  step(): number {
    const { root, node, sinceMs, directory, changed, unreadable } = this.#options;
    try {
      const entries = this.#directory.next(NAMES_A_STEP);
      for (const entry of entries) {
        const isDirectory = typeOf(entry.attributes.mode) === DIRECTORY;
        // One that is not known the rules leave out, or it is new: then the directory it is in has changed, and is listed.
        if (isDirectory && root.scope.knows(entry.node)) directory(entry.node);
        else if (!isDirectory && isYounger(root, entry.node, sinceMs)) changed(entry.node, false);
      }
      if (entries.length === 0) this.close();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      unreadable(node, error.message);
      this.close();
    }
    for (const { error } of this.#directory.takeUnreadable()) unreadable(node, error.message);
    return WORK;
  }

  close(): void {
    if (!this.finished) this.#directory.close();
    this.finished = true;
  }
}

function isYounger({ files }: MirrorRoot, node: NodeId, sinceMs: number): boolean {
  const ages = files.ages(node);
  return ages !== null && ages.changedMs >= sinceMs;
}
