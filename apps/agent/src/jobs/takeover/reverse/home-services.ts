/**
 * What serves where a job has come home to. In: word that it has. Out: its services are started there, in their order, once the job runs.
 * Promise: that they are to be started is on disk with the word itself, and an agent that was killed goes on with it; nothing is started
 * twice, nothing beneath a job that does not run, and what does not start is told with its name.
 */
import { messageOf } from '../../../home/start-error.ts';
import type { Job } from '../../source/known-job.ts';
import type { ServicesHere } from '../services-here.ts';
import type { RoleDoor } from './door.ts';

export interface HomeServicesParts {
  readonly door: Pick<RoleDoor, 'all' | 'find' | 'save' | 'event' | 'fault'>;
  readonly services: Pick<ServicesHere, 'start' | 'tellable'>;
}

const LOOK_MS = 250;

export class HomeServices {
  readonly #parts: HomeServicesParts;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #closed = false;

  constructor(parts: HomeServicesParts) {
    this.#parts = parts;
  }

  /** After the agent's start. */
  restore(): void {
    for (const job of this.#parts.door.all()) this.begin(job);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** It is stored with the job that its services are to be started; that of others is let be. */
  begin(job: Job): void {
    const { id, serve } = job.stored;
    if (serve === true && !this.#timers.has(id)) this.#lookLater(job);
  }

  #lookLater(job: Job): void {
    if (this.#closed) return;
    const look = () => {
      this.#look(job).catch((error: unknown) => this.#parts.door.fault(error, job));
    };
    this.#timers.set(job.stored.id, setTimeout(look, LOOK_MS).unref());
  }

  async #look(job: Job): Promise<void> {
    const { stored, running } = job;
    const isOurs = stored.started && stored.superseded === undefined && stored.gaveWay === undefined;
    if (this.#parts.door.find(stored.id) !== job || stored.serve !== true) this.#timers.delete(stored.id);
    else if (!isOurs) this.#done(job);
    else if (running === null || running.runner.isHalted || job.busy) this.#lookLater(job);
    else await this.#serve(job);
  }

  async #serve(job: Job): Promise<void> {
    const { door, services } = this.#parts;
    const { asked, unasked } = services.tellable(job.stored);
    try {
      await services.start(job.stored, asked);
      if (asked.length > 0)
        door.event(job, 'home-served', 'information', `The job is home, and its services serve here: ${shown(asked)}.`);
    } catch (error) {
      const sentence = `The job is home, and not all that it serves was started here: ${messageOf(error)} Start it by hand: ${shown(asked)}.`;
      door.event(job, 'home-not-served', 'error', sentence);
    }
    if (unasked.length > 0) {
      const sentence = `The job is home. Nothing tells whether ${shown(unasked)} serve here: start by hand what does not, or give the job a check for it.`;
      door.event(job, 'home-not-asked', 'warning', sentence);
    }
    this.#done(job);
  }

  #done(job: Job): void {
    this.#timers.delete(job.stored.id);
    if (this.#parts.door.find(job.stored.id) === job) this.#parts.door.save(job, { serve: undefined });
  }
}

const shown = (names: readonly string[]): string => names.join(', ');
