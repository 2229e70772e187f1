/**
 * Whether a source still answers, as a countdown. In: addresses, answers and their times. Out: a light for each address and for the source,
 * the time left, and once, when that is over, that the source has failed. Pure.
 */
export type Light = 'green' | 'yellow' | 'red';

export interface WatchOptions {
  readonly intervalMs: number;
  readonly failures: number;
  /** The source has failed when all of its addresses have, or one. */
  readonly failed: 'all' | 'any';
}

/** Yellow when this share of the time to fail has gone by without an answer. */
const WARNING_SHARE = 0.25;

export class SourceWatch {
  readonly #options: WatchOptions;
  /** When each last answered, by whatever clock the caller has; where none has yet: when the watch began. */
  readonly #last = new Map<string, number>();
  #hasFailed = false;

  constructor(options: WatchOptions, addresses: readonly string[], nowMs: number) {
    this.#options = options;
    for (const address of addresses) this.#last.set(address, nowMs);
  }

  get timeToFailMs(): number {
    return this.#options.intervalMs * this.#options.failures;
  }

  answered(address: string, atMs: number): void {
    const before = this.#last.get(address);
    // Word of an answer may come late, behind a newer one.
    if (before !== undefined) this.#last.set(address, Math.max(before, atMs));
  }

  /** Nothing was asked for a while (the agent stood still): what was not asked is not held against the source. */
  forgive(ms: number): void {
    for (const [address, atMs] of this.#last) this.#last.set(address, atMs + ms);
  }

  lightOf(address: string, nowMs: number): Light {
    return this.#light(this.#silentMs(address, nowMs));
  }

  msLeft(nowMs: number): number {
    return Math.max(0, this.timeToFailMs - this.#silence(nowMs));
  }

  light(nowMs: number): Light {
    return this.#light(this.#silence(nowMs));
  }

  /** What has changed since it was last asked: the source has failed, or answers again. */
  turn(nowMs: number): 'failed' | 'answers' | null {
    const failed = this.msLeft(nowMs) === 0;
    if (failed === this.#hasFailed) return null;
    this.#hasFailed = failed;
    return failed ? 'failed' : 'answers';
  }

  #silentMs(address: string, nowMs: number): number {
    return Math.max(0, nowMs - (this.#last.get(address) ?? nowMs));
  }

  /** How long nothing was heard that would count: of the last to answer, or of the one that is silent longest. */
  #silence(nowMs: number): number {
    const all = [...this.#last.keys()].map((address) => this.#silentMs(address, nowMs));
    if (all.length === 0) return 0;
    return this.#options.failed === 'all' ? Math.min(...all) : Math.max(...all);
  }

  #light(silentMs: number): Light {
    if (silentMs >= this.timeToFailMs) return 'red';
    return silentMs >= this.timeToFailMs * WARNING_SHARE && silentMs > this.#options.intervalMs ? 'yellow' : 'green';
  }
}
