/**
 * The connections live in a thread of their own: hundreds of them keep neither the window from its first page nor the main process from its
 * events. In: requests of the window. Out: their answers, and what the desk says by itself. Promised: every request is answered; a thread that
 * dies begins anew, and one that dies again and again takes the console along: figures that nobody brings any more must not stand there as
 * of now.
 */
import { Worker } from 'node:worker_threads';
import type { AgentChannel, Answer } from '../shared/ipc-channels.ts';
import type { DeskOrder, DeskWord } from './agents/words.ts';
import { type Deaths, NO_DEATHS, withDeath } from './deaths.ts';

export interface AgentsThreadParts {
  /** The built file. */
  readonly file: string;
  readonly profile: string;
  readonly onWord: (word: Exclude<DeskWord, { word: 'answer' }>) => void;
  /** It knows nothing of what it had told. */
  readonly onAnew: () => void;
  /** It died too often. */
  readonly onEnd: (why: string) => void;
}

/** Most statuses live until the next one comes, a second later: where they have room until then, nobody has to carry them on. */
const YOUNG_MIB = 48;

export class AgentsThread {
  readonly #parts: AgentsThreadParts;
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #worker: Worker;
  #deaths: Deaths = NO_DEATHS;
  #nextId = 1;
  #isConnecting = false;
  #isStopped = false;

  constructor(parts: AgentsThreadParts) {
    this.#parts = parts;
    this.#worker = this.#start();
  }

  ask(what: AgentChannel | 'world', payload: unknown): Promise<Answer> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#order({ order: 'ask', id, what, payload });
    });
  }

  /** Nobody is called before. */
  connect(): void {
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    this.#order({ order: 'connect' });
  }

  notice(sentence: string): void {
    this.#order({ order: 'notice', sentence });
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#worker.terminate();
  }

  #order(order: DeskOrder): void {
    this.#worker.postMessage(order);
  }

  #start(): Worker {
    const { file, profile, onWord } = this.#parts;
    const worker = new Worker(file, {
      workerData: profile,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    let why = 'it ended by itself';
    worker.on('error', (error) => {
      why = String(error);
    });
    worker.on('exit', () => this.#died(why));
    worker.on('message', (word: DeskWord) => {
      if (word.word === 'answer') this.#answered(word.id, word.answer);
      else onWord(word);
    });
    return worker;
  }

  #answered(id: number, answer: Answer): void {
    this.#asked.get(id)?.(answer);
    this.#asked.delete(id);
  }

  #died(why: string): void {
    if (this.#isStopped) return;
    const sentence = `the part of the console that speaks with the servers has failed (${why}); it begins anew`;
    for (const id of [...this.#asked.keys()])
      this.#answered(id, { ok: false, error: { code: 'failed', agentCode: null, sentence } });
    const { deaths, isTooOften } = withDeath(this.#deaths, Date.now());
    this.#deaths = deaths;
    if (isTooOften) {
      this.#parts.onEnd(why);
      return;
    }
    this.#worker = this.#start();
    this.notice(sentence);
    if (this.#isConnecting) this.#order({ order: 'connect' });
    this.#parts.onAnew();
  }
}
