/**
 * What has come and is not applied for good yet, on the target's disk, as a port; the machinery lies with the agent.
 *
 * In: packets in order. Out: the same, to this process or the next; which of them are on the disk. Promised by an implementation: a
 * packet is there for the next process when `append` has returned, and after a power cut once `durable` has passed its entry; a full or
 * bad disk is an answer; entries are numbered densely in the order in which they came.
 */
export interface HeldPacket {
  readonly entry: number;
  readonly from: number;
  readonly to: number;
  /** Sequence in the source's ring, as the packet said it. */
  readonly origin: number;
  /** Of its records. */
  readonly bytes: number;
  /** Content that a mirror had read was left out: it cannot be applied from here. */
  readonly elided: boolean;
}

export type ReceivedAnswer =
  | { readonly ok: true; readonly entry: number }
  | { readonly ok: false; readonly sentence: string };

export interface ReceivedJournal {
  /** Entries below are on the disk. */
  readonly durable: number;
  append(packet: Omit<HeldPacket, 'entry' | 'bytes'>, records: Uint8Array): ReceivedAnswer;
  /** The records of an entry; throws where they are not there any more. */
  read(entry: number): Uint8Array;
  /** Why the next packet would not be taken; null: it would. */
  noRoom(): string | null;
  /** Entries up to this one are applied, and the replica that shows it is on its disk. */
  free(through: number): void;
  /** All that is whole, in order; perhaps some that were freed. Numbers that are missing were damaged. */
  held(): Iterable<HeldPacket>;
  /** Entries from here on are forgotten for good. */
  cut(from: number): void;
  clear(): void;
}
