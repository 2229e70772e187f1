/**
 * migrate: a failover in agreement, on the server that writes. In: a person's word. Out: the job's services are stopped, nothing is written
 * any more, and everything that was is applied on the target, which may then take over; or the job as it was, and why. Promise: that writes
 * are held, and what is stopped, is on disk before it is done; they go on by themselves, and what was stopped serves again, only once the
 * target was heard and has not taken over, else by a person's word.
 */
import { printable } from '@understudy/base';
import { ManagementError } from '@understudy/wire';
import { messageOf } from '../../../home/start-error.ts';
import type { Job, Running } from '../../source/known-job.ts';
import type { RoleDoor } from '../reverse/door.ts';
import { drained, isEqual } from '../reverse/equal.ts';
import type { ServicesHere } from '../services-here.ts';

/** What the cut-over needs of the rooms around it. */
export type CutoverDoor = Pick<
  RoleDoor,
  'all' | 'find' | 'save' | 'holdWrites' | 'exclusively' | 'event' | 'fault' | 'roots'
>;

export type CutoverServices = Pick<ServicesHere, 'stop' | 'start'>;

export interface HeldWrites {
  /** Up to which everything is applied on the target. */
  readonly position: string;
  /** When writes go on by themselves, where nobody has taken over. */
  readonly until: string;
}

/** A target that takes over does so in less: the first of its steps sends this server away. */
const HOLD_MS = 60_000;
const LOOK_MS = 500;

export class Cutover {
  readonly #door: CutoverDoor;
  readonly #services: CutoverServices;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Jobs whose services are being stopped. */
  readonly #stopping = new Set<string>();
  #closed = false;

  constructor(door: CutoverDoor, services: CutoverServices) {
    this.#door = door;
    this.#services = services;
  }

