/** engine: the data path and the life of a job. Pure; the world comes in through ports.ts. */

export type { DirtyItem, DirtyReason } from './data-path/source/queue/dirty-map.ts';
export { type QueueStore, QueueStoreError, type QueueStoreFault } from './data-path/source/queue/queue-store.ts';
export { Payoff } from './data-path/source/transmit/compress.ts';
export { bytesOnWire, Pacer } from './data-path/source/transmit/pace.ts';
export {
  isOpen,
  isWithin,
  type LocalTime,
  nextOpening,
  rateAt,
  sayLocalTime,
  type WeeklyRate,
  type WeeklyWindow,
} from './data-path/source/transmit/schedule.ts';
export type { LoggedPacket } from './data-path/source/transmit/transaction-log.ts';
export { TransmissionGate, type TransmissionLimits, UNLIMITED } from './data-path/source/transmit/transmission-gate.ts';
export type { AcknowledgedMark } from './data-path/source-acknowledged.ts';
export type { KnownReceived } from './data-path/source-path.ts';
export * from './data-path/target/index.ts';
export type { TargetPath, TargetPathOptions } from './data-path/target-path.ts';
export { openSourceHalf, openTargetHalf } from './data-path.ts';
export { filesBeneath } from './files-beneath.ts';
export * from './ports.ts';
export { CookieWatch, type CookieWatchParts } from './protection/audit/cookie-watch.ts';
export { HOPS, type Hop, type Missing } from './protection/audit/hops.ts';
export type { AuditFact, AuditOptions } from './protection/audit/job-audit.ts';
export { noteOnly } from './protection/failback/note-only.ts';
export type { Role } from './protection/failback/role.ts';
export { type Unsent, type UnsentKind, unsentOf } from './protection/failback/unsent.ts';
export * from './protection/failover/obstacles.ts';
export * from './protection/failover/source-watch.ts';
export * from './protection/failover/takeover.ts';
export type { JobMemory } from './protection/job-memory.ts';
export * from './protection/job-state.ts';
export * from './protection/lease/index.ts';
export { type MirrorMemory, type MirrorNote, VolatileMirrorMemory } from './protection/mirror/memory.ts';
export {
  type Compare,
  DEFAULT_OPTIONS as DEFAULT_MIRROR_OPTIONS,
  isBlockSize,
  type MirrorOptions,
  type MirrorPlan,
  type OrphanChoice,
} from './protection/mirror/plan.ts';
export { type ProgressRate, percentOf } from './protection/mirror/progress.ts';
export type { Urgency } from './protection/mirror/world.ts';
export type { PowerCutOfJob } from './protection/power-cut.ts';
export { type JobEvent, type JobRootInput, SourceJob, type SourceJobWorld } from './protection/source-job.ts';
export type { Difference } from './protection/verify/findings.ts';
export { type KnownDifferences, reasonOf as differsReason } from './protection/verify/known-differences.ts';
export type { Verification } from './protection/verify/verification.ts';
