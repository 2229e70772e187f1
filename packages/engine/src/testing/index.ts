/** testing: in-memory twins of the target's ports, for tests and the simulation. Pure; nothing of the product imports them. */

export { MemoryQueueStore } from './memory-queue-store.ts';
export { MemoryReceivedJournal } from './memory-received-journal.ts';
export { MemoryReplica, type MemoryReplicaOptions } from './memory-replica.ts';
export { MemoryTargetJournal } from './memory-target-journal.ts';
