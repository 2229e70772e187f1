/**
 * The target's half of the path: TCM and TRM joined. In: the source's hello. Out: the answer, the stages to feed, what stands in the way.
 * Knows both stages; they do not know each other.
 */
import type { Condition, Hello } from '@understudy/wire';
import type { Digest } from '../ports.ts';
import { type AcceptLimits, TargetCommunicationManager } from './target/accept/target-communication-manager.ts';
import type { BrakePorts } from './target/apply/brake/brake.ts';
import type { OpenRoot } from './target/apply/replica-roots.ts';
import { TargetReplicationManager } from './target/apply/target-replication-manager.ts';
import { mergeConditions } from './target/condition.ts';
import { type Answer, greet } from './target/greeter.ts';
import type { TargetJournal } from './target/journal.ts';
import type { ReceivedJournal } from './target/received-journal.ts';

export interface TargetPathOptions {
  readonly journal: TargetJournal;
  /** null: what is received is what is applied. */
  readonly received?: ReceivedJournal | null;
  readonly openRoot: OpenRoot;
  readonly digest: Digest;
  readonly limits?: Partial<AcceptLimits>;
  /** Absent: nothing is kept aside, and nothing holds. */
  readonly brake?: BrakePorts;
}

export class TargetPath {
  readonly accept: TargetCommunicationManager;
  readonly apply: TargetReplicationManager;

  constructor(options: TargetPathOptions) {
    const { journal, openRoot, digest, brake } = options;
    this.accept = new TargetCommunicationManager(options.limits, options.received ?? null);
    this.apply = new TargetReplicationManager({
      journal,
      openRoot,
      queue: this.accept.queue,
      digest,
      ...(brake === undefined ? {} : { brake }),
    });
  }

  /** What stands in the way of the stream, whichever stage says it. */
  get condition(): Condition {
    return mergeConditions(this.apply.condition, this.accept.condition);
  }

  /** The source says hello: its stream goes on here, begins anew, or is refused. */
  greet(hello: Hello, version: string): Answer {
    return greet(hello, { accept: this.accept, apply: this.apply, version });
  }
}
