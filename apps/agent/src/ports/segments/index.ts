/** segments: a queue on disk. In: numbered entries. Out: the same, later, by this process or the next; what is durable; damage by name. */
export type { SegmentLoss } from './open-segments.ts';
export { SegmentDamage } from './segment-file.ts';
export { diskIo, type SegmentIo } from './segment-io.ts';
export {
  type AppendResult,
  DEFAULT_SEGMENT_LIMITS,
  hasSegments,
  type SegmentLimits,
  SegmentStore,
  type SegmentStoreOptions,
} from './segment-store.ts';
