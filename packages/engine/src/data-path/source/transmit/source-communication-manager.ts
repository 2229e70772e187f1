/**
 * SCM, the source communication manager. In: packets from the queue, acknowledgements and resend requests from the wire, the time.
 * Out: packets to send, as data. Promise: a packet is sent until it is received; never more is under way than the window holds.
 */
import { RingBuffer } from '@understudy/base';
import { type Position, position } from '@understudy/wire';
import { type LoggedPacket, TransactionLog } from './transaction-log.ts';
import { Unapplied } from './unapplied.ts';
import { UnappliedSequences } from './unapplied-sequences.ts';

export interface Window {
  /** Bytes and packets that may be sent and not yet received. */
  readonly bytes: number;
  readonly packets: number;
}

export const DEFAULT_WINDOW: Window = { bytes: 16 * 1024 * 1024, packets: 4096 };

export class SourceCommunicationManager<P extends LoggedPacket> {
  readonly #log = new TransactionLog<P>();
  readonly #unapplied = new Unapplied();
  readonly #window: Window;
  /** By ring sequence, for those who wait for that mark. */
  readonly unappliedSequences = new UnappliedSequences();
  /** Packets to be sent again, oldest first. */
  readonly #again = new RingBuffer<P>();
  readonly #resent = new WeakSet<P>();
  readonly #freed: (packet: P, reuse: boolean) => void;
  #linked = false;
  #received: Position;
  #applied: Position;
  #heard: Position;
  /** Origin of the newest packet that is received. */
  #receivedOrigin = 0;
  #sentBytes = 0;
  #resentBytes = 0;
  #paused = false;

  constructor(options: {
    readonly window?: Window;
    readonly received: Position;
    /** The target has the packet. `reuse`: nothing refers to its bytes any more. */
    readonly freed?: (packet: P, reuse: boolean) => void;
  }) {
    this.#freed = options.freed ?? (() => {});
    this.#window = options.window ?? DEFAULT_WINDOW;
    this.#received = options.received;
    this.#applied = options.received;
    this.#heard = options.received;
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

  /** All that the target has to say of what it has applied up to here has come: an acknowledgement follows it, a welcome goes before it. */
  get heard(): Position {
    return this.#heard;
  }

  /** Ring sequence of the newest operation that is received; 0: none of this run. */
  get receivedOrigin(): number {
    return this.#receivedOrigin;
  }

  /** What is sent and not received, oldest first. */
  inFlight(): Generator<P> {
    return this.#log.since(position(0));
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

  /** TCM4: source time of the oldest operation sent and not yet applied, ms. */
  get oldestTimeMs(): number | null {
    return this.#unapplied.oldestTimeMs;
  }

  /** Also before the first packet of a stream that goes on: what is not received can be sent. */
  get oldestPosition(): Position {
    return this.#log.oldestPosition(position(this.#received + 1));
  }

  /** The stream goes on behind what the target has, after a restart: nothing is on its way. */
  goOn(has: { readonly received: Position; readonly applied: Position; readonly origin: number }): void {
    this.#log.clear();
    this.#again.clear();
    this.#unapplied.goOn(has);
    this.#received = has.received;
    this.#applied = has.applied;
    this.#heard = position(0);
    this.#receivedOrigin = has.origin;
    this.unappliedSequences.goOn(has);
  }

  /** The target goes on behind `received`; what it has not is sent again. After a power cut there `applied` may be less than it was. */
  linkUp(received: Position, applied: Position): void {
    this.#linked = true;
    this.#paused = false;
    this.#again.clear();
    if (applied < this.#heard) this.#heard = applied;
    if (applied < this.#applied) {
      this.#applied = applied;
      this.#unapplied.wentBack({ received, applied });
    }
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
    this.unappliedSequences.clear();
    this.#received = position(next - 1);
    this.#applied = this.#received;
    this.#heard = this.#received;
    this.#unapplied.clear(this.#applied);
  }

  acknowledged(received: Position, applied: Position): void {
    if (received > this.#received) this.#received = received;
    if (applied > this.#applied) this.#applied = applied;
    this.#unapplied.applied(applied);
    this.#log.free(this.#received, (packet) => {
      this.#receivedOrigin = Math.max(this.#receivedOrigin, packet.origin);
      this.unappliedSequences.received(packet);
      // A copy that was sent again may still wait in the socket; the first one has arrived, so nothing else looks at the bytes.
      this.#freed(packet, !this.#resent.delete(packet));
    });
    this.unappliedSequences.applied(this.#applied);
  }

  /** An acknowledgement came. */
  heardThrough(applied: Position): void {
    if (applied > this.#heard) this.#heard = applied;
  }

  resend(from: Position): void {
    this.#again.clear();
    for (const packet of this.#log.since(from)) {
      this.#again.push(packet);
      this.#resent.add(packet);
    }
  }

  /** TCM6: the target's queue is full, or it has room again. Its `pause` and `resume` say so, and not its condition, which has one word for all. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
  }

  /** The next packet for the wire, or undefined: nothing to send, no link, target full, or window closed. */
  next(take: () => P | undefined): P | undefined {
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
    this.#unapplied.add(packet);
    this.#sentBytes += packet.bytes.length;
    return packet;
  }
}
