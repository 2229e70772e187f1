/**
 * Several jobs, one ring: which calls wait, and up to where everything is acknowledged. In: the synchronous jobs of an interception, their
 * terms and marks, how far the ring was drained. Out: terms and marks for each root. Promise: a root's mark is never beyond that of any job
 * whose calls wait there; what no such job is given counts as acknowledged once it is drained.
 */
import type { CallHold, HeldCalls, HoldTerms } from '@understudy/engine';

export interface SynchronousMember {
  /** Numbers of the interceptor's roots. */
  readonly roots: readonly number[];
  /** Null: its calls do not wait now. */
  readonly terms: HoldTerms | null;
  /** Everything of this job up to there is acknowledged; `drained`: the newest sequence that was read from the ring. */
  through(drained: number): number;
}

/** The stricter first: where two jobs share a root, a call waits for both and by the stricter rule. */
const STRICT: readonly HoldTerms['policy'][] = ['suspend', 'abort', 'degrade'];

export class HeldRoots {
  readonly #hold: CallHold;
  readonly #members = new Set<SynchronousMember>();
  /** What was set last. */
  readonly #set = new Map<number, string>();
  #drained = 0;

  constructor(hold: CallHold) {
    this.#hold = hold;
  }

  join(member: SynchronousMember): void {
    this.#members.add(member);
    this.agree(member.roots);
  }

  /** `release`: its calls wait no longer. Otherwise what was set stands, until somebody joins for these roots again. */
  leave(member: SynchronousMember, release: boolean): void {
    this.#members.delete(member);
    if (release) this.agree(member.roots);
    else for (const root of member.roots) this.#set.delete(root);
  }

  /** Terms have changed. */
  agree(roots: readonly number[]): void {
    for (const root of roots) {
      const terms = strictest(this.#at(root).flatMap(({ terms }) => terms ?? []));
      const said = JSON.stringify(terms);
      if (this.#set.get(root) === said) continue;
      this.#set.set(root, said);
      this.#hold.set(root, terms);
    }
    this.acknowledge();
  }

  /** Everything up to this sequence has been given to the jobs. */
  drained(sequence: number): void {
    this.#drained = sequence;
  }

  /** To be called when more may be acknowledged than before. */
  acknowledge(): void {
    const throughs = new Map<number, number>();
    for (const member of this.#members) {
      if (member.terms === null) continue;
      const through = member.through(this.#drained);
      for (const root of member.roots) throughs.set(root, Math.min(through, throughs.get(root) ?? through));
    }
    for (const [root, through] of throughs) this.#hold.acknowledge(root, through);
    this.#hold.settle();
  }

  /** Of all these roots together. */
  calls(roots: readonly number[]): HeldCalls {
    const all = roots.map((root) => this.#hold.calls(root));
    const sum = (of: (calls: HeldCalls) => number) => all.reduce((total, calls) => total + of(calls), 0);
    return {
      waiting: sum(({ waiting }) => waiting),
      longestMs: Math.max(0, ...all.map(({ longestMs }) => longestMs)),
      aborted: sum(({ aborted }) => aborted),
      stuck: sum(({ stuck }) => stuck),
      gaveUp: all.some(({ gaveUp }) => gaveUp),
    };
  }

  #at(root: number): SynchronousMember[] {
    return [...this.#members].filter(({ roots }) => roots.includes(root));
  }
}

function strictest(all: readonly HoldTerms[]): HoldTerms | null {
  const policy = STRICT.find((one) => all.some((terms) => terms.policy === one));
  if (policy === undefined) return null;
  return {
    at: all.some(({ at }) => at === 'every-call') ? 'every-call' : 'fsync',
    policy,
    limitMs: Math.min(...all.filter((terms) => terms.policy === policy).map(({ limitMs }) => limitMs)),
  };
}
