/**
 * SCM, the source communication manager. In: packets from the queue, acknowledgements and resend requests from the wire, the time.
 * Out: packets to send, as data. Promise: a packet is sent until it is received; never more is under way than the window holds.
 */
import { RingBuffer } from '@understudy/base';
import { type Position, position } from '@understudy/wire';
import { type LoggedPacket, TransactionLog } from './transaction-log.ts';

export interface Window {
  /** Bytes and packets that may be sent and not yet received. */
  readonly bytes: number;
  readonly packets: number;
}

export const DEFAULT_WINDOW: Window = { bytes: 16 * 1024 * 1024, packets: 4096 };

export class SourceCommunicationManager {
  readonly #log = new TransactionLog();
  readonly #window: Window;
  /** Packets to be sent again, oldest first. */
  readonly #again = new RingBuffer<LoggedPacket>();
  readonly #resent = new WeakSet<LoggedPacket>();
  readonly #freed: (bytes: Uint8Array) => void;
  #linked = false;
  #received: Position;
  #applied: Position;
  #sentBytes = 0;
  #resentBytes = 0;
  #paused = false;

  constructor(options: {
    readonly window?: Window;
    readonly received: Position;
    /** Bytes of a packet that is received and that nothing refers to any more. */
    readonly freed?: (bytes: Uint8Array) => void;
  }) {
    this.#freed = options.freed ?? (() => {});
    this.#window = options.window ?? DEFAULT_WINDOW;
    this.#received = options.received;
    this.#applied = options.received;
  }

  get inFlightBytes(): number {
    return this.#log.bytes;
  }

  get received(): Position {
    return this.#received;
  }

  get applied(): Position {
    return this.#applied;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get resentBytes(): number {
    return this.#resentBytes;
  }

  get linked(): boolean {
    return this.#linked;
  }

  /** Source time of the oldest operation sent and not yet received, ms. */
  get oldestTimeMs(): number | null {
    return this.#log.oldest?.firstTimeMs ?? null;
  }

  oldestPosition(next: Position): Position {
    return this.#log.oldestPosition(next);
  }

  /** The target goes on behind `received`; what it has not is sent again. */
  linkUp(received: Position, applied: Position): void {
    this.#linked = true;
    this.#paused = false;
    this.#again.clear();
    this.acknowledged(received, applied);
    this.resend(position(received + 1));
  }

  linkDown(): void {
    this.#linked = false;
    this.#again.clear();
  }

  /** The stream begins anew at `next`: nothing of the old one is owed any more. */
  restart(next: Position): void {
    this.#log.clear();
    this.#again.clear();
    this.#received = position(next - 1);
    this.#applied = this.#received;
  }

  acknowledged(received: Position, applied: Position): void {
    if (received > this.#received) this.#received = received;
    if (applied > this.#applied) this.#applied = applied;
    this.#log.free(this.#received, (packet) => {
      // A copy that was sent again may still wait in the socket; the first one has arrived, so nothing else looks at the bytes.
      if (!this.#resent.delete(packet)) this.#freed(packet.bytes);
    });
  }

  resend(from: Position): void {
    this.#again.clear();
    for (const packet of this.#log.since(from)) {
      this.#again.push(packet);
      this.#resent.add(packet);
    }
  }

  /** TCM6: the target's queue is full, or it has room again. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
  }

  /** The next packet for the wire, or undefined: nothing to send, no link, target full, or window closed. */
  next(take: () => LoggedPacket | undefined): LoggedPacket | undefined {
    if (!this.#linked || this.#paused) return undefined;
    const again = this.#again.shift();
    if (again !== undefined) {
      this.#sentBytes += again.bytes.length;
      this.#resentBytes += again.bytes.length;
      return again;
    }
    if (this.#log.bytes >= this.#window.bytes || this.#log.size >= this.#window.packets) return undefined;
    const packet = take();
    if (packet === undefined) return undefined;
    this.#log.add(packet);
    this.#sentBytes += packet.bytes.length;
    return packet;
  }
}
