/**
 * Looks whether a queue notes what happens though its target is there: that is for the time without a link, and nothing is sent of what is
 * only noted. In: time, and whether the target is there. Out: once it has gone on for too long, word of it and its end; what was noted is
 * repaired. Promise: a time in which nobody looked counts for little.
 */
import type { JobEvent, SourceJobOptions } from '../source-job-options.ts';

/** Where the audit has no limit of its own. */
const LIMIT_MS = 30_000;
/** Between two looks no more is counted. */
const MOST_BETWEEN_MS = 10_000;

const NOTING: JobEvent = {
  code: 'queue-noting',
  severity: 'error',
  sentence:
    'The send queue went on noting changes as dirty, as it does without a link, though the target was linked: it queues them again from here ' +
    'on, and what was noted is repaired. Nothing is lost; please report it with the technical log of the source’s agent.',
};

export interface NotingQueue {
  readonly noting: boolean;
  setNoting(reason: null): void;
}

export class NotingWatch {
  readonly #limitMs: number;
  readonly #queue: NotingQueue;
  readonly #event: (event: JobEvent) => void;
  #sinceMs = 0;
  #lookedAtMs: number | null = null;

  constructor(
    { audit, world }: Pick<SourceJobOptions, 'audit'> & { readonly world: Pick<SourceJobOptions['world'], 'event'> },
    queue: NotingQueue,
  ) {
    this.#limitMs = audit?.limitMs ?? LIMIT_MS;
    this.#queue = queue;
    this.#event = (event) => world.event(event);
  }

  look(nowMs: number, linked: boolean): void {
    const passed = this.#lookedAtMs === null ? 0 : Math.max(0, nowMs - this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    this.#sinceMs = linked && this.#queue.noting ? this.#sinceMs + Math.min(passed, MOST_BETWEEN_MS) : 0;
    if (this.#sinceMs <= this.#limitMs) return;
    this.#sinceMs = 0;
    this.#event(NOTING);
    this.#queue.setNoting(null);
  }
}
