/**
 * The source's agent as the simulation runs it: the interceptor, one job, its positions over restarts.
 * In: a file system, turns. Out: packets. Promise checked here: a position never stands for two different records.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type RawName, rawFromText } from '@understudy/base';
import {
  type LoggedPacket,
  type ProtectedRoot,
  type Scope,
  type SourceFiles,
  SourceJob,
  stateOf,
} from '@understudy/engine';
import { type MemoryFileSystem, MemoryInterceptor } from '@understudy/interceptor/memory';
import { type Hello, peekLength, position } from '@understudy/wire';
import type { SeededRandom } from './random.ts';

const digest = { sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest() };

export interface SourceRoot {
  readonly path: string;
  readonly scope: Scope;
}

export interface SourceAgentOptions {
  readonly random: SeededRandom;
  readonly fs: MemoryFileSystem;
  readonly tick: () => number;
  readonly nowMs: () => number;
  readonly memoryBytes: number;
  readonly ringBytes: number;
  readonly roots: readonly SourceRoot[];
  /** A mutation for the checkers: what the job reads of the source is not what is there. */
  readonly wrapFiles?: (files: SourceFiles) => SourceFiles;
}

export class SourceAgent {
  readonly interceptor: MemoryInterceptor;
  readonly events: string[] = [];
  readonly failures: string[] = [];
  readonly #options: SourceAgentOptions;
  readonly #sent = new Map<number, string>();
  #roots: readonly ProtectedRoot[] = [];
  #job: SourceJob | null = null;
  #streamId = '';
  #next = position(1);

  constructor(options: SourceAgentOptions) {
    this.#options = options;
    const { fs, ringBytes } = options;
    const clock = { wallMs: options.tick };
    this.interceptor = new MemoryInterceptor({ fs, clock, defer: () => {}, ringBytes });
  }

  get job(): SourceJob {
    if (this.#job === null) throw new Error('the source is down');
    return this.#job;
  }

  get roots(): readonly ProtectedRoot[] {
    return this.#roots;
  }

  state(): string {
    const outside = { started: true, halt: null, linkReason: null, ordered: true, orderedWhy: '' };
    return stateOf(this.job.facts(outside)).state;
  }

  async start(): Promise<void> {
    const { random, tick, memoryBytes, roots } = this.#options;
    this.#roots = await Promise.all(roots.map(({ path }) => this.interceptor.protect(rawFromText(path))));
    this.#streamId = randomUUIDOf(random);
    const wrap = this.#options.wrapFiles ?? ((files: SourceFiles) => files);
    this.#job = new SourceJob({
      world: {
        digest,
        wallMs: tick,
        barrier: () => this.interceptor.barrier(),
        passed: (barrier) => this.interceptor.passed(barrier),
        event: (event) => this.events.push(`${event.code}: ${event.sentence}`),
      },
      next: this.#next,
      limits: { memoryBytes },
      window: { bytes: 64 * 1024, packets: 16 },
      roots: this.#roots.map((root, index) => ({
        path: root.path,
        files: wrap(root.files),
        scope: roots[index]?.scope ?? { whole: true, decide: () => 'inside' as const },
      })),
    });
  }

  /** What was queued in memory is gone; the interceptor goes on recording. */
  async kill(): Promise<void> {
    // As the agent does it: numbering goes on behind the reserved block.
    this.#next = position(this.job.path.next + 1000);
    this.#job = null;
    await this.start();
  }

  drain(): void {
    const { job } = this;
    this.interceptor.drain((records) => {
      for (let at = 0; at < records.length; at += peekLength(records, at)) {
        const id = (records[at + 6] ?? 0) | ((records[at + 7] ?? 0) << 8);
        const index = this.#roots.findIndex((root) => root.id === id);
        if (index >= 0) job.intercepted(records, at, peekLength(records, at), index);
      }
    });
  }

  /** A turn of the pump: drains, steps, hands out what may leave. */
  turn(send: (packet: LoggedPacket) => void): void {
    const drainedAt = this.#options.nowMs();
    this.drain();
    const { job } = this;
    job.pump();
    for (let packet = job.nextPacket(); packet !== undefined; packet = job.nextPacket()) {
      this.#watchPositions(packet);
      send({ ...packet, bytes: packet.bytes.slice() });
    }
    job.observeTime(drainedAt);
    this.#watchMemory();
  }

  hello(): Hello {
    const { path } = this.job;
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
      roots: this.#roots.map((root) => ({ path: base64(root.path), node: root.files.rootNode })),
    };
  }

  /** Positions are never reused: what a position was said to be once, it is for ever. */
  #watchPositions(packet: LoggedPacket): void {
    const what = `${packet.to} ${createHash('sha1').update(packet.bytes).digest('base64')}`;
    const before = this.#sent.get(packet.from);
    if (before !== undefined && before !== what) this.failures.push(`position ${packet.from} was used twice`);
    this.#sent.set(packet.from, what);
  }

  #watchMemory(): void {
    const { memoryBytes } = this.#options;
    const { bytes } = this.job.path.srm.queue;
    if (bytes > memoryBytes + (1 << 19)) this.failures.push(`the queue holds ${bytes} bytes of ${memoryBytes}`);
  }
}

const base64 = (path: RawName): string => Buffer.from(path, 'latin1').toString('base64');

function randomUUIDOf(random: SeededRandom): string {
  const hex = () => random.below(16).toString(16);
  return randomUUID().replace(/[0-9a-f]/g, (digit, at) => (at === 14 || at === 19 ? digit : hex()));
}
