/**
 * The way home of a job that this server has taken over. In: a person's word. Out: the former source as the replica of this one, both equal,
 * and then, with `failback`, the roles as they were. Promise: while it sends nothing stops; at the switch nothing is written here any more
 * before the other side has it all and knows it; broken off or crashed at any point it goes on where it was.
 */
import { ManagementError, type Refuse } from '@understudy/wire';
import { messageOf } from '../../../home/start-error.ts';
import type { Job, Running } from '../../source/known-job.ts';
import type { StoredJob } from '../../stored-job.ts';
import { changedSince } from './begin-reverse.ts';
import type { RoleDoor } from './door.ts';
import type { EpochWord } from './epoch-word.ts';
import { drained, isEqual } from './equal.ts';
import { Serving } from './serving.ts';
import { setAside } from './set-aside.ts';
import { addUnsent } from './unsent-list.ts';

export interface HomeParts {
  readonly door: RoleDoor;
  /** Word to the former source: it is the primary from this epoch on. null: it has taken it. `unsaid`: it has not heard a word. */
  readonly say: (stored: StoredJob, intent: 'undo' | 'hand-over', epoch: number) => Promise<Refuse | 'unsaid' | null>;
  /** This server keeps the replica again, and others may not write into it. */
  readonly keepAgain: (jobId: string) => void;
  /** Before the switch, instead of it and behind it: services, addresses, scripts. Where one cannot be stopped nothing is switched. */
  readonly leaving?: (job: Job) => Promise<void>;
  readonly staying?: (job: Job) => Promise<void>;
  readonly left?: (jobId: string) => void;
  /** FO3: where the job has a witness. */
  readonly epochs?: Pick<EpochWord, 'release'>;
}

type Purpose = NonNullable<StoredJob['reverse']>['purpose'];

/** Equal is looked for this often, and a switch that failed is tried again. */
const LOOK_MS = 250;
const AGAIN_MS = 5000;
const LONGEST_MS = 60_000;

export class WayHome {
  readonly #parts: HomeParts;
  readonly #serving: Serving;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #said = new Map<string, string>();
  /** Until the next try of a switch: services are not stopped and started every few seconds. */
  readonly #pauses = new Map<string, number>();
  #closed = false;

  constructor(parts: HomeParts) {
    this.#parts = parts;
    this.#serving = new Serving(parts);
  }

