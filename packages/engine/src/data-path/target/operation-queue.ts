/**
 * Between accepting and applying: operations in order of their positions, dense by one.
 */
import type { OperationRecord, Position, Verb } from '@understudy/wire';

export interface OperationQueue {
  /** The oldest operation, undefined where none waits; the same object until `shift`. Its data is a view, not a copy. */
  peek(): OperationRecord | undefined;
  /** The oldest has been dealt with. */
  shift(): void;
  /**
   * The next of this verb that waits and has not been told of, though its turn has not come; undefined where none is at hand. Each call
   * looks further on, and never at what was dealt with.
   */
  ahead?(verb: Verb): OperationRecord | undefined;
  /** Position of the newest, undefined where none waits. */
  last(): Position | undefined;
}
