/**
 * What may wait on a simulated target to be applied. In: a packet that is taken. Out: failures as sentences.
 * Checked: [TCM6] a target that is full takes nothing, and its journal stays within its number of packets.
 */
import type { TargetCommunicationManager } from '@understudy/engine';
import type { MemoryReceivedJournal } from '@understudy/engine/testing';

const MEMORY_BYTES = 128 * 1024;
const PACKETS = 2000;

export class TargetLimits {
  readonly failures: string[] = [];
  readonly accept: { readonly bytes: number; readonly packets: number };
  readonly #journal: MemoryReceivedJournal;

  constructor(journal: MemoryReceivedJournal, memoryBytes = MEMORY_BYTES) {
    this.#journal = journal;
    this.accept = { bytes: memoryBytes, packets: PACKETS };
  }

  watch(accept: TargetCommunicationManager, take: () => void): void {
    const before = accept.queued.memoryBytes;
    take();
    // What a mirror has read is in memory only, and may fill a quarter more.
    const full = this.accept.bytes + this.accept.bytes / 4;
    if (accept.queued.memoryBytes > before && before >= full)
      this.failures.push(`a packet was taken with ${before} bytes in memory, and the limit is ${full}`);
    const packets = [...this.#journal.held()].length;
    if (packets > PACKETS) this.failures.push(`the journal holds ${packets} packets of ${PACKETS}`);
  }
}