  /** The agent has started: what was under way goes on, and what was stopped for a switch that was not begun serves again. */
  restore(): void {
    const { door } = this.#parts;
    for (const job of door.all()) {
      const { reverse } = job.stored;
      if (reverse?.stopped === true && reverse.handing === undefined)
        door.exclusively(job, () => this.#serving.goOn(job)).catch((error: unknown) => door.fault(error, job));
      if (isUnderWay(job)) this.#lookLater(job, 0);
    }
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
    demandReverse(job, ['noting']);
    return door.exclusively(job, async () => {
      const { name, target } = job.stored.definition;
      refuseChanged(job, discard);
      try {
        // What a service wrote while it was stopped is a change like any other.
        await this.#serving.stop(job);
        door.freeze(job, true);
        refuseChanged(job, discard);
        const asideAt = discard ? await this.#putAside(job) : [];
        await this.#begin(job, discard ? 'giving-up' : 'undoing');
        const why = await this.#hand(job, false);
        const epoch = job.stored.epoch + 1;
        if (why === null)
          return { sentence: `${target.name} is the primary of ${name} again, in epoch ${epoch}.`, asideAt };
        await this.#stay(job);
        throw new ManagementError('unreachable', `The failover of ${name} was not undone: ${why}.`);
      } catch (error) {
        // Where it may have heard of it nobody writes here until that is known.
        if (job.stored.reverse?.handing === undefined) await this.#serving.goOn(job);
        else this.#lookLater(job, AGAIN_MS);
        throw error instanceof ManagementError ? error : new ManagementError('failed', messageOf(error));
      }
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
    // What the other side may have taken over already may be intercepted here no more: the word is given all the same.
    const ready = handing || (running !== null && isEqual(running.runner.facts()));
    if (!ready || job.busy) {
      this.#lookLater(job, LOOK_MS);
      return;
    }
    try {
      if (await door.exclusively(job, () => this.#switch(job, running))) return;
    } catch (error) {
      this.#tell(job, messageOf(error));
    }
    const { id } = job.stored;
    const pause = this.#pauses.get(id) ?? AGAIN_MS;
    if (job.stored.reverse?.handing === undefined) this.#pauses.set(id, Math.min(LONGEST_MS, 2 * pause));
    this.#lookLater(job, pause);
  }

  /** True: it is done, and the job is here no more. */
  async #switch(job: Job, running: Running | null): Promise<boolean> {
    const { reverse } = job.stored;
    if (reverse === undefined) return true;
    const first = reverse.handing === undefined && running !== null;
    const why = first ? await this.#first(job, running) : await this.#hand(job, true);
    if (why === null) return true;
    await this.#stay(job);
    this.#tell(job, why);
    return false;
  }

  /** Null: it is done; else why the former source was not told. */
  async #first(job: Job, running: Running): Promise<string | null> {
    try {
      await this.#serving.stop(job);
      this.#parts.door.freeze(job, true);
      if ((await drained(running)) === null) return 'what was written last did not get over in time';
      await this.#begin(job, 'failback');
    } catch (error) {
      return messageOf(error).replace(/\.$/, '');
    }
    return this.#hand(job, false);
  }

  /** From here on the former source may be told, and nobody writes here until that is known. */
  async #begin(job: Job, purpose: Purpose): Promise<void> {
    const { door, epochs } = this.#parts;
    await epochs?.release(job.stored, true);
    const { reverse, epoch } = job.stored;
    if (reverse !== undefined) door.save(job, { reverse: { ...reverse, purpose, handing: epoch + 1 } });
  }

  /**
   * Null: the former source is the primary. A sentence: it is not, and has never taken the word. Throws where it is not known what it has
   * heard; nobody writes here then. `again`: it may have been told before.
   */
  async #hand(job: Job, again: boolean): Promise<string | null> {
    const { say } = this.#parts;
    const { reverse, epoch, definition } = job.stored;
    const intent = reverse?.purpose === 'failback' ? 'hand-over' : 'undo';
    const answer = await say(job.stored, intent, reverse?.handing ?? epoch + 1);
    if (answer === 'unsaid' && again) throw new Error('the former source cannot be reached, and may have been told');
    if (answer === 'unsaid') return `${definition.target.name} cannot be reached`;
    // Had it taken the word before, it would say so now.
    if (answer?.code === 'gives-way') return answer.sentence.replace(/\.$/, '');
    if (answer !== null) throw new Error(answer.sentence);
    await this.#letGo(job);
    this.#forget(job);
    return null;
  }

  /** Who keeps the mount from going is answered EROFS until it has gone: what is written there now would reach nobody. */
  async #letGo(job: Job): Promise<void> {
    const { door, keepAgain } = this.#parts;
    const places = job.running?.roots.map(({ path }) => path) ?? door.roots(job);
    door.holdWrites(job, true);
    await door.stop(job);
    const look = () => {
      if (this.#closed) return;
      if (door.usersOfLeft(places) !== null) {
        setTimeout(look, LOOK_MS).unref();
        return;
      }
      door.holdWrites(job, false);
      keepAgain(job.stored.id);
    };
    look();
  }

  async #putAside(job: Job): Promise<string[]> {
    const { running, stored } = job;
    if (running === null) return [];
    const file = this.#parts.door.unsent(job);
    const list = addUnsent(running.runner.job, file);
    const roots = running.roots.map(({ path }) => path);
    return setAside({ jobId: stored.id, roots, list, nowMs: Date.now() });
  }

  /** The switch does not happen: work goes on here. */
  async #stay(job: Job): Promise<void> {
    const { door, epochs } = this.#parts;
    const { reverse } = job.stored;
    const purpose = reverse?.purpose === 'failback' ? 'failback' : 'noting';
    if (reverse !== undefined) door.save(job, { reverse: { ...reverse, purpose, handing: undefined } });
    await epochs?.release(job.stored, false).catch((error: unknown) => door.fault(error, job));
    await this.#serving.goOn(job);
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
