/**
 * Failures that the source may not know of yet. In: what was given up, word of what the source knows. Out: what is to be told again at
 * its next greeting, by this process or a later one. Bounded: beyond the limit the replica is no longer complete, and a mirror compares.
 */
import type { Position, Reply } from '@understudy/wire';
import type { TargetJournal } from '../journal.ts';

export type Failure = Extract<Reply, { kind: 'failed' }>;

const MAX_UNTOLD = 10_000;

export class Untold {
  readonly #journal: Pick<TargetJournal, 'keep' | 'told'>;
  #all: Failure[];
  /** Given up since the last commit. */
  #fresh: Failure[] = [];

  constructor(journal: Pick<TargetJournal, 'keep' | 'told'>, known: readonly Reply[]) {
    this.#journal = journal;
    this.#all = known.filter((reply) => reply.kind === 'failed');
  }

  get all(): readonly Failure[] {
    return this.#all;
  }

  /** False: there are too many, and word of this one may be lost. */
  add(failure: Failure): boolean {
    if (this.#all.length + this.#fresh.length >= MAX_UNTOLD) return false;
    this.#fresh.push(failure);
    return true;
  }

  /** Before the mark that covers them. */
  commit(): void {
    if (this.#fresh.length === 0) return;
    this.#journal.keep(this.#fresh);
    this.#all = [...this.#all, ...this.#fresh];
    this.#fresh = [];
  }

  told(through: Position): void {
    const left = this.#all.filter((failure) => failure.at > through);
    if (left.length === this.#all.length) return;
    this.#all = left;
    this.#journal.told(through);
  }

  /** Another stream: positions begin anew, and so does the knowledge of the source. */
  clear(): void {
    this.#all = [];
    this.#fresh = [];
  }
}
