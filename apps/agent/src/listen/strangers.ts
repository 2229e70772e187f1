import type { Socket } from 'node:net';

interface Stranger {
  readonly socket: Socket;
  timer: NodeJS.Timeout;
}

interface Options {
  /** Connections at once. */
  readonly limit: number;
  /** A connection that is still a stranger by then is closed. */
  readonly deadlineMs: number;
  readonly turnedAway: (kind: 'too-slow' | 'crowded-out', address: string) => void;
}

/** One TCP connection, on both layers of it. */
export function connectionKey(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
}

export function addressOf(socket: Socket): string {
  return `${socket.remoteAddress ?? 'somebody'}:${socket.remotePort ?? 0}`;
}

/**
 * Connections that have not shown whom they belong to. Bounded in number and in time. When it is full the oldest goes, not the
 * newest: who is honest needs milliseconds, so a crowd that holds its places cannot keep him out.
 */
export class Strangers {
  readonly #options: Options;
  readonly #waiting = new Map<string, Stranger>();

  constructor(options: Options) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(socket: Socket): void {
    const key = connectionKey(socket);
    const address = addressOf(socket);
    // Reset by the other side before we looked at it.
    if (socket.remotePort === undefined) return void socket.destroy();
    const [oldest] = this.#waiting;
    if (oldest !== undefined && this.#waiting.size >= this.#options.limit) {
      this.#options.turnedAway('crowded-out', addressOf(oldest[1].socket));
      this.#remove(oldest[0], true);
    }
    const stranger: Stranger = { socket, timer: this.#deadline(key, address, this.#options.deadlineMs, () => false) };
    this.#waiting.set(key, stranger);
    socket.once('close', () => this.#remove(key, false));
  }

  /** It came in order and may pair: its time begins anew, and at its end `isKnown` decides. */
  extend(socket: Socket, ms: number, isKnown: () => boolean): void {
    const key = connectionKey(socket);
    const stranger = this.#waiting.get(key);
    if (stranger === undefined) return;
    clearTimeout(stranger.timer);
    stranger.timer = this.#deadline(key, addressOf(socket), ms, isKnown);
  }

  /** It is known who this is, or its time is kept elsewhere from now on. */
  admit(socket: Socket): void {
    this.#remove(connectionKey(socket), false);
  }

  closeAll(): void {
    for (const key of [...this.#waiting.keys()]) this.#remove(key, true);
  }

  #deadline(key: string, address: string, ms: number, isKnown: () => boolean): NodeJS.Timeout {
    const timer = setTimeout(() => {
      const known = isKnown();
      if (!known) this.#options.turnedAway('too-slow', address);
      this.#remove(key, !known);
    }, ms);
    return timer.unref();
  }

  #remove(key: string, destroy: boolean): void {
    const stranger = this.#waiting.get(key);
    if (stranger === undefined) return;
    clearTimeout(stranger.timer);
    this.#waiting.delete(key);
    if (destroy) stranger.socket.destroy();
  }
}
