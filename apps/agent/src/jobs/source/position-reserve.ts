/**
 * Positions are never reused: they are reserved durably in blocks, and after a restart the numbering goes on behind the block.
 * In: the position last used. Out: where to begin. One small file a job.
 */
import { type Position, position } from '@understudy/wire';

export const RESERVE_BLOCK = 1_000_000;

export interface ReserveFile {
  read(): number;
  /** Durable when it returns. */
  write(reservedTo: number): void;
}

export class PositionReserve {
  readonly next: Position;
  readonly #file: ReserveFile;
  #reservedTo: number;

  constructor(file: ReserveFile) {
    this.#file = file;
    const from = file.read();
    this.next = position(from + 1);
    this.#reservedTo = from + RESERVE_BLOCK;
    file.write(this.#reservedTo);
  }

  /** A packet is about to leave that ends at `to`; reserves ahead where the block runs out. */
  used(to: Position): void {
    if (to + RESERVE_BLOCK / 10 <= this.#reservedTo) return;
    this.#reservedTo = to + RESERVE_BLOCK;
    this.#file.write(this.#reservedTo);
  }
}