  /** Before anything is mounted after the agent's start. */
  restore(): void {
    for (const job of this.#door.all()) {
      if (job.stored.cutover === undefined) continue;
      this.#door.holdWrites(job, true);
      this.#lookLater(job);
    }
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Throws ManagementError, and then applications write on. */
  hold(job: Job, timeoutMs: number): Promise<HeldWrites> {
    const door = this.#door;
    return door.exclusively(job, async () => {
      const running = demandReady(job);
      await this.#stopServices(job);
      const at = Date.now();
      door.save(job, { cutover: { ...job.stored.cutover, at: new Date(at).toISOString() } });
      door.holdWrites(job, true);
      const shown = running.roots.map(({ path }) => printable(path)).join(', ');
      door.event(job, 'cutover-begun', 'warning', `A cut-over has begun: nothing is written to ${shown} any more.`);
      const position = await drained(running, timeoutMs).catch((error: unknown) => {
        this.#letGo(job, 'the last of it could not be brought over');
        throw error;
      });
      if (position === null) {
        this.#letGo(job, 'the last of it was not applied on the target in time');
        throw new ManagementError(
          'timeout',
          `What was written last did not get to the target of ${job.stored.definition.name} within ${timeoutMs} ms; applications write on.`,
        );
      }
      this.#lookLater(job);
      return { position, until: new Date(at + HOLD_MS).toISOString() };
    });
  }

  /** `sure`: a person knows that the target has not taken over, though it cannot be asked. */
  cancel(job: Job, sure: boolean): void {
    const { cutover, definition } = job.stored;
    if (cutover === undefined)
      throw new ManagementError('refused', `No cut-over of ${definition.name} is under way on this server.`);
    if (this.#stopping.has(job.stored.id))
      throw new ManagementError(
        'busy',
        `The services of ${definition.name} are being stopped for it: try again in a moment.`,
      );
    if (isAway(job))
      throw new ManagementError('refused', `${definition.target.name} has taken ${definition.name} over already.`);
    if (!sure && !isHeard(job))
      throw new ManagementError(
        'refused',
        `${definition.target.name} is not linked: whether it has taken over is not known here. Look there; if it has not, say so with --yes.`,
      );
    this.#letGo(job, 'a person has broken it off');
  }

  /** A database that is stopped in order has nothing to recover on the target. */
  async #stopServices(job: Job): Promise<void> {
    const at = new Date().toISOString();
    const stopped: string[] = [];
    this.#stopping.add(job.stored.id);
    try {
      await this.#services.stop(job.stored, (name) => {
        stopped.push(name);
        this.#door.save(job, { cutover: { at, stopped: [...stopped] } });
      });
    } catch (error) {
      this.#letGo(job, 'what serves here could not be stopped');
      throw new ManagementError('refused', `${messageOf(error)} Nothing was cut over.`);
    } finally {
      this.#stopping.delete(job.stored.id);
    }
    if (stopped.length > 0)
      this.#door.event(job, 'cutover-stopped', 'information', `Stopped for a cut-over: ${stopped.join(', ')}.`);
  }

  #lookLater(job: Job): void {
    if (this.#closed) return;
    clearTimeout(this.#timers.get(job.stored.id));
    const look = () => {
      try {
        this.#look(job);
      } catch (error) {
        this.#door.fault(error, job);
        this.#lookLater(job);
      }
    };
    this.#timers.set(job.stored.id, setTimeout(look, LOOK_MS).unref());
  }

  #look(job: Job): void {
    const { cutover, started } = job.stored;
    if (cutover === undefined) return;
    if (this.#door.find(job.stored.id) !== job) {
      this.#door.holdWrites(job, false);
      return;
    }
    // Its target writes, or it is somebody's word that it does not run: others keep it from being written, or nobody does.
    if (isAway(job) || !started) this.#end(job);
    else if (Date.now() < Date.parse(cutover.at) + HOLD_MS || !isHeard(job)) this.#lookLater(job);
    else this.#letGo(job, `nobody has taken over within ${HOLD_MS / 1000} s`);
  }

  #letGo(job: Job, why: string): void {
    const stopped = job.stored.cutover?.stopped ?? [];
    this.#end(job);
    this.#door.event(
      job,
      'cutover-broken-off',
      'warning',
      `The cut-over is broken off: ${why}. Applications write on.`,
    );
    if (stopped.length > 0) void this.#startServices(job, stopped);
  }

  async #startServices(job: Job, names: readonly string[]): Promise<void> {
    const shown = names.join(', ');
    try {
      await this.#services.start(job.stored, names);
      this.#door.event(
        job,
        'cutover-serves-again',
        'information',
        `What was stopped for the cut-over serves again: ${shown}.`,
      );
    } catch (error) {
      const sentence = `What was stopped for the cut-over does not serve again: ${messageOf(error)} Start it by hand: ${shown}.`;
      this.#door.event(job, 'cutover-not-served', 'error', sentence);
    }
  }

  #end(job: Job): void {
    clearTimeout(this.#timers.get(job.stored.id));
    this.#timers.delete(job.stored.id);
    this.#door.save(job, { cutover: undefined });
    this.#door.holdWrites(job, false);
  }
}

/** Another server writes. */
const isAway = ({ stored: { superseded, gaveWay } }: Job): boolean => superseded !== undefined || gaveWay !== undefined;

/** The target has welcomed this server in its epoch, and the link stands: it has begun no other. */
const isHeard = ({ running }: Job): boolean =>
  running !== null && !running.runner.isHalted && running.runner.facts().linked;

function demandReady({ stored, running }: Job): Running {
  const { definition, reverse, cutover } = stored;
  const { name, target } = definition;
  if (reverse !== undefined && reverse.purpose !== 'stays')
    throw new ManagementError(
      'refused',
      `This server has taken ${name} over from ${target.name}: \`understudy failback ${name}\` gives it back.`,
    );
  if (cutover !== undefined)
    throw new ManagementError('busy', `A cut-over of ${name} is under way since ${cutover.at}.`);
  if (running === null || running.runner.isHalted)
    throw new ManagementError('refused', `${name} does not run here: it has to be protected before it is cut over.`);
  if (running.interception.interceptor.gate === undefined)
    throw new ManagementError(
      'refused',
      `${name} is served by ${running.interception.interceptor.driver}, which cannot keep applications from writing: stop them, ` +
        `\`understudy flush ${name}\`, and then order the failover.`,
    );
  if (!isEqual(running.runner.facts()))
    throw new ManagementError(
      'refused',
      `${name} is ${running.runner.state().state}: source and target are not known to be equal, so it is not cut over.`,
    );
  return running;
}
