/**
 * The way home of a job that this server has taken over. In: a person's word. Out: the former source as the replica of this one, both equal,
 * and then, with `failback`, the roles as they were. Promise: while it sends nothing stops; at the switch nothing is written here any more
 * before the other side has it all and knows it; broken off or crashed at any point it goes on where it was.
 */
import type { JobFacts } from '@understudy/engine';
import { ManagementError, type Refuse } from '@understudy/wire';
import { messageOf } from '../../../home/start-error.ts';
import type { Job, Running } from '../../source/known-job.ts';
import type { StoredJob } from '../../stored-job.ts';
import { changedSince } from './begin-reverse.ts';
import type { RoleDoor } from './door.ts';
import { setAside } from './set-aside.ts';
import { addUnsent } from './unsent-list.ts';

export interface HomeParts {
  readonly door: RoleDoor;
  /** Word to the former source: it is the primary from this epoch on. null: it has taken it. `unsaid`: it has not heard a word. */
  readonly say: (stored: StoredJob, intent: 'undo' | 'hand-over', epoch: number) => Promise<Refuse | 'unsaid' | null>;
  /** This server keeps the replica again, and others may not write into it. */
  readonly keepAgain: (jobId: string) => void;
  /** Before the switch and behind it: services, addresses, scripts. Throws where one says no; then nothing is switched. */
  readonly leaving?: (job: Job) => Promise<void>;
  readonly left?: (jobId: string) => void;
}

type Purpose = NonNullable<StoredJob['reverse']>['purpose'];

/** Equal is looked for this often, and a switch that failed is tried again. */
const LOOK_MS = 250;
const AGAIN_MS = 5000;
const FLUSH_MS = 30_000;

export class WayHome {
  readonly #parts: HomeParts;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #said = new Map<string, string>();
  #closed = false;

  constructor(parts: HomeParts) {
    this.#parts = parts;
  }

  /** The agent has started: what was under way goes on. */
  restore(): void {
    for (const job of this.#parts.door.all()) if (isUnderWay(job)) this.#lookLater(job, 0);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  failback(job: Job): Promise<void> {
    return this.#link(
      job,
      'failback',
      'The way home has begun: the former source becomes the replica, and then the primary again.',
    );
  }

  reverse(job: Job): Promise<void> {
    return this.#link(job, 'stays', 'The roles stay as they are: the former source becomes the target.');
  }

  /** Nothing was changed since, or a person gives that up: then it is put aside. Throws ManagementError where something was. */
  async undo(job: Job, discard: boolean): Promise<{ readonly sentence: string; readonly asideAt: string[] }> {
    const { door } = this.#parts;
    const reverse = demandReverse(job, ['noting']);
    return door.exclusively(job, async () => {
      const { name, target } = job.stored.definition;
      refuseChanged(job, discard);
      // What a service wrote while it was stopped is a change like any other.
      await this.#parts.leaving?.(job);
      door.freeze(job, true);
      try {
        refuseChanged(job, discard);
        const asideAt = discard ? await this.#putAside(job) : [];
        const handing = job.stored.epoch + 1;
        door.save(job, { reverse: { ...reverse, purpose: discard ? 'giving-up' : 'undoing', handing } });
        if (await this.#hand(job))
          return { sentence: `${target.name} is the primary of ${name} again, in epoch ${handing}.`, asideAt };
      } catch (error) {
        // Where it may have heard of it nobody writes here until that is known.
        if (job.stored.reverse?.handing === undefined) door.freeze(job, false);
        else this.#lookLater(job, AGAIN_MS);
        throw error instanceof ManagementError ? error : new ManagementError('failed', messageOf(error));
      }
      door.save(job, { reverse });
      door.freeze(job, false);
      throw new ManagementError(
        'unreachable',
        `The failover of ${name} was not undone: ${target.name} cannot be reached.`,
      );
    });
  }

  // ------------------------------------------------------------------------------------------------------ within

  async #link(job: Job, purpose: Purpose, sentence: string): Promise<void> {
    const { door } = this.#parts;
    const reverse = demandReverse(job, purpose === 'failback' ? ['noting', 'stays'] : ['noting', 'failback']);
    if (reverse.handing !== undefined) throw new ManagementError('busy', 'The job is being handed back this moment.');
    await door.exclusively(job, async () => {
      const definition = purpose === 'stays' ? asItWas(job.stored.definition, reverse.former) : job.stored.definition;
      door.save(job, { started: true, definition, reverse: { ...reverse, purpose } });
      await door.restart(job);
      door.event(job, `${purpose === 'failback' ? 'failback' : 'reverse'}-begun`, 'information', sentence);
    });
    if (purpose === 'failback') this.#lookLater(job, LOOK_MS);
  }

