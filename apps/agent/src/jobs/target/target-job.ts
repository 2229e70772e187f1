/**
 * One job on its target: TCM and TRM on a link. In: frames. Out: the replica, acknowledgements, replies, events.
 * Promises: replies leave before the acknowledgement of what caused them; what could not be applied is told until the source knows it;
 * a fault ends this job alone, as a killed agent would: the source comes again and the journal says where it goes on.
 */

import { brand, type RawName } from '@understudy/base';
import {
  type AcceptEffects,
  type ApplyEffects,
  openTargetHalf,
  type TargetCommunicationManager,
  type TargetEvent,
  type TargetPath,
  type TargetReplicationManager,
} from '@understudy/engine';
import {
  type Condition,
  type FrameHeader,
  FrameType,
  type Hello,
  type Opened,
  type Position,
  type Refuse,
  type Reply,
  type Standing,
  standingSchema,
  type Welcome,
} from '@understudy/wire';
import { messageOf } from '../../home/start-error.ts';
import { CODEC_NAMES } from '../../ports/compression/index.ts';
import { digest } from '../../ports/digest/digest.ts';
import { parseJsonFrame, type ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import { Checkpoints } from './checkpoints.ts';
import type { ReplicaGuard } from './guard/replica-guard.ts';
import type { FileTargetJournal } from './journal.ts';
import { type PastOptions, TargetPast } from './past/target-past.ts';
import type { ReceivedSegments } from './received-segments.ts';
import { isExpected, refusalOf } from './refusal-of.ts';
import { type ReplicaRoots, RootNotNow } from './replica-roots.ts';
import { replyFrames } from './reply-frames.ts';
import { TargetHand } from './target-hand.ts';
import { ToldCondition } from './told-condition.ts';

export interface TargetJobOptions {
  readonly version: string;
  readonly journal: FileTargetJournal;
  readonly received: ReceivedSegments;
  /** Memory for what waits to be applied. */
  readonly memoryBytes: number;
  readonly past: PastOptions;
  /** The replica's or the journal's disk did not keep what it was given. */
  readonly notKept: (sentence: string) => void;
  readonly roots: ReplicaRoots;
  /** Keeps others from writing into the replica. */
  readonly guard?: Pick<ReplicaGuard, 'state' | 'look'>;
  readonly event: (event: TargetEvent) => void;
  readonly condition: (condition: Condition) => void;
  /** Others could write into the replica, and it has not been compared since. */
  readonly opened?: () => Opened | null;
  /** The source has said how the job stands. */
  readonly stands?: (standing: Standing) => void;
  /** It has ended by itself: the next hello finds a new one. `fault`: not the world's doing. */
  readonly ended: (refuse: Refuse, fault: unknown) => void;
}

const TICK_MS = 250;
/** Each acknowledgement wakes the source. */
const ACKNOWLEDGE_MS = 1;
/** Ticks between two looks at whether the replica is where it was. */
const LOOK_TICKS = 4;

export class TargetJob {
  readonly #options: TargetJobOptions;
  readonly #path: TargetPath;
  readonly #accept: TargetCommunicationManager;
  readonly #apply: TargetReplicationManager;
  readonly #checkpoints: Checkpoints;
  /** For a failover. */
  readonly hand: TargetHand;
  /** What has been on the replica. */
  readonly past: TargetPast;
  #link: ReplicationLink | null = null;
  #scheduled = false;
  #timer: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  readonly #toldCondition: ToldCondition;
  #acknowledgedAtMs = 0;
  #closed = false;
  #ticks = 0;

  constructor(options: TargetJobOptions) {
    this.#options = options;
    const { roots, past } = options;
    this.past = new TargetPast({ ...past, roots, path: () => this.#path, told: () => this.#told() });
    this.#path = openTargetHalf({
      journal: options.journal,
      received: options.received,
      limits: { bytes: options.memoryBytes },
      openRoot: options.roots.open,
      digest,
      brake: { wallMs: () => Date.now(), copyBytes: past.keepAsideBytes, undo: this.past.reach },
    });
    this.#accept = this.#path.accept;
    this.#apply = this.#path.apply;
    const opened = () => options.opened?.() ?? null;
    this.#toldCondition = new ToldCondition({ path: () => this.#path, opened, changed: options.condition });
    this.#checkpoints = this.#makeCheckpoints();
    this.hand = new TargetHand({
      path: this.#path,
      linked: () => this.linked,
      refuse: (sentence) => sendAway(this.#link, { code: 'superseded', sentence }),
      goOn: () => this.#run(),
    });
  }

  get linked(): boolean {
    return this.#link !== null;
  }

  /** How long the source has said nothing on its link; null: there is none. */
  get silentMs(): number | null {
    return this.#link?.silentMs ?? null;
  }

  /** A mount of ours keeps others from writing into the replica. */
  get isGuarded(): boolean {
    return this.#options.guard?.state.state === 'refused';
  }

  /** What the brake of this job has come to; null: nothing. */
  get brake() {
    return this.#apply.brake.state;
  }

  /** A person's word to a brake that holds: everything goes on. */
  goOn(through: Position): void {
    this.#guarded(this.#link, () => {
      this.#apply.brake.goOn(through);
      this.#toldCondition.tell(this.#link);
      this.#schedule();
    });
  }

  /** Or: it ends here, with the replica as it was before. Throws what the replica's file system says; then nothing is decided. */
  haltHere(): Position {
    try {
      this.#apply.brake.haltHere();
    } finally {
      this.#told();
    }
    return this.#apply.stream.applied;
  }

  /** It ends for this reason, which the source hears. */
  refuse(refuse: Refuse): void {
    sendAway(this.#link, refuse);
    this.close(refuse.sentence);
  }

  get roots(): ReplicaRoots {
    return this.#options.roots;
  }

  /** The source said hello on this link; an older link of the same job ends. `opened`: its replica is, and it has not heard of it yet. */
  attach(link: ReplicationLink, hello: Hello, opened: () => void): void {
    this.#link?.close('the source has connected anew');
    this.#guarded(link, () => this.#greet(link, hello, opened));
  }

  close(sentence = 'the agent is stopping'): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#link?.close(sentence);
    this.#stopTimers();
    this.past.close();
    this.#checkpoints.close();
    this.#apply.brake.close();
    for (const event of this.#apply.brake.takeEvents(brand<RawName>(''))) this.#options.event(event);
    this.#apply.close();
    this.#options.received.close();
    this.#options.journal.close();
  }

  /** More of what has come is on the disk. */
  durable(): void {
    this.#guarded(this.#link, () => {
      if (this.#accept.noteDurable() && this.#link !== null) this.#acknowledge(this.#link);
    });
  }

  /** The journal's disk lost what it was given: as after a killed agent, the next hello finds what is really there. */
  fail(sentence: string): void {
    this.#guarded(this.#link, () => {
      throw new RootNotNow('EIO', sentence);
    });
  }

  #makeCheckpoints(): Checkpoints {
    const { journal, notKept } = this.#options;
    return new Checkpoints({
      take: () => {
        const { applied, mark } = this.#apply.mark();
        return { applied, note: () => journal.checkpoint(mark, this.#accept.origin) };
      },
      sync: () => this.#apply.sync(),
      done: (applied) =>
        this.#guarded(this.#link, () => {
          const effects = this.#path.checkpointed(applied, performance.now());
          if (this.#link !== null) this.#effects(this.#link, effects);
          this.#schedule();
        }),
      failed: (error) => notKept(`What was applied cannot be made durable (${messageOf(error)}); it is tried again.`),
    });
  }

  #greet(link: ReplicationLink, hello: Hello, opened: () => void): void {
    const answer = this.#path.greet(hello, this.#options.version);
    if (answer.kind === 'refuse') {
      sendAway(link, answer.refuse);
      return;
    }
    opened();
    this.#link = link;
    link.onClose(() => this.#unlinked(link));
    link.sendJson(FrameType.welcome, { ...answer.welcome, codecs: CODEC_NAMES, ...this.#writes() });
    this.#apply.told(hello.applied);
    this.#sendReplies(link, this.#apply.untold);
    this.#toldCondition.tell(link, 'greeted');
    // What was said of it on another link is not known on this one.
    if (this.#accept.condition.state === 'full') link.send({ type: FrameType.pause }, []);
    // Behind what there is to say of it: only now the source counts it as heard.
    this.#acknowledge(link);
    link.onFrame((header, payload) => this.#guarded(link, () => this.#frame(link, header, payload)));
    this.#run();
  }

  #run(): void {
    this.#timer ??= setInterval(() => this.#guarded(this.#link, () => this.#tick()), TICK_MS);
    this.#schedule();
  }

  /** Whatever goes wrong in here ends this job alone. */
  #guarded(link: ReplicationLink | null, work: () => void): void {
    if (this.#closed) return;
    try {
      work();
    } catch (error) {
      const refuse = refusalOf(error);
      sendAway(link, refuse);
      this.close(refuse.sentence);
      this.#options.ended(refuse, isExpected(error) ? null : error);
    }
  }

  #unlinked(link: ReplicationLink): void {
    if (this.#link === link) this.#link = null;
  }

  #frame(link: ReplicationLink, header: FrameHeader, payload: Uint8Array): void {
    if (this.#link !== link) return;
    if (header.type === FrameType.acknowledge) {
      this.#apply.told(header.to);
      return;
    }
    if (header.type === FrameType.standing) {
      const standing = parseJsonFrame(link, header, payload, standingSchema);
      if (standing !== null) this.#options.stands?.(standing);
      return;
    }
    if (header.type !== FrameType.operations) {
      link.violation(`a source does not send frames of type ${header.type}`);
      return;
    }
    const { from, to, epoch, origin } = header;
    const done = () => link.recycle(payload);
    const effects = this.#accept.accept({ from, to, epoch, origin, records: payload, done }, performance.now());
    if (effects.verdict !== 'accepted') done();
    this.#effects(link, effects);
    this.#schedule();
  }

  #effects(link: ReplicationLink, effects: AcceptEffects): void {
    if (effects.refuse !== null) {
      sendAway(link, effects.refuse);
      return;
    }
    if (effects.resend !== null) link.send({ type: FrameType.resend, from: effects.resend.from }, []);
    if (effects.flow !== null) link.send({ type: effects.flow === 'pause' ? FrameType.pause : FrameType.resume }, []);
    if (effects.acknowledge) this.#acknowledge(link);
    if (effects.condition !== null) this.#toldCondition.tell(this.#link);
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => this.#guarded(this.#link, () => this.#turn()));
  }

  #turn(): void {
    this.#scheduled = false;
    if (this.hand.isDiscarding) return;
    const before = this.#apply.stream.applied;
    const effects = this.#apply.applySome(performance.now());
    this.#applied(effects, before);
    if (effects.retryAtMs !== null) this.#retryAt(effects.retryAtMs);
    else if (this.#apply.awaitsCheckpoint) this.#checkpoint();
    else if (this.#accept.queued.records > 0) this.#schedule();
    this.hand.turned();
  }

  #applied(effects: ApplyEffects, before: Position): void {
    if (effects.replies.some((reply) => reply.kind === 'failed')) this.#look();
    for (const event of effects.events) this.#options.event(event);
    const link = this.#link;
    if (link !== null) this.#sendReplies(link, effects.replies);
    if (effects.applied > before) {
      const flow = this.#accept.noteApplied(effects.applied, performance.now());
      if (link !== null) this.#effects(link, flow);
      if (link !== null) this.#acknowledgeSoon(link, effects.retryAtMs === null && this.#accept.queued.records > 0);
    }
    // Whether or not this turn changed it: what a restarted agent found to be replayed may be over before anybody was told.
    this.#toldCondition.tell(this.#link);
  }

  /** What was done beside a turn is told. */
  #told(): void {
    for (const event of this.#apply.brake.takeEvents(brand<RawName>(''))) this.#options.event(event);
    this.#toldCondition.tell(this.#link);
  }

  #sendReplies(link: ReplicationLink, replies: readonly Reply[]): void {
    for (const frame of replyFrames(replies)) link.send({ type: FrameType.replies }, [Buffer.from(frame)]);
  }

  /** With more to apply at once, once a millisecond is enough; what is the last for now is said at once. */
  #acknowledgeSoon(link: ReplicationLink, moreAtOnce: boolean): void {
    const now = performance.now();
    if (moreAtOnce && now - this.#acknowledgedAtMs < ACKNOWLEDGE_MS) return;
    this.#acknowledgedAtMs = now;
    this.#acknowledge(link);
  }

  #acknowledge(link: ReplicationLink): void {
    link.send({ type: FrameType.acknowledge, from: this.#accept.received, to: this.#accept.applied }, []);
  }

  #retryAt(atMs: number): void {
    this.#retry ??= setTimeout(
      () => {
        this.#retry = null;
        this.#schedule();
      },
      Math.max(1, atMs - performance.now()),
    );
  }

  #tick(): void {
    this.#ticks += 1;
    if (this.#ticks % LOOK_TICKS === 0) {
      this.#look();
      this.#toldCondition.tell(this.#link, 'queue');
      this.#apply.brake.keepHouse();
      this.#told();
      this.past.look();
    }
    this.#checkpoint();
    if (this.#link !== null) this.#effects(this.#link, this.#accept.tick(performance.now()));
  }

  #checkpoint(): void {
    const atOnce = this.#toldCondition.code === 'target-journal-full' || this.#apply.awaitsCheckpoint;
    this.#checkpoints.tick(this.#apply.stream.applied, performance.now(), atOnce);
  }

  #writes(): Pick<Welcome, 'targetWrites'> {
    return { targetWrites: this.#options.guard?.state ?? { state: 'allowed', sentence: '' } };
  }

  /** Throws RootLost: what is applied to a directory that nobody finds any more is no replica. */
  #look(): void {
    const lost = this.roots.lost();
    if (lost !== null) throw lost;
    if (this.#link !== null) this.#options.guard?.look();
  }

  #stopTimers(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#retry !== null) clearTimeout(this.#retry);
  }
}

function sendAway(link: ReplicationLink | null, refuse: Refuse): void {
  link?.sendJson(FrameType.refuse, refuse);
  link?.close(refuse.sentence);
}
