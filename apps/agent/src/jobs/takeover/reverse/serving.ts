/**
 * What serves here until the switch: services, addresses, scripts. In: a switch that is about to be made, and word that it is not made.
 * Out: they are stopped, or they serve again. Promise: that they are stopped is on disk before the first of them is; a switch that does not
 * happen leaves nothing stopped, also where the agent was killed meanwhile.
 */
import { messageOf } from '../../../home/start-error.ts';
import type { Job } from '../../source/known-job.ts';
import type { RoleDoor } from './door.ts';

export interface ServingParts {
  readonly door: RoleDoor;
  /** Throws where one cannot be stopped. */
  readonly leaving?: ((job: Job) => Promise<void>) | undefined;
  /** Throws where one cannot be started. */
  readonly staying?: ((job: Job) => Promise<void>) | undefined;
}

export class Serving {
  readonly #parts: ServingParts;

  constructor(parts: ServingParts) {
    this.#parts = parts;
  }

  /** Throws what keeps it from that; whoever asked then says that it serves on. */
  async stop(job: Job): Promise<void> {
    const { leaving } = this.#parts;
    if (leaving === undefined) return;
    this.#note(job, true);
    await leaving(job);
  }

  /** This server writes on. Never throws. */
  async goOn(job: Job): Promise<void> {
    const { door, staying } = this.#parts;
    door.freeze(job, false);
    if (job.stored.reverse?.stopped !== true) return;
    try {
      await staying?.(job);
      this.#note(job, false);
    } catch (error) {
      const sentence = `The roles were not switched, and what was stopped for that does not serve again: ${messageOf(error)} Start it by hand.`;
      door.event(job, 'failback-not-served', 'error', sentence);
    }
  }

  #note(job: Job, stopped: boolean): void {
    const { reverse } = job.stored;
    if (reverse === undefined || (reverse.stopped === true) === stopped) return;
    this.#parts.door.save(job, { reverse: { ...reverse, stopped: stopped ? true : undefined } });
  }
}
