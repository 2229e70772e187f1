/**
 * What the target must find again after its agent was killed, as a port; the machinery lies with the agent.
 *
 * In: bindings of source nodes to files on the replica, the mark up to which everything is applied.
 * Out: at the next start, exactly what was said last.
 * Promised by an implementation: what a call has written survives the death of the process when the call returns, calls take effect
 * in order, and a commit is whole or not there at all, its node changes never behind its mark. After a power cut it says what the last
 * checkpoint was, whole, and that it is not known how much had begun.
 */

import { type Brand, brand } from '@understudy/base';
import type { NodeId, Position, Reply } from '@understudy/wire';
import type { Handle } from '../../ports.ts';

/** One line of the node table. */
export interface NodeBinding {
  readonly root: number;
  readonly node: NodeId;
  readonly handle: Handle;
  /** The mirror has not finished with the content. */
  readonly pending: boolean;
}

export interface NodeChange {
  readonly root: number;
  readonly node: NodeId;
  /** null: the node has left the table. */
  readonly handle: Handle | null;
  readonly pending: boolean;
}

export interface JournalMarks {
  readonly applied: Position;
  /** A mirror has been complete and none has begun since. */
  readonly complete: boolean;
  /** MirrorCompare of the run that is under way, null without one. */
  readonly compare: number | null;
}

/** A position at which the replica was exactly the source's past. */
export interface KnownPast {
  readonly position: number;
  readonly wallMs: number;
  readonly sourceMs: number;
  /** Of the stretch that begins there (apply/brake/generations.ts); absent: an older version noted it. */
  readonly number?: number | undefined;
}

/** What the brake has come to (apply/brake): it outlives everything but another stream. */
export interface BrakeState {
  /** `held`: a person decides. `passing`: what was held is applied. `halted`: taken back, for good. */
  readonly phase: 'held' | 'passing' | 'rolling-back' | 'halted';
  readonly code: string;
  readonly sentence: string;
  /** Position at which the stream was stopped. */
  readonly at: number;
  /** Source time of it, ms. */
  readonly timeMs?: number | undefined;
  /** Where it can be taken back to; null: it cannot. */
  readonly to: KnownPast | null;
  /** Up to here nothing is counted. */
  readonly through?: number | undefined;
  /** A mirror was under way. */
  readonly mirroring?: boolean | undefined;
  /** Paths whose content cannot be taken back. */
  readonly lost?: readonly string[] | undefined;
}

export interface JournalState extends JournalMarks {
  readonly brake: BrakeState | null;
  /** null: no stream has ever been begun. */
  readonly streamId: string | null;
  /** The highest epoch that has been accepted. */
  readonly epoch: number;
  /** Highest position whose application may have begun; above `applied` after an unclean stop, after a power cut BEGUN_UNKNOWN or `powerLostBy`. */
  readonly begun: Position;
  readonly nodes: Iterable<NodeBinding>;
  /** Failures that the source may not know of yet. */
  readonly untold: readonly Reply[];
  /** As given to the last checkpoint. */
  readonly origin: number;
}

/** Anything that the source has ever sent may have begun. */
export const BEGUN_UNKNOWN = brand<Position>(Number.MAX_SAFE_INTEGER);
/** Numbers from here on say that the power was lost, and above this the highest position that the source had sent by then. */
const POWER_LOST = 2 ** 52;

export const isPowerLost = (begun: Position): boolean => begun >= POWER_LOST;
/** To be begun with, after a power cut, once the source has said what it had sent. */
export const powerLostBy = (sent: Position): Position => brand<Position>(POWER_LOST + sent);
/** Nothing beyond it can have begun. */
export const begunAtMost = (begun: Position): Position =>
  begun >= POWER_LOST && begun !== BEGUN_UNKNOWN ? brand<Position>(begun - POWER_LOST) : begun;

/** The position of the last checkpoint; null: a process has run since, or it did not end with the machine. */
export const coveredBy = ({ begun, applied }: Pick<JournalState, 'begun' | 'applied'>): Position | null =>
  begun === BEGUN_UNKNOWN ? applied : null;

/** What has been committed so far, as a point to come back to. */
export type JournalMark = Brand<number, 'JournalMark'>;

export interface StreamStart {
  readonly streamId: string;
  readonly epoch: number;
  /** The position before the stream's first. */
  readonly applied: Position;
}

export interface TargetJournal {
  load(): JournalState;
  /** Changes of the node table ahead of the mark: a file that was created must be known as what it is when its creation is replayed. */
  note(changes: readonly NodeChange[]): void;
  /** Called before the first effect of a batch. */
  begin(to: Position): void;
  commit(marks: JournalMarks, changes: readonly NodeChange[]): void;
  /** The same for a replica that is on its disk: a power cut leaves this, and no checkpoint that was begun before counts any more. */
  stand(marks: JournalMarks, changes: readonly NodeChange[]): void;
  /** Positions start anew: begun = applied, not complete, no run; the node table stays. */
  restart(start: StreamStart): void;
  /** Failures to be told until the source knows them; called before the commit of what caused them. */
  keep(failures: readonly Extract<Reply, { kind: 'failed' }>[]): void;
  /** The source knows of those up to here. */
  told(through: Position): void;
  /** Everything committed so far. */
  mark(): JournalMark;
  /**
   * The replica is on its disk at least as it was at the mark. When it settles, that is what a power cut leaves: `applied` and the node
   * table of the mark. Rejects with an error of the disk.
   */
  checkpoint(mark: JournalMark, origin: number): Promise<void>;
  /** On the disk when the call returns. */
  brake(state: BrakeState | null): void;
  /** The same stream goes on under a higher epoch. */
  raiseEpoch(epoch: number): void;
  /** As if nothing had ever been said. */
  clear(): void;
}
