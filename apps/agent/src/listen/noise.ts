import type { EventSink } from '../events/event-log.ts';
import type { Logger } from '../events/technical-log.ts';

/** What strangers do to a port. */
export type NoiseKind =
  /** Bytes that are no TLS, an old TLS, or a handshake broken off. */
  | 'bad-handshake'
  /** TLS, and then no HTTP. */
  | 'bad-request'
  /** HTTP that asks for nothing we have. */
  | 'unknown-path'
  /** Too slow with the handshake or the request. */
  | 'too-slow'
  /** The oldest stranger had to go for a new one. */
  | 'crowded-out'
  /** A certificate that is not trusted asked for more than pairing. */
  | 'not-trusted'
  | 'version';

const LOG_EVERY_MS = 10_000;
const EVENT_EVERY_MS = 600_000;

/** Counts all of it, logs a little of it, and raises an event now and then: a scan must not fill a disk. */
export class Noise {
  readonly #logger: Logger;
  readonly #events: EventSink;
  readonly #now: () => number;
  readonly #counts = new Map<NoiseKind, number>();
  readonly #logged = new Map<NoiseKind, number>();
  #raised = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger, events: EventSink, now: () => number) {
    this.#logger = logger;
    this.#events = events;
    this.#now = now;
  }

  get counts(): Readonly<Partial<Record<NoiseKind, number>>> {
    return Object.fromEntries(this.#counts);
  }

  hear(kind: NoiseKind, address: string, said: string): void {
    // Strangers choose these bytes, and an administrator's terminal shows them.
    const detail = said
      .replace(/[^\x20-\x7e]+/g, ' ')
      .trim()
      .slice(0, 200);
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const now = this.#now();
    if (now - (this.#logged.get(kind) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return;
    this.#logged.set(kind, now);
    this.#logger.warn({ kind, address, count, detail }, 'a connection was turned away');
    if (now - this.#raised < EVENT_EVERY_MS) return;
    this.#raised = now;
    this.#events.raise({
      severity: 'warning',
      code: 'stranger-on-port',
      sentence: `a connection from ${address} was turned away (${detail === '' ? kind : `${kind}: ${detail}`}); more of it is counted in the log`,
      advice: 'If nothing of yours does this, let a firewall keep strangers away from the port.',
    });
  }
}
