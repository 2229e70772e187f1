/**
 * Two agents' engines in one process: the real SourceJob, TCM and TRM, on file systems in memory, over a wire that breaks.
 * In: a seed. Out: a run that can be cranked step by step. Promise: nothing but the seed decides what happens.
 */
import { createHash, randomUUID } from 'node:crypto';
import { brand, rawFromText } from '@understudy/base';
import {
  greet,
  type Interceptor,
  type ProtectedRoot,
  SourceJob,
  stateOf,
  TargetCommunicationManager,
  TargetReplicationManager,
} from '@understudy/engine';
import { MemoryReplica, MemoryTargetJournal } from '@understudy/engine/testing';
import { MemoryFileSystem, MemoryInterceptor } from '@understudy/interceptor/memory';
import { type Hello, peekLength, position, type Reply } from '@understudy/wire';
import { treeDifferences } from './compare.ts';
import type { SeededRandom } from './random.ts';
import { WireLink } from './wire-link.ts';

const digest = { sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest() };
const ROOT = rawFromText('/data');

export interface PairOptions {
  readonly random: SeededRandom;
  readonly memoryBytes: number;
  readonly ringBytes: number;
}

export class Pair {
  readonly fs: MemoryFileSystem;
  readonly replica = new MemoryReplica({ filePaths: false });
  readonly journal = new MemoryTargetJournal();
  readonly events: string[] = [];
  readonly #options: PairOptions;
  #nowMs = 1_700_000_000_000;
  #interceptor: Interceptor;
  #root: ProtectedRoot | null = null;
  #source: SourceJob | null = null;
  #streamId = '';
  #next = position(1);
  #accept: TargetCommunicationManager | null = null;
  #apply: TargetReplicationManager | null = null;
  #untold: Reply[] = [];
  #link: WireLink | null = null;

