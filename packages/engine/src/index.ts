/** engine: the data path and the life of a job. Pure; the world comes in through ports.ts. */

export type { LoggedPacket } from './data-path/source/transmit/transaction-log.ts';
export * from './data-path/target/index.ts';
export type { TargetPath, TargetPathOptions } from './data-path/target-path.ts';
export { openSourceHalf, openTargetHalf } from './data-path.ts';
export * from './ports.ts';
export * from './protection/job-state.ts';
export type { Compare, Urgency } from './protection/mirror/mirror.ts';
export { percentOf } from './protection/mirror/progress.ts';
export { type JobEvent, type JobRootInput, SourceJob, type SourceJobWorld } from './protection/source-job.ts';
export type { Difference, Verification } from './protection/verify/verification.ts';
