/**
 * The side of the console that speaks with servers, as a whole. In: orders. Out: answers, batches of what changed, calls for a person.
 * Promised: a batch carries what is another now and no more; what somebody may have to act on waits for no beat.
 */
import type { Answer } from '../../shared/ipc-channels.ts';
import type { Batch, World } from '../../shared/view.ts';
import { answer, type Handlers } from '../answer.ts';
import { Agents } from './agents.ts';
import { Lookout } from './lookout.ts';
import type { Which } from './model.ts';
import type { DeskOrder, DeskWord } from './words.ts';

const BATCHES_EVERY_MS = 100;
/** Agents tell figures once a second: of two thousand jobs that is a change for every beat, and each would be drawn. */
const FIGURES_EVERY_MS = 1000;

export class Desk {
  readonly #agents: Agents;
  readonly #lookout = new Lookout();
  readonly #say: (word: DeskWord) => void;
  readonly #started: Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #batches = 0;
  #figuresAt = 0;

  constructor(profile: string, say: (word: DeskWord) => void) {
    this.#say = say;
    this.#agents = new Agents(profile);
    this.#started = this.#agents.start();
    this.#timer = setInterval(() => this.#beat(), BATCHES_EVERY_MS);
  }

  async obey(order: DeskOrder): Promise<void> {
    if (order.order === 'connect') this.#agents.beginConnecting();
    else if (order.order === 'notice') this.#agents.model.notice(order.sentence);
    else this.#say({ word: 'answer', id: order.id, answer: await this.#answer(order) });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#agents.stop();
  }

  async #answer({ what, payload }: Extract<DeskOrder, { order: 'ask' }>): Promise<Answer> {
    await this.#started;
    if (what !== 'world') return await answer(what, payload, this.#handlers());
    // What waits is told first: what comes afterwards is a change of this.
    this.#tell('all');
    const { servers, ends, events, notices } = this.#agents.model;
    const world: World = { number: this.#batches, servers, ends, events, notices };
    return { ok: true, value: JSON.stringify(world) };
  }

  #beat(): void {
    const now = performance.now();
    const isDue = now - this.#figuresAt >= FIGURES_EVERY_MS - BATCHES_EVERY_MS / 2;
    if (isDue) this.#figuresAt = now;
    this.#tell(isDue ? 'all' : 'urgent');
  }

  #tell(which: Which): void {
    const { model } = this.#agents;
    const deltas = model.take(which);
    if (deltas.length === 0) return;
    this.#batches += 1;
    const batch: Batch = { number: this.#batches, deltas };
    this.#say({ word: 'batch', text: JSON.stringify(batch) });
    const { attentions, light } = this.#lookout.see(deltas, model);
    for (const attention of attentions) this.#say({ word: 'attention', attention });
    if (light !== null) this.#say({ word: 'light', light });
  }

  #handlers(): Handlers<Exclude<(DeskOrder & { order: 'ask' })['what'], 'world'>> {
    const agents = this.#agents;
    const done = async (work: Promise<void>): Promise<true> => {
      await work;
      return true;
    };
    return {
      pair: (asked) => agents.pair(asked),
      forget: ({ name }) => done(agents.forget(name)),
      reconnect: ({ name }) => done(agents.reconnect(name)),
      watch: async ({ ends }) => {
        // What came into sight does not wait for its second to be over.
        agents.watch(ends, () => {
          this.#figuresAt = Number.NEGATIVE_INFINITY;
        });
        return true;
      },
      ask: (asked) => agents.ask(asked),
      introduce: (names) => agents.introduce(names),
      checkJob: (planned) => agents.checkJob(planned),
      createJob: (wanted) => agents.createJob(wanted),
    };
  }
}
