/**
 * target: what arrives on the wire becomes the replica. In: packets and the source's first message. Out: effects as data; the replica
 * changed through ReplicaFiles. Promised: TCM and TRM of SPEC.md.
 */
export * from './accept/greeting.ts';
export type { Packet } from './accept/packet.ts';
export * from './accept/target-communication-manager.ts';
export type { TargetEvent } from './apply/apply-context.ts';
export * from './apply/apply-ports.ts';
export { base64, fromBase64 } from './apply/base64.ts';
export type { BrakeDesk } from './apply/brake/desk.ts';
export { type BrakeSettings, DEFAULT_BRAKE } from './apply/brake/detector.ts';
export type { UndoReach } from './apply/brake/letting-go.ts';
export type { OpenPast } from './apply/brake/open-past.ts';
export type { Past } from './apply/brake/past.ts';
export type { LostPast } from './apply/brake/roll-back.ts';
export type { UndoPoint } from './apply/brake/undo-points.ts';
export { type Forbidden, forbiddingFiles } from './apply/forbidding-files.ts';
export type { OpenRoot, RootSpec } from './apply/replica-roots.ts';
export * from './apply/target-replication-manager.ts';
export { mergeConditions, sameCondition } from './condition.ts';
export * from './greeter.ts';
export * from './journal.ts';
export type { OperationQueue } from './operation-queue.ts';
export type * from './received-journal.ts';
