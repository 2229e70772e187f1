/**
 * The target's disk and the target's death. In: calls of the replica and of both journals, before they take effect.
 * Out: a FileError in their stead while the disk is bad, `Killed` where the agent is to die: as well where its journal cannot be written,
 * for that ends a job as its agent's death does.
 */
import { FileError } from '@understudy/engine';
import type { SeededRandom } from './random.ts';

/** The agent's process ends here. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export type DiskKind = 'good' | 'now-and-then' | 'full-for-a-while' | 'broken-call';
export const DISK_KINDS: readonly DiskKind[] = ['good', 'good', 'now-and-then', 'full-for-a-while', 'broken-call'];

const PASSING = ['EIO', 'EPERM', 'ENOSPC', 'EBUSY'] as const;
const BREAKABLE = ['setxattr', 'fchownat', 'symlinkat', 'mknodat', 'linkat', 'fchmodat'] as const;

/** What else may fail on it. */
export interface DiskFaults {
  readonly random: SeededRandom;
  /** How likely what is read of the replica cannot be. */
  readonly reads: number;
  /** How likely the journals' disk begins to take nothing. */
  readonly journals: number;
}

/** How likely it takes something again, whenever it is asked. */
const JOURNALS_AGAIN = 0.1;

export class BadDisk {
  readonly kind: DiskKind;
  readonly #random: SeededRandom;
  readonly #faults: DiskFaults | null;
  /** What takes nothing for a while. */
  readonly #refusing = new Set<'journal' | 'received'>();
  readonly #broken: string;
  #full = false;
  #effectsToLive = Number.POSITIVE_INFINITY;
  /** Nothing fails any more, except what never works. */
  mended = false;
  /** A mutation for the checkers: a directory that cannot be read is an empty one. */
  hidesUnreadable = false;
  /** How many calls failed. */
  failures = 0;

  constructor(kind: DiskKind, random: SeededRandom, faults: DiskFaults | null = null) {
    this.kind = kind;
    this.#random = random;
    this.#faults = faults;
    this.#broken = random.pick(BREAKABLE) ?? 'setxattr';
  }

  /** The agent dies at this many effects from now. */
  dieAfter(effects: number): void {
    this.#effectsToLive = effects;
  }

  live(): void {
    this.#effectsToLive = Number.POSITIVE_INFINITY;
  }

  /** Somebody else's work on that disk: it always succeeds. */
  untouched<T>(work: () => T): T {
    const was = this.#asleep;
    this.#asleep = true;
    try {
      return work();
    } finally {
      this.#asleep = was;
    }
  }
  #asleep = false;

  get failsReads(): boolean {
    return (this.#faults?.reads ?? 0) > 0;
  }

  beforeWrite(): void {
    this.#count();
    if (this.#refuses('journal')) throw new Killed();
  }

  /** Of the journal of what is received: it takes nothing now. */
  takesNothing(): boolean {
    return this.#refuses('received');
  }

  beforeRead(call: string): void {
    if (this.mended || this.#asleep || this.#faults?.random.chance(this.#faults.reads) !== true) return;
    this.failures += 1;
    throw new FileError('EIO', call);
  }

  beforeChange(call: string): void {
    if (this.#asleep) return;
    this.#count();
    const code = this.#failure(call);
    if (code === null) return;
    this.failures += 1;
    throw new FileError(code, call);
  }

  #refuses(which: 'journal' | 'received'): boolean {
    if (this.#faults === null || this.mended || this.#asleep) return false;
    const { random, journals } = this.#faults;
    const refusing = this.#refusing.has(which);
    if (random.chance(refusing ? JOURNALS_AGAIN : journals)) this.#refusing[refusing ? 'delete' : 'add'](which);
    return this.#refusing.has(which);
  }

  #count(): void {
    this.#effectsToLive -= 1;
    if (this.#effectsToLive < 0) throw new Killed();
  }

  #failure(call: string): string | null {
    if (this.kind === 'broken-call') return call === this.#broken ? 'EPERM' : null;
    if (this.mended || this.kind === 'good') return null;
    if (this.kind === 'now-and-then') return this.#random.chance(0.004) ? (this.#random.pick(PASSING) ?? 'EIO') : null;
    if (this.#random.chance(this.#full ? 0.02 : 0.003)) this.#full = !this.#full;
    return this.#full && call !== 'unlinkat' ? 'ENOSPC' : null;
  }
}