  #lookLater(job: Job, ms: number): void {
    const { id } = job.stored;
    if (this.#closed) return;
    clearTimeout(this.#timers.get(id));
    const look = () => {
      this.#timers.delete(id);
      void this.#look(job);
    };
    this.#timers.set(id, setTimeout(look, ms).unref());
  }

  async #look(job: Job): Promise<void> {
    const { door } = this.#parts;
    if (this.#closed || door.find(job.stored.id) !== job || !isUnderWay(job)) return;
    const { running } = job;
    const handing = job.stored.reverse?.handing !== undefined;
    const ready = running !== null && (handing || isEqual(running.runner.facts()));
    if (!ready || job.busy) {
      this.#lookLater(job, LOOK_MS);
      return;
    }
    try {
      if (await door.exclusively(job, () => this.#switch(job, running))) return;
    } catch (error) {
      this.#tell(job, messageOf(error));
    }
    this.#lookLater(job, AGAIN_MS);
  }

  /** True: it is done, and the job is here no more. */
  async #switch(job: Job, running: Running): Promise<boolean> {
    const { door, leaving } = this.#parts;
    const { reverse } = job.stored;
    if (reverse === undefined) return true;
    if (reverse.handing === undefined) await leaving?.(job);
    door.freeze(job, true);
    if (reverse.handing === undefined) {
      if (!(await drained(running))) return this.#goOn(job, 'what was written last did not get over in time');
      door.save(job, { reverse: { ...reverse, handing: job.stored.epoch + 1 } });
      if (await this.#hand(job)) return true;
      return this.#goOn(job, `${job.stored.definition.target.name} cannot be reached`);
    }
    if (await this.#hand(job)) return true;
    throw new Error('the former source cannot be reached, and may have been told');
  }

  /** False: the former source has not heard a word. Throws where it is not known what it has heard; nobody writes here then. */
  async #hand(job: Job): Promise<boolean> {
    const { door, say, keepAgain } = this.#parts;
    const { reverse, epoch } = job.stored;
    const intent = reverse?.purpose === 'failback' ? 'hand-over' : 'undo';
    const answer = await say(job.stored, intent, reverse?.handing ?? epoch + 1);
    if (answer === 'unsaid') return false;
    if (answer !== null) throw new Error(answer.sentence);
    await door.stop(job);
    keepAgain(job.stored.id);
    this.#forget(job);
    return true;
  }

  async #putAside(job: Job): Promise<string[]> {
    const { running, stored } = job;
    if (running === null) return [];
    const file = this.#parts.door.unsent(job);
    const list = addUnsent(running.runner.job, file);
    const roots = running.roots.map(({ path }) => path);
    return setAside({ jobId: stored.id, roots, list, nowMs: Date.now() });
  }

  #goOn(job: Job, why: string): false {
    const { door } = this.#parts;
    const { reverse } = job.stored;
    if (reverse !== undefined) door.save(job, { reverse: { ...reverse, handing: undefined } });
    door.freeze(job, false);
    this.#tell(job, why);
    return false;
  }

  #forget(job: Job): void {
    const { door, left } = this.#parts;
    const { id, definition } = job.stored;
    door.event(
      job,
      'handed-over',
      'information',
      `${definition.target.name} is the primary of the job again; this server keeps its replica.`,
    );
    door.remove(job);
    left?.(id);
  }

  /** Once, and not at every try. */
  #tell(job: Job, why: string): void {
    if (this.#said.get(job.stored.id) === why) return;
    this.#said.set(job.stored.id, why);
    this.#parts.door.event(job, 'failback-waits', 'warning', `The roles were not switched: ${why}. It is tried again.`);
  }
}

function isUnderWay({ stored: { reverse } }: Job): boolean {
  return reverse !== undefined && (reverse.purpose === 'failback' || reverse.handing !== undefined);
}

function demandReverse(job: Job, purposes: readonly Purpose[]): NonNullable<StoredJob['reverse']> {
  const { reverse, definition } = job.stored;
  if (reverse === undefined)
    throw new ManagementError(
      'refused',
      `${definition.name} has not been taken over by this server: there is nothing to go back from.`,
    );
  if (purposes.includes(reverse.purpose)) return reverse;
  const now = {
    noting: 'has only been taken over',
    failback: 'is on its way home',
    stays: 'has been reversed',
    undoing: 'is being given back',
    'giving-up': 'is being given back',
  }[reverse.purpose];
  throw new ManagementError('refused', `${definition.name} ${now} already.`);
}

function refuseChanged(job: Job, discard: boolean): void {
  const changed = changedSince(job);
  if (discard || changed?.items === 0) return;
  const what =
    changed === null ? 'nobody knows what was changed here since' : `${changed.items} places were changed here since`;
  throw new ManagementError(
    'refused',
    `The failover of ${job.stored.definition.name} cannot be undone: ${what}. \`failback\` brings it home; with --discard-changes it is given up.`,
  );
}

/** Everything is there, and nothing is under way. */
export function isEqual(facts: JobFacts): boolean {
  const {
    linked,
    complete,
    mirror,
    dirtyItems,
    unrepairable,
    targetTrouble,
    targetReplaying,
    halt,
    audit = null,
  } = facts;
  const whole = complete && mirror === 'none' && dirtyItems === 0 && unrepairable === 0;
  return linked && whole && halt === null && targetTrouble === null && !targetReplaying && audit?.kind !== 'doubt';
}

/** All that was written is on the former source. */
async function drained({ runner, interception }: Running): Promise<boolean> {
  interception.turn();
  const flushed = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), FLUSH_MS);
    runner.job.flush((_at, unrepairable) => {
      clearTimeout(timer);
      resolve(unrepairable === 0);
    });
    interception.wake();
  });
  return flushed && isEqual(runner.facts());
}

/** The direction that stays has what belongs to a direction; a failover of its own is written anew. */
function asItWas(definition: StoredJob['definition'], former: StoredJob['definition']): StoredJob['definition'] {
  const { mode, synchronous, transmit, verifySchedule, mirror, intercept } = former;
  const { brake: _, ...same } = definition;
  const again = { synchronous, transmit, verifySchedule, brake: former.brake };
  const given = Object.fromEntries(Object.entries(again).filter(([, value]) => value !== undefined));
  return {
    ...same,
    mode,
    intercept,
    ...given,
    ...(mirror === undefined ? {} : { mirror: { ...mirror, orphans: 'move' } }),
  };
}
