/**
 * The target's agent as the simulation runs it: TCM and TRM on replicas in memory, wired as the real agent wires them.
 * In: hellos, packets, turns. Out: messages on the link. Promise: replies leave before the acknowledgement of what caused them.
 */
import { createHash } from 'node:crypto';
import {
  type AcceptEffects,
  greet,
  mergeConditions,
  sameCondition,
  TargetCommunicationManager,
  TargetReplicationManager,
} from '@understudy/engine';
import { MemoryReplica, MemoryTargetJournal } from '@understudy/engine/testing';
import type { Condition, Hello, Position, Reply, Welcome } from '@understudy/wire';
import { type BadDisk, Killed } from './bad-disk.ts';
import type { ToTarget, WireLink } from './wire-link.ts';

const digest = { sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest() };

interface Running {
  readonly accept: TargetCommunicationManager;
  readonly apply: TargetReplicationManager;
  untold: Reply[];
}

export class TargetAgent {
  readonly replicas: readonly MemoryReplica[];
  readonly journal = new MemoryTargetJournal();
  readonly disk: BadDisk;
  readonly events: string[] = [];
  readonly #nowMs: () => number;
  #running: Running | null = null;
  link: WireLink | null = null;
  #told: Condition = { state: 'ok', code: '', sentence: '' };
  /** A mutation for the checkers: packets are acknowledged as applied when they arrive. */
  acknowledgesTooEarly = false;

  constructor(options: { readonly roots: number; readonly disk: BadDisk; readonly nowMs: () => number }) {
    this.disk = options.disk;
    this.#nowMs = options.nowMs;
    this.replicas = Array.from({ length: options.roots }, () => new MemoryReplica({ filePaths: false }));
    for (const replica of this.replicas) replica.beforeChange = (call) => this.disk.beforeChange(call);
    this.journal.beforeWrite = () => this.disk.beforeWrite();
  }

  /** The replica is at one position, nothing is given up, nothing under way. */
  get settled(): boolean {
    const running = this.#running;
    return running?.apply.stream.complete === true && running.apply.condition.state === 'ok';
  }

  get applied(): Position | null {
    return this.#running?.apply.stream.applied ?? null;
  }

  /** Null: it died while it answered. */
  attach(hello: Hello, link: WireLink): Welcome | null {
    try {
      return this.#attach(hello, link);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.kill();
      return null;
    }
  }

  /** Memory is gone; replicas and journal stay. */
  kill(): void {
    this.link = null;
    this.#running = null;
    this.disk.live();
  }

  take(message: ToTarget): void {
    const { accept } = this.#mustRun();
    if (message.kind === 'confirm') {
      const running = this.#mustRun();
      running.untold = running.untold.filter((reply) => reply.at > message.applied);
      return;
    }
    const { from, to, bytes } = message.packet;
    this.#effects(accept.accept({ from, to, epoch: 1, records: bytes }, this.#nowMs()));
    if (this.acknowledgesTooEarly) this.link?.toSource.push({ kind: 'acknowledge', received: to, applied: to });
  }

  /** Returns false where it died on the way. */
  applySome(records: number): boolean {
    if (this.#running === null) return true;
    try {
      this.#applySome(this.#running, records);
      return true;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.kill();
      return false;
    }
  }

  #attach(hello: Hello, link: WireLink): Welcome | null {
    const running = this.#start();
    const answer = greet(hello, { accept: running.accept, apply: running.apply, version: 'simulated' });
    // A bad disk may keep the replica from being opened: the source tries again.
    if (answer.kind === 'refuse' && answer.refuse.code === 'replica-path-invalid') return null;
    if (answer.kind === 'refuse') throw new Error(`refused: ${answer.refuse.sentence}`);
    this.link = link;
    if (!answer.welcome.resumes) running.untold = [];
    running.untold = running.untold.filter((reply) => reply.at > hello.applied);
    if (running.untold.length > 0) link.toSource.push({ kind: 'replies', replies: [...running.untold] });
    this.#tellCondition(running, true);
    return answer.welcome;
  }

  #start(): Running {
    if (this.#running !== null) return this.#running;
    const accept = new TargetCommunicationManager({ bytes: 128 * 1024, records: 2000 });
    const openRoot = (index: number) => this.replicas[index] ?? this.#noRoot(index);
    const apply = new TargetReplicationManager({ journal: this.journal, openRoot, queue: accept.queue, digest });
    this.#running = { accept, apply, untold: [] };
    return this.#running;
  }

  #noRoot(index: number): never {
    throw new Error(`root ${index} does not exist`);
  }

  #mustRun(): Running {
    if (this.#running === null) throw new Error('the target is down');
    return this.#running;
  }

  #applySome(running: Running, records: number): void {
    const { accept, apply } = running;
    const before = apply.stream.applied;
    const effects = apply.applySome(this.#nowMs(), { records, bytes: 1 << 20 });
    for (const event of effects.events) this.events.push(`target ${event.kind}: ${event.sentence}`);
    for (const reply of effects.replies) if (reply.kind === 'failed') running.untold.push(reply);
    const { link } = this;
    if (effects.replies.length > 0) link?.toSource.push({ kind: 'replies', replies: effects.replies });
    if (effects.applied > before) {
      this.#effects(accept.noteApplied(effects.applied, this.#nowMs()));
      link?.toSource.push({ kind: 'acknowledge', received: accept.received, applied: accept.applied });
    }
    // Not by what the manager says has changed: what it began with was told at the welcome.
    this.#tellCondition(running, false);
    this.#effects(accept.tick(this.#nowMs()));
  }

  #tellCondition({ accept, apply }: Running, always: boolean): void {
    const condition = mergeConditions(apply.condition, accept.condition);
    if (!always && sameCondition(condition, this.#told)) return;
    this.#told = condition;
    this.link?.toSource.push({ kind: 'condition', condition });
  }

  #effects(effects: AcceptEffects): void {
    const { link } = this;
    if (effects.refuse !== null) throw new Error(`refused: ${effects.refuse.sentence}`);
    if (link === null) return;
    const running = this.#mustRun();
    const { accept } = running;
    if (effects.resend !== null) link.toSource.push({ kind: 'resend', from: effects.resend.from });
    if (effects.flow !== null) link.toSource.push({ kind: 'pause', paused: effects.flow === 'pause' });
    if (effects.acknowledge)
      link.toSource.push({ kind: 'acknowledge', received: accept.received, applied: accept.applied });
    if (effects.condition !== null) this.#tellCondition(running, false);
  }
}
