/** What the target's hand needs, what it may do at once, and what comes of it. */
import type { Condition, Position, Reply } from '@understudy/wire';
import type { Digest } from '../../../ports.ts';
import type { TargetJournal } from '../journal.ts';
import type { OperationQueue } from '../operation-queue.ts';
import type { TargetEvent } from './apply-context.ts';
import type { BrakePorts } from './brake/brake.ts';
import type { OpenRoot } from './replica-roots.ts';

export interface ApplyBudget {
  readonly records: number;
  /** Of data. */
  readonly bytes: number;
}

export const DEFAULT_APPLY_BUDGET: ApplyBudget = { records: 512, bytes: 8 << 20 };

export interface ApplyEffects {
  /** Everything up to here is applied, and known to be so by a restarted agent. */
  readonly applied: Position;
  /** For the source, in order. They are said once: what was lost with the agent the source has to do without. */
  readonly replies: readonly Reply[];
  /** Where it changed. */
  readonly condition: Condition | null;
  readonly events: readonly TargetEvent[];
  /** Not before then, by the clock of `nowMs`; null: whenever operations are queued. */
  readonly retryAtMs: number | null;
}

/** Where the stream stands. */
export interface StreamStanding {
  readonly streamId: string | null;
  readonly epoch: number;
  readonly applied: Position;
  readonly complete: boolean;
  /** An operation was given up, and word of it may be lost. */
  readonly failures: boolean;
  readonly origin: number;
  /** Up to here operations may have been applied before the last stop; 0: that is over. */
  readonly replayTo: Position;
  /** Source time of the newest operation that is applied; null: this process has applied none. */
  readonly timeMs: number | null;
  readonly mirroring: boolean;
  readonly lostPower: boolean;
}

export interface ApplyPorts {
  readonly journal: TargetJournal;
  readonly openRoot: OpenRoot;
  readonly queue: OperationQueue;
  readonly digest: Digest;
  /** Absent: nothing is kept aside, and nothing holds. */
  readonly brake?: BrakePorts;
}
