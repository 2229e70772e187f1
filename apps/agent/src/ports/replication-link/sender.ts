/**
 * The coats between a job's packets and its link: compress, then pace (SCM3). In: packets in order, a level, a rate.
 * Out: frames in the same order, each compressed where that pays, none faster than the rate.
 * Promises: work is done in other threads and order is kept; what is held here is bounded, and while a rate holds it is little, so that a
 * new rate is felt at once; nothing of it goes while the job is held; acknowledgements and pings do not pass through here and never wait.
 */
import { bytesOnWire, type LoggedPacket, Pacer, Payoff } from '@understudy/engine';
import { Codec, FRAME_HEADER, type FrameFields } from '@understudy/wire';
import type { Compressor } from '../compression/index.ts';

export interface SenderOptions {
  /** Gives a frame to the link; false: the link wants no more for now. */
  readonly put: (fields: FrameFields, payload: Uint8Array) => boolean;
  readonly fields: (packet: LoggedPacket) => FrameFields;
  /** There may be room again. */
  readonly writable: () => void;
  /** A compressor failed: the packet goes as it is. */
  readonly fault: (error: unknown) => void;
  readonly now?: () => number;
}

interface Held {
  readonly packet: LoggedPacket;
  /** Null: it is being compressed. */
  frame: { readonly fields: FrameFields; readonly payload: Uint8Array } | null;
}

/** Who pauses a job: a person, or the limits of its transmission. */
export type Holder = 'person' | 'limits';

/** Two threads' worth, and the next ones ready. */
const HELD_PACKETS = 6;
const HELD_BYTES = 2 * 1024 * 1024;
/** With a rate: packets are better merged in the queue than held here. */
const PACED_PACKETS = 1;

export class Sender {
  readonly #options: SenderOptions;
  readonly #now: () => number;
  readonly #held: Held[] = [];
  readonly #pacer: Pacer;
  #payoff = new Payoff();
  #compressor: Compressor | null = null;
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #holders = new Set<Holder>();
  #room = true;
  #sentBytes = 0;
  #sentCompressedBytes = 0;
  #wireBytes = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#pacer = new Pacer(this.#now());
  }

  /** Bytes of packets that went to the link, before and after compression, and with all that encryption adds. */
  get traffic(): { readonly sentBytes: number; readonly sentCompressedBytes: number; readonly wireBytes: number } {
    return { sentBytes: this.#sentBytes, sentCompressedBytes: this.#sentCompressedBytes, wireBytes: this.#wireBytes };
  }

  /** What goes on the wire of all that was handed in, at most: what went, and what is held, which may yet be compressed. */
  get committedBytes(): number {
    const sizes = this.#held.map(({ packet, frame }) => FRAME_HEADER + (frame?.payload ?? packet.bytes).length);
    return sizes.reduce((sum, size) => sum + bytesOnWire(size), this.#wireBytes);
  }

  get rate(): number | null {
    return this.#pacer.rate;
  }

  /** Another packet may be handed in. */
  get writable(): boolean {
    if (!this.#room || this.#holders.size > 0) return false;
    if (this.#pacer.rate !== null) return this.#held.length < PACED_PACKETS && this.#pacer.waitMs(this.#now()) === 0;
    return this.#held.length < HELD_PACKETS && this.#bytes < HELD_BYTES;
  }

  setCompressor(compressor: Compressor | null): void {
    if (compressor?.codec !== this.#compressor?.codec) this.#payoff = new Payoff();
    this.#compressor = compressor;
  }

  setRate(rate: number | null): void {
    if (rate === this.#pacer.rate) return;
    this.#pacer.setRate(rate, this.#now());
    this.#flush();
    this.#options.writable();
  }

  /** What was handed in and has not gone stays here, in its order, until nobody holds it any more. */
  hold(holder: Holder, held: boolean): void {
    if (held) this.#holders.add(holder);
    else if (this.#holders.delete(holder)) {
      this.#flush();
      this.#options.writable();
    }
  }

  send(packet: LoggedPacket): void {
    const compressor = this.#compressor;
    const held: Held = { packet, frame: null };
    this.#held.push(held);
    this.#bytes += packet.bytes.length;
    if (compressor !== null && this.#payoff.shouldTry(packet.bytes.length)) void this.#compress(held, compressor);
    else held.frame = this.#raw(packet);
    this.#flush();
  }

  /** The link takes more again. */
  drained(): void {
    this.#room = true;
    this.#flush();
  }

  /** Another link, or none: what was held for the old one stays in the transaction log and is sent again. */
  reset(): void {
    this.#held.length = 0;
    this.#bytes = 0;
    this.#room = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #raw(packet: LoggedPacket): NonNullable<Held['frame']> {
    return { fields: this.#options.fields(packet), payload: packet.bytes };
  }

  async #compress(held: Held, { codec, compress }: Compressor): Promise<void> {
    const { packet } = held;
    const raw = packet.bytes.length;
    try {
      const payload = await compress(packet.bytes);
      const fields = { ...this.#options.fields(packet), codec, rawLength: raw };
      held.frame = this.#payoff.pays(raw, payload.length) ? { fields, payload } : this.#raw(packet);
    } catch (error) {
      this.#options.fault(error);
      held.frame = this.#raw(packet);
    }
    // Of a link that has gone: nobody waits for it any more.
    if (!this.#held.includes(held)) return;
    this.#flush();
    if (this.writable) this.#options.writable();
  }

  #flush(): void {
    if (this.#holders.size > 0) return;
    for (let held = this.#held[0]; this.#room && held !== undefined; held = this.#held[0]) {
      if (held.frame === null) return;
      if (this.#wait()) return;
      this.#held.shift();
      this.#put(held.packet, held.frame);
    }
    // What waits for its turn in the queue has to be asked for again.
    if (this.#pacer.rate !== null) this.#wait();
  }

  #put(packet: LoggedPacket, { fields, payload }: NonNullable<Held['frame']>): void {
    const wire = bytesOnWire(FRAME_HEADER + payload.length);
    this.#bytes -= packet.bytes.length;
    this.#sentBytes += packet.bytes.length;
    this.#sentCompressedBytes += payload.length;
    this.#wireBytes += wire;
    this.#pacer.spent(wire, this.#now());
    this.#room = this.#options.put({ codec: Codec.none, ...fields }, payload);
  }

  /** True: the rate says later; a timer goes on. */
  #wait(): boolean {
    const wait = this.#pacer.waitMs(this.#now());
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (wait === 0) return false;
    this.#timer = setTimeout(() => this.#goOn(), Math.ceil(wait));
    return true;
  }

  #goOn(): void {
    this.#timer = null;
    this.#flush();
    this.#options.writable();
  }
}
