/**
 * Between accepting and applying: operations in order of their positions, dense by one.
 */
import type { OperationRecord, Position } from '@understudy/wire';

export interface OperationQueue {
  /** The oldest operation, undefined where none waits; the same object until `shift`. Its data is a view, not a copy. */
  peek(): OperationRecord | undefined;
  /** The oldest has been dealt with. */
  shift(): void;
  /** Position of the newest, undefined where none waits. */
  last(): Position | undefined;
}
