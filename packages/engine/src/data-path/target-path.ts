/**
 * The target's half of the path: TCM and TRM joined. In: the source's hello, packets, turns. Out: what to answer, what was applied.
 * Knows both stages; they do not know each other.
 */
import type { Condition, Hello } from '@understudy/wire';
import type { Digest } from '../ports.ts';
import type { Packet } from './target/accept/packet.ts';
import {
  type AcceptEffects,
  type AcceptLimits,
  TargetCommunicationManager,
} from './target/accept/target-communication-manager.ts';
import type { OpenRoot } from './target/apply/replica-roots.ts';
import {
  type ApplyBudget,
  type ApplyEffects,
  TargetReplicationManager,
} from './target/apply/target-replication-manager.ts';
import { mergeConditions } from './target/condition.ts';
import { type Answer, greet } from './target/greeter.ts';
import type { TargetJournal } from './target/journal.ts';

export interface TargetPathOptions {
  readonly journal: TargetJournal;
  readonly openRoot: OpenRoot;
  readonly digest: Digest;
  readonly limits?: Partial<AcceptLimits>;
}

/** What a turn of applying came to, and what the queue says to it. */
export interface TurnEffects {
  readonly apply: ApplyEffects;
  /** null: nothing was applied. */
  readonly accept: AcceptEffects | null;
}

export class TargetPath {
  readonly accept: TargetCommunicationManager;
  readonly apply: TargetReplicationManager;

  constructor(options: TargetPathOptions) {
    const { journal, openRoot, digest } = options;
    this.accept = new TargetCommunicationManager(options.limits);
    this.apply = new TargetReplicationManager({ journal, openRoot, queue: this.accept.queue, digest });
  }

  /** What stands in the way of the stream, whichever stage says it. */
  get condition(): Condition {
    return mergeConditions(this.apply.condition, this.accept.condition);
  }

  /** The source says hello: its stream goes on here, begins anew, or is refused. */
  greet(hello: Hello, version: string): Answer {
    return greet(hello, { accept: this.accept, apply: this.apply, version });
  }

  received(packet: Packet, nowMs: number): AcceptEffects {
    return this.accept.accept(packet, nowMs);
  }

  turn(nowMs: number, budget?: ApplyBudget): TurnEffects {
    const before = this.apply.stream.applied;
    const effects = this.apply.applySome(nowMs, budget);
    const moved = effects.applied > before;
    return { apply: effects, accept: moved ? this.accept.noteApplied(effects.applied, nowMs) : null };
  }
}
