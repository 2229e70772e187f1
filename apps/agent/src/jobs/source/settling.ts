/**
 * Tells the interceptor which operations nobody needs to have compared after a power cut. In: how far each job of a root has come. Out:
 * for each root the newest operation up to which all of its jobs' targets have received everything. Promise: a root that a job cannot
 * speak for stays as it is in the activity log.
 */
import type { Interceptor } from '@understudy/engine';

export interface SettlingJob {
  /** Null: nobody knows which of its operations are received. */
  settledThrough(drained: number): number | null;
}

const EVERY_MS = 1000;

export class Settling {
  readonly #interceptor: Pick<Interceptor, 'settle'>;
  readonly #jobs: () => Iterable<readonly [root: number, jobs: readonly SettlingJob[]]>;
  readonly #drained: () => number;
  readonly #timer: NodeJS.Timeout | null;

  constructor(
    interceptor: Pick<Interceptor, 'settle'>,
    jobs: () => Iterable<readonly [root: number, jobs: readonly SettlingJob[]]>,
    drained: () => number,
  ) {
    this.#interceptor = interceptor;
    this.#jobs = jobs;
    this.#drained = drained;
    this.#timer = interceptor.settle === undefined ? null : setInterval(() => this.look(), EVERY_MS).unref();
  }

  /** Said again although nothing is new: what has been in use until now may be quiet. */
  look(): void {
    const drained = this.#drained();
    for (const [root, jobs] of this.#jobs()) {
      const reached = jobs.map((job) => job.settledThrough(drained));
      const through = reached.includes(null) || jobs.length === 0 ? null : Math.min(...reached.map((one) => one ?? 0));
      if (through === null || through === 0) continue;
      this.#interceptor.settle?.(root, through);
    }
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}
