/**
 * Never two writers. In: which server began to write under which epoch, and each write that a server has answered. Out: what was wrong, in
 * a sentence. True times: the checker sees what nobody in the world can.
 */
export interface Acknowledged {
  readonly server: string;
  readonly epoch: number;
  readonly atMs: number;
}

export class Checker {
  readonly #writers = new Map<number, string>();
  #highest = { epoch: 0, server: '', sinceMs: 0 };
  readonly wrong: string[] = [];
  acknowledged = 0;
  /** Epochs under which something was answered. */
  get epochs(): number {
    return this.#writers.size;
  }

  wrote({ server, epoch, atMs }: Acknowledged): void {
    this.acknowledged += 1;
    const writer = this.#writers.get(epoch);
    if (writer !== undefined && writer !== server)
      this.#say(`${server} answers a write at ${at(atMs)} in epoch ${epoch}, which is ${writer}'s`);
    this.#writers.set(epoch, server);
    if (epoch > this.#highest.epoch) this.#highest = { epoch, server, sinceMs: atMs };
    const { epoch: newer, server: other, sinceMs } = this.#highest;
    if (epoch < newer)
      this.#say(
        `${server} answers a write at ${at(atMs)} in epoch ${epoch}, and ${other} writes in ${newer} since ${at(sinceMs)}`,
      );
  }

  #say(sentence: string): void {
    if (this.wrong.length < 5) this.wrong.push(sentence);
  }
}

const at = (ms: number): string => `${ms.toFixed(1)} ms`;
