/**
 * The target's half of the path: TCM and TRM joined. In: the source's hello. Out: the answer, the stages to feed, what stands in the way.
 * Knows both stages; they do not know each other.
 */
import { type Condition, type Hello, type Position, position } from '@understudy/wire';
import type { Digest } from '../ports.ts';
import {
  type AcceptEffects,
  type AcceptLimits,
  TargetCommunicationManager,
} from './target/accept/target-communication-manager.ts';
import type { BrakePorts } from './target/apply/brake/brake.ts';
import { DEFAULT_BRAKE } from './target/apply/brake/detector.ts';
import type { OpenRoot } from './target/apply/replica-roots.ts';
import { TargetReplicationManager } from './target/apply/target-replication-manager.ts';
import { mergeConditions } from './target/condition.ts';
import { type Answer, greet, rootSpecs } from './target/greeter.ts';
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

  /** Received and not applied yet, as the source is told. */
  get queue(): Required<Condition>['queue'] {
    const { records, bytes } = this.accept.queued;
    return { operations: records, bytes, oldestMs: records === 0 ? null : this.accept.oldestMs };
  }

  /** A checkpoint that covers everything up to there is through. */
  checkpointed(applied: Position, nowMs: number): AcceptEffects {
    this.apply.checkpointed(applied);
    return this.accept.noteCheckpoint(applied, nowMs);
  }

  /** The source says hello: its stream goes on here, begins anew, or is refused. */
  greet(hello: Hello, version: string): Answer {
    return greet(hello, { accept: this.accept, apply: this.apply, version });
  }

  /** The replica is opened, and nothing done to it: what has been can be asked for. Throws FileError where it cannot be. */
  openAlone(hello: Hello): void {
    this.apply.brake.configure(hello.brake === undefined ? DEFAULT_BRAKE : hello.brake);
    this.apply.openRoots(rootSpecs(hello) ?? []);
  }

  /** What an earlier process had received is found again, if it was not yet. */
  restore(): void {
    const { streamId, applied, origin, replayTo, lostPower } = this.apply.stream;
    if (streamId !== null) this.accept.restore({ applied, origin, lostPower: lostPower && replayTo > 0 });
  }

  /**
   * Failover: nobody speaks any more, or nobody is listened to. What is received is applied under this epoch; packets of an older one are refused. Throws FileError where the replica cannot be opened.
   */
  goOnAlone(hello: Hello, epoch: number): void {
    const { accept, apply } = this;
    this.restore();
    apply.openRoots(rootSpecs(hello) ?? []);
    const received = position(Math.max(accept.received, apply.stream.applied));
    apply.resume(Math.max(epoch, apply.stream.epoch), position(received + 1));
    accept.start({ applied: apply.stream.applied, epoch: apply.stream.epoch, keepQueue: true });
  }
}
