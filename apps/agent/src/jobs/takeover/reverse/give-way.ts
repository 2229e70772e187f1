/**
 * A former source whose job another server has taken over. In: that server's greeting, for the job in the other direction. Out: the folders
 * are let go of, what was never sent lies aside, and the greeting is answered. Promise: nothing of this server is overwritten before that;
 * until then the greeting is sent away with a sentence, and comes again.
 */
import { printable } from '@understudy/base';
import type { Hello, Refuse } from '@understudy/wire';
import { messageOf } from '../../../home/start-error.ts';
import type { Job } from '../../source/known-job.ts';
import type { RoleDoor } from './door.ts';
import { setAside } from './set-aside.ts';
import { addUnsent } from './unsent-list.ts';

export interface WayParts {
  readonly door: RoleDoor;
  /** What an agent is called here. */
  readonly nameOf: (fingerprint: string) => string;
  readonly nowMs: () => number;
}

export class WayGiver {
  readonly #parts: WayParts;
  /** Why it is not done yet, by job. */
  readonly #under = new Map<string, Promise<void>>();
  readonly #why = new Map<string, string>();

  constructor(parts: WayParts) {
    this.#parts = parts;
  }

  /** Of a greeting that wants a replica here. null: nothing stands in its way. */
  answer(hello: Hello, peer: string): Refuse | null {
    const job = this.#parts.door.find(hello.jobId);
    if (job === null) return null;
    const { stored } = job;
    const { definition, epoch, gaveWay, reverse } = stored;
    if (definition.target.fingerprint !== peer)
      return { code: 'not-trusted', sentence: `The job ${definition.name} of this server has another target.` };
    // Taken over by this server itself: it is handed back, or not at all.
    if (reverse !== undefined && reverse.purpose !== 'stays')
      return {
        code: hello.epoch > epoch ? 'gives-way' : 'superseded',
        sentence: `This server has taken ${definition.name} over, in epoch ${epoch}.`,
      };
    if (gaveWay !== undefined && hello.epoch >= gaveWay.epoch) return null;
    if (hello.epoch <= epoch)
      return {
        code: 'superseded',
        sentence: `This server is the primary of ${definition.name} in epoch ${epoch}, and the greeting is of epoch ${hello.epoch}.`,
      };
    if (hello.intent !== 'replicate') return null;
    this.#begin(job, hello.epoch, peer);
    const why = this.#why.get(stored.id) ?? 'it stops its job and puts aside what was never sent';
    return { code: 'gives-way', sentence: `The former source makes room for its replica: ${why}.`.slice(0, 1024) };
  }

  /** Nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#under.values());
  }

  #begin(job: Job, epoch: number, peer: string): void {
    const { id } = job.stored;
    if (job.busy || this.#under.has(id)) return;
    const giving = this.#parts.door
      .exclusively(job, () => this.#giveWay(job, epoch, peer))
      .then(() => this.#why.delete(id))
      .catch((error: unknown) => this.#said(job, messageOf(error)))
      .then(() => {
        this.#under.delete(id);
      });
    this.#under.set(id, giving);
  }

  async #giveWay(job: Job, epoch: number, peer: string): Promise<void> {
    const { door, nowMs, nameOf } = this.#parts;
    const file = door.unsent(job);
    const { running } = job;
    const roots = running?.roots.map(({ path }) => path) ?? door.roots(job);
    if (running !== null && !running.runner.isHalted) {
      running.interception.turn();
      addUnsent(running.runner.job, file, nowMs());
    }
    door.save(job, { started: false });
    await door.stop(job);
    if (job.mountUsers.length > 0)
      throw new Error(`its folders are in use by ${job.mountUsers.join(', ')}; stop these programs`);
    const list = file.read();
    const asideAt = list === null ? [] : await setAside({ jobId: job.stored.id, roots, list, nowMs: nowMs() });
    if (list !== null) file.write({ ...list, asideAt: [...list.asideAt, ...asideAt] });
    const server = nameOf(peer);
    door.save(job, { gaveWay: { epoch, server, asideAt }, superseded: undefined });
    const kept =
      asideAt.length === 0 ? 'Nothing had to be put aside.' : `What was never sent lies in ${asideAt.join(', ')}.`;
    const shown = roots.map((root) => printable(root)).join(', ');
    door.event(
      job,
      'gave-way',
      'warning',
      `${server} has taken the job over in epoch ${epoch} and fills ${shown} from now on. ${kept}`,
    );
  }

  /** Once, and not at every try. */
  #said(job: Job, why: string): void {
    const { id } = job.stored;
    if (this.#why.get(id) === why) return;
    this.#why.set(id, why);
    this.#parts.door.event(
      job,
      'gives-way-not',
      'error',
      `The job cannot make room for its replica: ${why}. It is tried again.`,
    );
  }
}
