/** SCM2: every packet sent stays here until the target has `received` it. In memory, bounded by the in-flight window. */

import { RingBuffer } from '@understudy/base';
import { type Position, position } from '@understudy/wire';

export interface LoggedPacket {
  readonly from: Position;
  readonly to: Position;
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly firstTimeMs: number;
  /** Ring sequence of the newest operation at or before `to`; 0: none. */
  readonly origin: number;
  /** Lowest ring sequence in it; 0: none. */
  readonly first: number;
}

export class TransactionLog<P extends LoggedPacket> {
  readonly #packets = new RingBuffer<P>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#packets.size;
  }

  get oldest(): P | undefined {
    return this.#packets.at(0);
  }

  add(packet: P): void {
    this.#packets.push(packet);
    this.#bytes += packet.bytes.length;
  }

  /** Lets go of what the target holds safely: packets that end at or before `received`, each handed to `freed`. */
  free(received: Position, freed: (packet: P) => void): void {
    for (
      let packet = this.#packets.at(0);
      packet !== undefined && packet.to <= received;
      packet = this.#packets.at(0)
    ) {
      this.#packets.shift();
      this.#bytes -= packet.bytes.length;
      freed(packet);
    }
  }

  /** Everything that holds a position at or after `from`, oldest first. */
  *since(from: Position): Generator<P> {
    for (let i = 0; i < this.#packets.size; i += 1) {
      const packet = this.#packets.at(i);
      if (packet !== undefined && packet.to >= from) yield packet;
    }
  }

  clear(): void {
    this.#packets.clear();
    this.#bytes = 0;
  }

  /** The first position still held; `next` when empty. */
  oldestPosition(next: Position): Position {
    return this.oldest?.from ?? position(next);
  }
}
