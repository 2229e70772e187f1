/**
 * The target's disk and the target's death. In: calls of the replica and of the journal, before they take effect.
 * Out: a FileError in their stead while the disk is bad, `Killed` where the agent is to die.
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

export class BadDisk {
  readonly kind: DiskKind;
  readonly #random: SeededRandom;
  readonly #broken: string;
  #full = false;
  #effectsToLive = Number.POSITIVE_INFINITY;
  /** Nothing fails any more, except what never works. */
  mended = false;
  /** How many calls failed. */
  failures = 0;

  constructor(kind: DiskKind, random: SeededRandom) {
    this.kind = kind;
    this.#random = random;
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

  beforeWrite(): void {
    this.#count();
  }

  beforeChange(call: string): void {
    if (this.#asleep) return;
    this.#count();
    const code = this.#failure(call);
    if (code === null) return;
    this.failures += 1;
    throw new FileError(code, call);
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
