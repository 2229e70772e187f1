/**
 * Verifications by themselves. In: a schedule as cron has it. Out: a call at each of its times. Promise: never two at once; a schedule
 * that is none is refused with a sentence before anything depends on it.
 */
import { Cron } from 'croner';

/** A sentence about what is wrong; null: nothing. */
export function scheduleFault(cron: string, what = 'verification'): string | null {
  try {
    const next = new Cron(cron, { paused: true }).nextRun();
    return next === null ? `The ${what} schedule "${cron}" has no next time.` : null;
  } catch (error) {
    return `The ${what} schedule "${cron}" is none (${(error as Error).message}); write minute hour day month weekday, as in "0 3 * * 0" for Sundays at three.`;
  }
}

export class VerifySchedule {
  readonly #cron: Cron;

  constructor(cron: string, verify: () => Promise<void>) {
    // `protect`: a time that comes while the last one still runs is passed over.
    this.#cron = new Cron(cron, { protect: true, unref: true }, verify);
  }

  get next(): Date | null {
    return this.#cron.nextRun();
  }

  close(): void {
    this.#cron.stop();
  }
}
