/**
 * Several jobs, one gate a root: who may change what is protected. In: of each job its directories and what is to hold for them. Out: the
 * gate of each root that serves any of them, above or beneath. Promise: the strictest counts; a root that is protected later begins as it
 * has to; nothing is opened that another job keeps shut.
 */
import type { RawName } from '@understudy/base';
import type { GateBeginning, Interceptor, ProtectedRoot, WriteGate } from '@understudy/engine';
import { isWithin } from '../within.ts';

/**
 * `read-only`: another server writes. `held`: what stands stands, and what is protected anew waits. Otherwise until when calls pass,
 * ms of CLOCK_BOOTTIME.
 */
export type GateTerms = 'read-only' | 'held' | { readonly untilMs: number };

interface Member {
  readonly directories: readonly RawName[];
  readonly terms: GateTerms;
}

export class WriteGates {
  readonly #members = new Map<string, Member>();
  readonly #interceptors = new Set<Interceptor>();
  /** Roots that are read-only by what jobs have said here. */
  readonly #shut = new Set<number>();

  /** An interceptor was opened; what an earlier process has left of it stands until the jobs that it serves are protected again. */
  add(interceptor: Interceptor): void {
    this.#interceptors.add(interceptor);
    if (this.#members.size > 0) this.#agree((path) => this.#at(path).length > 0);
  }

  remove(interceptor: Interceptor): void {
    this.#interceptors.delete(interceptor);
  }

  /** Of one job, from now on; null: it has no say. */
  set(jobId: string, directories: readonly RawName[], terms: GateTerms | null): void {
    const before = this.#members.get(jobId)?.directories ?? [];
    if (terms === null) this.#members.delete(jobId);
    else this.#members.set(jobId, { directories, terms });
    this.#agree((path) => isNear([...before, ...directories], path));
  }

  termsOf(jobId: string): GateTerms | null {
    return this.#members.get(jobId)?.terms ?? null;
  }

  /** While `protect` works, what it protects begins as the jobs have said. */
  async protecting<T>({ gate }: Interceptor, directory: RawName, protect: () => Promise<T>): Promise<T> {
    gate?.beginWith(this.#beginning(directory));
    try {
      return await protect();
    } finally {
      gate?.beginWith('open');
      this.#agree((path) => isNear([directory], path), true);
    }
  }

  /** Somebody else may keep a root shut for a moment, as a hand-over does: it is opened only by who shut it, or when it is protected anew. */
  #shutOrOpen(gate: WriteGate, id: number, { readOnly, anew }: { readOnly: boolean; anew: boolean }): void {
    const isShut = gate.at(id).mode === 'read-only';
    const ours = this.#shut.has(id);
    if (readOnly) this.#shut.add(id);
    else this.#shut.delete(id);
    if (readOnly && !isShut) gate.setReadOnly([id], true);
    else if (!readOnly && isShut && (ours || anew)) gate.setReadOnly([id], false);
  }

  #agree(concerned: (path: RawName) => boolean, anew = false): void {
    for (const { gate, roots } of this.#gated())
      for (const root of roots.filter(({ path }) => concerned(path))) {
        const members = this.#at(root.path);
        const readOnly = members.some(({ terms }) => terms === 'read-only');
        this.#shutOrOpen(gate, root.id, { readOnly, anew });
        const untils = members.flatMap(({ terms }) => (typeof terms === 'object' ? [terms.untilMs] : []));
        // One whose lease was not confirmed yet leaves the time that an earlier process has set.
        if (untils.length > 0) gate.setLease([root.id], Math.min(...untils));
        else if (!members.some(({ terms }) => terms === 'held') && gate.at(root.id).mode === 'leased')
          gate.setLease([root.id], null);
      }
  }

  #beginning(directory: RawName): GateBeginning {
    const terms = this.#at(directory).map((member) => member.terms);
    if (terms.includes('read-only')) return 'read-only';
    return terms.length > 0 ? 'held' : 'open';
  }

  #at(path: RawName): Member[] {
    return [...this.#members.values()].filter(({ directories }) => isNear(directories, path));
  }

  #gated(): { gate: WriteGate; roots: readonly ProtectedRoot[] }[] {
    return [...this.#interceptors].flatMap((interceptor) => {
      const { gate } = interceptor;
      return gate === undefined ? [] : [{ gate, roots: interceptor.roots() }];
    });
  }
}

/** Above one of the directories, or beneath it. */
function isNear(directories: readonly RawName[], path: RawName): boolean {
  return directories.some((directory) => isWithin(directory, path) || isWithin(path, directory));
}
