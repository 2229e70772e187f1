/**
 * One job on its target: TCM and TRM on a link. In: frames. Out: the replica, acknowledgements, replies, events.
 * Promises: replies leave before the acknowledgement of what caused them; what could not be applied is told until the source knows it;
 * a fault ends this job alone, as a killed agent would: the source comes again and the journal says where it goes on.
 */
import { createHash } from 'node:crypto';
import {
  type AcceptEffects,
  type ApplyEffects,
  openTargetHalf,
  sameCondition,
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
  type Position,
  type Refuse,
  type Reply,
} from '@understudy/wire';
import { errnoOf, messageOf } from '../../home/start-error.ts';
import type { ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import type { FileTargetJournal } from './journal.ts';
import type { ReplicaRoots } from './replica-roots.ts';
import { RootLost, RootNotNow } from './replica-roots.ts';

export interface TargetJobOptions {
  readonly version: string;
  readonly journal: FileTargetJournal;
  readonly roots: ReplicaRoots;
  readonly event: (event: TargetEvent) => void;
  readonly condition: (condition: Condition) => void;
  /** It has ended by itself: the next hello finds a new one. `fault`: not the world's doing. */
  readonly ended: (refuse: Refuse, fault: unknown) => void;
}

const REPLIES_A_FRAME = 1000;
/** A source that asks again finds them; beyond it the stream does not go on and a mirror compares. */
const MAX_UNTOLD = 10_000;
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
  /** Failures that the source may not know of yet. */
  #untold: Reply[] = [];
  #link: ReplicationLink | null = null;
  #scheduled = false;
  #timer: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  #condition: Condition = { state: 'ok', code: '', sentence: '' };
  #acknowledgedAtMs = 0;
  #closed = false;
  #ticks = 0;

  constructor(options: TargetJobOptions) {
    this.#options = options;
    this.#path = openTargetHalf({
      journal: options.journal,
      openRoot: options.roots.open,
      digest: { sha256: (bytes) => createHash('sha256').update(bytes).digest() },
    });
    this.#accept = this.#path.accept;
    this.#apply = this.#path.apply;
  }

  get linked(): boolean {
    return this.#link !== null;
  }

  get roots(): ReplicaRoots {
    return this.#options.roots;
  }

  /** The source said hello on this link; an older link of the same job ends. */
  attach(link: ReplicationLink, hello: Hello): void {
    this.#link?.close('the source has connected anew');
    this.#guarded(link, () => this.#greet(link, hello));
  }

  close(sentence = 'the agent is stopping'): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#link?.close(sentence);
    this.#stopTimers();
    this.#apply.close();
    this.#options.journal.close();
  }

  #greet(link: ReplicationLink, hello: Hello): void {
    const version = this.#options.version;
    const answer = this.#path.greet(hello, version);
    if (answer.kind === 'refuse') {
      link.sendJson(FrameType.refuse, answer.refuse);
      link.close(answer.refuse.sentence);
      return;
    }
    this.#link = link;
    link.onClose(() => this.#unlinked(link));
    link.sendJson(FrameType.welcome, answer.welcome);
    if (!answer.welcome.resumes) this.#untold = [];
    this.#untold = this.#untold.filter((reply) => reply.at > hello.applied);
    this.#sendReplies(link, this.#untold);
    this.#tellCondition(true);
    link.onFrame((header, payload) => this.#guarded(link, () => this.#frame(link, header, payload)));
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
      link?.sendJson(FrameType.refuse, refuse);
      link?.close(refuse.sentence);
      this.close(refuse.sentence);
      const expected = error instanceof RootLost || error instanceof RootNotNow || errnoOf(error) !== '';
      this.#options.ended(refuse, expected ? null : error);
    }
  }

  #unlinked(link: ReplicationLink): void {
    if (this.#link !== link) return;
    this.#link = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #frame(link: ReplicationLink, header: FrameHeader, payload: Uint8Array): void {
    if (this.#link !== link) return;
    if (header.type === FrameType.acknowledge) {
      this.#untold = this.#untold.filter((reply) => reply.at > header.to);
      return;
    }
    if (header.type !== FrameType.operations) {
      link.violation(`a source does not send frames of type ${header.type}`);
      return;
    }
    const { from, to, epoch } = header;
    const done = () => link.recycle(payload);
    const effects = this.#accept.accept({ from, to, epoch, records: payload, done }, performance.now());
    if (effects.verdict !== 'accepted') done();
    this.#effects(link, effects);
    this.#schedule();
  }

  #effects(link: ReplicationLink, effects: AcceptEffects): void {
    if (effects.refuse !== null) {
      link.sendJson(FrameType.refuse, effects.refuse);
      link.close(effects.refuse.sentence);
      return;
    }
    if (effects.resend !== null) link.send({ type: FrameType.resend, from: effects.resend.from }, []);
    if (effects.flow !== null) link.send({ type: effects.flow === 'pause' ? FrameType.pause : FrameType.resume }, []);
    if (effects.acknowledge) this.#acknowledge(link);
    if (effects.condition !== null) this.#tellCondition(false);
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => this.#guarded(this.#link, () => this.#turn()));
  }

  #turn(): void {
    this.#scheduled = false;
    const before = this.#apply.stream.applied;
    const effects = this.#apply.applySome(performance.now());
    this.#applied(effects, before);
    if (effects.retryAtMs !== null) this.#retryAt(effects.retryAtMs);
    else if (this.#accept.queued.records > 0) this.#schedule();
  }

  #applied(effects: ApplyEffects, before: Position): void {
    if (effects.replies.some((reply) => reply.kind === 'failed')) this.#look();
    for (const event of effects.events) this.#options.event(event);
    this.#keepUntold(effects.replies);
    const link = this.#link;
    if (link !== null) this.#sendReplies(link, effects.replies);
    if (effects.applied > before) {
      const flow = this.#accept.noteApplied(effects.applied, performance.now());
      if (link !== null) this.#effects(link, flow);
      if (link !== null) this.#acknowledgeSoon(link, effects.retryAtMs === null && this.#accept.queued.records > 0);
    }
    // Whether or not this turn changed it: what a restarted agent found to be replayed may be over before anybody was told.
    this.#tellCondition(false);
  }

  #keepUntold(replies: readonly Reply[]): void {
    for (const reply of replies)
      if (reply.kind === 'failed' && this.#untold.length < MAX_UNTOLD) this.#untold.push(reply);
  }

  #sendReplies(link: ReplicationLink, replies: readonly Reply[]): void {
    for (let at = 0; at < replies.length; at += REPLIES_A_FRAME)
      link.sendJson(FrameType.replies, replies.slice(at, at + REPLIES_A_FRAME).map(replyJson));
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

  #tellCondition(always: boolean): void {
    const condition = this.#path.condition;
    const same = sameCondition(condition, this.#condition);
    if (same && !always) return;
    this.#condition = condition;
    if (!same) this.#options.condition(condition);
    this.#link?.sendJson(FrameType.condition, condition);
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
    if (this.#ticks % LOOK_TICKS === 0) this.#look();
    if (this.#link !== null) this.#effects(this.#link, this.#accept.tick(performance.now()));
  }

  /** Throws RootLost: what is applied to a directory that nobody finds any more is no replica. */
  #look(): void {
    const lost = this.roots.lost();
    if (lost !== null) throw lost;
  }

  #stopTimers(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#retry !== null) clearTimeout(this.#retry);
  }
}

/** Node ids are decimal strings in JSON. */
function replyJson(reply: Reply): unknown {
  if (reply.kind === 'orphan') return reply;
  const node = String(reply.node);
  return reply.kind === 'failed' ? { ...reply, node, parent: String(reply.parent) } : { ...reply, node };
}

/** Codes other than `replica-path-invalid` let the source come again by itself. */
function refusalOf(error: unknown): Refuse {
  if (error instanceof RootLost) return { code: 'replica-path-invalid', sentence: error.message };
  const errno = error instanceof RootNotNow ? error.code : errnoOf(error);
  const full = errno === 'ENOSPC' || errno === 'EDQUOT';
  if (error instanceof RootNotNow) return { code: full ? 'no-space' : 'failed', sentence: error.message };
  if (full)
    return {
      code: 'no-space',
      sentence: `The target agent's home is full, so that its journal cannot be written (${messageOf(error)}): free some space there. It goes on by itself.`,
    };
  return { code: 'failed', sentence: `The target agent failed at this job: ${messageOf(error)}`.slice(0, 1000) };
}
