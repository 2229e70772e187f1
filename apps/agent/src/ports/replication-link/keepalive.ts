import { performance } from 'node:perf_hooks';

export interface KeepaliveSettings {
  /** A ping goes out this often. */
  readonly pingMs: number;
  /** A peer from which nothing at all came for this long is dead. */
  readonly deadMs: number;
}

interface Actions {
  /** `value` comes back in the pong. */
  ping(value: number): void;
  dead(silentMs: number): void;
}

/**
 * Whether the other end still lives. Any byte from it counts, for it pings too: a slow line is not taken for a dead one.
 * A silence that we slept through ourselves (a blocked event loop, a suspended process) does not count either.
 */
export class Keepalive {
  readonly #settings: KeepaliveSettings;
  readonly #actions: Actions;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #began: number;
  #lastHeard: number;
  #lastTick: number;
  roundTripMs: number | null = null;

  constructor(settings: KeepaliveSettings, actions: Actions, now: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#actions = actions;
    this.#now = now;
    this.#began = now();
    this.#lastHeard = this.#began;
    this.#lastTick = this.#began;
    this.#timer = setInterval(() => this.tick(), settings.pingMs);
    this.#timer.unref();
  }

  /** How long nothing has come from the other end; what was slept through here counts until the next tick. */
  get silentMs(): number {
    return Math.max(0, this.#now() - this.#lastHeard);
  }

  /** Since the beginning, in microseconds: what a ping carries. */
  get stamp(): number {
    return Math.round((this.#now() - this.#began) * 1000);
  }

  heard(): void {
    this.#lastHeard = this.#now();
  }

  pong(value: number): void {
    const roundTrip = this.#now() - this.#began - value / 1000;
    if (roundTrip >= 0) this.roundTripMs = roundTrip;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Called by its own timer, every `pingMs` or later. */
  tick(): void {
    const now = this.#now();
    const late = now - this.#lastTick - this.#settings.pingMs;
    this.#lastTick = now;
    // Only what lasted while we were awake to listen is silence: the bytes may lie unread in the kernel.
    if (late > this.#settings.pingMs / 2) this.#lastHeard += late;
    const silent = now - this.#lastHeard;
    if (silent >= this.#settings.deadMs) this.#actions.dead(Math.round(silent));
    else this.#actions.ping(this.stamp);
  }
}
