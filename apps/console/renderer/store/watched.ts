/**
 * Which jobs are on the screen. In: what a screen shows, and shows no more. Out: the ends of them, told a moment after the last change.
 * Promised: what several places show is watched until the last of them is gone.
 */
import { useEffect } from 'react';
import { endKey } from '../../shared/view.ts';
import { invoke } from '../bridge.ts';
import type { JobView } from './jobs.ts';

/** A hand that scrolls passes many rows, and stops at few: they are told when it has stopped, or has gone on for so long. */
export const TOLD_AFTER_MS = 150;
export const TOLD_AT_LAST_MS = 1000;

export class Watched {
  readonly #tell: (ends: readonly string[]) => void;
  readonly #counts = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** When the first change came that is not told yet. */
  #since = 0;

  constructor(tell: (ends: readonly string[]) => void) {
    this.#tell = tell;
  }

  has(end: string): boolean {
    return this.#counts.has(end);
  }

  /** Returns what ends it. */
  add(ends: readonly string[]): () => void {
    this.#count(ends, 1);
    return () => this.#count(ends, -1);
  }

  #count(ends: readonly string[], by: 1 | -1): void {
    for (const end of ends) {
      const count = (this.#counts.get(end) ?? 0) + by;
      if (count === 0) this.#counts.delete(end);
      else this.#counts.set(end, count);
    }
    const now = performance.now();
    if (this.#timer === null) this.#since = now;
    else clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#tell([...this.#counts.keys()]);
      },
      Math.min(TOLD_AFTER_MS, this.#since + TOLD_AT_LAST_MS - now),
    );
  }
}

export const watched = new Watched((ends) => {
  // Where it cannot be told its figures come less often; nothing else is lost.
  invoke('watch', { ends: [...ends] }).catch(() => undefined);
});

const SEPARATOR = '\n';
const endsOf = (jobs: readonly JobView[]): string =>
  jobs.flatMap(({ ends }) => ends.map(({ server, status }) => endKey(server, status.name))).join(SEPARATOR);

export const isWatched = ({ ends }: JobView): boolean =>
  ends.some(({ server, status }) => watched.has(endKey(server, status.name)));

/** As long as they are shown. */
export function useWatched(jobs: readonly JobView[]): void {
  const ends = endsOf(jobs);
  useEffect(() => watched.add(ends === '' ? [] : ends.split(SEPARATOR)), [ends]);
}