  constructor(options: PairOptions) {
    this.#options = options;
    const clock = { wallMs: () => this.#tick() };
    this.fs = new MemoryFileSystem(clock);
    this.fs.mkdir(this.fs.root, rawFromText('data'));
    this.#interceptor = new MemoryInterceptor({ fs: this.fs, clock, defer: () => {}, ringBytes: options.ringBytes });
  }

  get top() {
    return this.fs.resolve(ROOT) ?? this.fs.root;
  }

  get interceptor(): MemoryInterceptor {
    return this.#interceptor as MemoryInterceptor;
  }

  get source(): SourceJob {
    if (this.#source === null) throw new Error('the source is down');
    return this.#source;
  }

  get linked(): boolean {
    return this.#link !== null;
  }

  state(): string {
    const outside = { started: true, halt: null, linkReason: null, ordered: true, orderedWhy: '' };
    return stateOf(this.source.facts(outside)).state;
  }

  differences(): string[] {
    const files = this.#root?.files;
    return files === undefined ? ['not protected'] : treeDifferences(files, this.replica);
  }

  // ------------------------------------------------------------------------------------------------------- the source

  async startSource(): Promise<void> {
    this.#root = await this.#interceptor.protect(ROOT);
    this.#streamId = randomUUIDOf(this.#options.random);
    this.#source = new SourceJob({
      world: {
        digest,
        wallMs: () => this.#tick(),
        barrier: () => this.#interceptor.barrier(),
        passed: (barrier) => this.#interceptor.passed(barrier),
        event: (event) => this.events.push(`${event.code}: ${event.sentence}`),
      },
      next: this.#next,
      limits: { memoryBytes: this.#options.memoryBytes },
      window: { bytes: 64 * 1024, packets: 16 },
      roots: [{ path: ROOT, files: this.#root.files, scope: { whole: true, decide: () => 'inside' } }],
    });
  }

  /** What was queued in memory is gone; the interceptor goes on recording. */
  async killSource(): Promise<void> {
    this.cut();
    this.#next = position(this.source.path.next + 1000);
    this.#source = null;
    await this.startSource();
  }

  pumpSource(): void {
    const job = this.source;
    const drainedAt = this.#nowMs;
    this.#interceptor.drain((records) => {
      for (let at = 0; at < records.length; at += peekLength(records, at))
        job.intercepted(records, at, peekLength(records, at), 0);
    });
    job.pump();
    for (let packet = job.nextPacket(); packet !== undefined && this.#link !== null; packet = job.nextPacket())
      this.#link.toTarget.push({ kind: 'operations', packet: { ...packet, bytes: packet.bytes.slice() } });
    job.observeTime(drainedAt);
  }

  // -------------------------------------------------------------------------------------------------------- the wire

  cut(): void {
    if (this.#link === null) return;
    this.#link = null;
    this.source.linkDown();
  }

  connect(): void {
    if (this.#link !== null) return;
    this.#ensureTarget();
    const hello = this.#hello();
    const answer = greet(hello, { accept: this.#acceptor, apply: this.#applier, version: 'simulated' });
    if (answer.kind === 'refuse') throw new Error(`refused: ${answer.refuse.sentence}`);
    this.#link = new WireLink();
    if (!answer.welcome.resumes) this.#untold = [];
    this.#untold = this.#untold.filter((reply) => reply.at > hello.applied);
    this.source.linkUp(answer.welcome);
    if (this.#untold.length > 0) this.#link.toSource.push({ kind: 'replies', replies: [...this.#untold] });
  }

  /** Delivers the oldest message of one direction; false: there was none. */
  deliver(direction: 'target' | 'source'): boolean {
    const link = this.#link;
    if (link === null) return false;
    if (direction === 'target') return this.#deliverToTarget(link);
    const message = link.toSource.shift();
    if (message === undefined) return false;
    if (message.kind === 'acknowledge') this.source.acknowledged(message.received, message.applied);
    else if (message.kind === 'resend') this.source.path.scm.resend(message.from);
    else if (message.kind === 'replies') this.source.replied(message.replies);
    else if (message.kind === 'condition') this.source.condition(message.condition);
    else this.source.path.scm.setPaused(message.paused);
    return true;
  }

  // ------------------------------------------------------------------------------------------------------ the target

  /** Its memory is gone; replica and journal stay. */
  killTarget(): void {
    this.cut();
    this.#accept = null;
    this.#apply = null;
    this.#untold = [];
  }

  applySome(records: number): void {
    if (this.#apply === null || this.#accept === null) return;
    const before = this.#apply.stream.applied;
    const effects = this.#apply.applySome(this.#tick(), { records, bytes: 1 << 20 });
    for (const event of effects.events) this.events.push(`target ${event.kind}: ${event.sentence}`);
    for (const reply of effects.replies) if (reply.kind === 'failed') this.#untold.push(reply);
    const link = this.#link;
    if (link !== null && effects.replies.length > 0) link.toSource.push({ kind: 'replies', replies: effects.replies });
    if (effects.applied > before) this.#flow(this.#accept.noteApplied(effects.applied, this.#tick()));
    if (link !== null && effects.applied > before)
      link.toSource.push({ kind: 'acknowledge', received: this.#accept.received, applied: this.#accept.applied });
    if (link !== null && effects.condition !== null)
      link.toSource.push({ kind: 'condition', condition: effects.condition });
  }

  get #acceptor(): TargetCommunicationManager {
    if (this.#accept === null) throw new Error('the target is down');
    return this.#accept;
  }

  get #applier(): TargetReplicationManager {
    if (this.#apply === null) throw new Error('the target is down');
    return this.#apply;
  }

  #ensureTarget(): void {
    if (this.#apply !== null) return;
    this.#accept = new TargetCommunicationManager({ bytes: 128 * 1024, records: 2000 });
    this.#apply = new TargetReplicationManager({
      journal: this.journal,
      openRoot: () => this.replica,
      queue: this.#accept.queue,
      digest,
    });
  }

  #deliverToTarget(link: WireLink): boolean {
    const message = link.toTarget.shift();
    if (message === undefined) return false;
    if (message.kind === 'operations') {
      const { from, to, bytes } = message.packet;
      this.#flow(this.#acceptor.accept({ from, to, epoch: 1, records: bytes }, this.#tick()));
    }
    return true;
  }

  #flow(effects: ReturnType<TargetCommunicationManager['accept']>): void {
    const link = this.#link;
    if (effects.refuse !== null) throw new Error(`refused: ${effects.refuse.sentence}`);
    if (link === null) return;
    if (effects.resend !== null) link.toSource.push({ kind: 'resend', from: effects.resend.from });
    if (effects.flow !== null) link.toSource.push({ kind: 'pause', paused: effects.flow === 'pause' });
    if (effects.acknowledge)
      link.toSource.push({ kind: 'acknowledge', received: this.#acceptor.received, applied: this.#acceptor.applied });
  }

  #hello(): Hello {
    const { path } = this.source;
    return {
      version: 'simulated',
      jobId: '00000000-0000-4000-8000-000000000001',
      jobName: 'simulated',
      streamId: this.#streamId,
      epoch: 1,
      oldest: path.oldest,
      next: path.next,
      applied: path.scm.applied,
      intent: 'replicate',
      machine: 'simulated',
      replicaBase: null,
      roots: [{ path: Buffer.from(ROOT, 'latin1').toString('base64'), node: this.#root?.files.rootNode ?? brand(0n) }],
    };
  }

  #tick(): number {
    this.#nowMs += 1;
    return this.#nowMs;
  }
}

function randomUUIDOf(random: SeededRandom): string {
  const hex = () => random.below(16).toString(16);
  return randomUUID().replace(/[0-9a-f]/g, (digit, at) => (at === 14 || at === 19 ? digit : hex()));
}
