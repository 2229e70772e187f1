/** For tests: a target with one job whose source has greeted it, and a failover of it in which nothing but the steps is real. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryReplica } from '@understudy/engine/testing';
import {
  type CallArguments,
  encodeRecord,
  type FailoverOptions,
  FrameType,
  failoverSchema,
  position,
  record,
  Verb,
} from '@understudy/wire';
import { vi } from 'vitest';
import { TargetJobs } from '../target/target-jobs.ts';
import { FakeLink } from '../testing/fake-link.ts';
import { noReverse, noRewinds } from './ports.ts';
import { runCommand } from './run-command.ts';
import { type TakeoverParts, Takeovers } from './takeovers.ts';

export const PEER = 'a'.repeat(64);

export interface TakeoverSceneOptions {
  readonly failover?: object;
  readonly parts?: Partial<TakeoverParts>;
}

export class TakeoverScene {
  readonly top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-takeover-')));
  readonly id = randomUUID();
  readonly events: string[] = [];
  readonly sentences: string[] = [];
  readonly faults: unknown[] = [];
  readonly #trees = new Map<number, MemoryReplica>();
  readonly #failover: FailoverOptions;
  #parts: Partial<TakeoverParts>;
  targets!: TargetJobs;
  takeovers!: Takeovers;

  constructor({ failover = {}, parts = {} }: TakeoverSceneOptions = {}) {
    this.#failover = failoverSchema.parse(failover);
    this.#parts = parts;
    this.open();
  }

  /** As an agent that starts. */
  open(parts: Partial<TakeoverParts> = this.#parts): void {
    this.#parts = parts;
    const home = join(this.top, 'home');
    mkdirSync(home, { recursive: true });
    const fault = (error: unknown) => this.faults.push(error);
    const event = ({ code, sentence }: { code: string; sentence: string }) => {
      this.events.push(code);
      this.sentences.push(sentence);
    };
    this.targets = new TargetJobs({
      version: '1',
      home,
      machine: 'boot/ns',
      bootId: 'boot',
      openTree: (({ rootPath, limboPath }: { rootPath: string; limboPath: string }) => {
        mkdirSync(rootPath, { recursive: true });
        mkdirSync(limboPath, { recursive: true });
        const inode = statSync(rootPath).ino;
        const tree = this.#trees.get(inode) ?? new MemoryReplica();
        this.#trees.set(inode, tree);
        return tree;
      }) as never,
      sentAway: (jobId, epoch) => this.takeovers.sentAway(jobId, epoch),
      event,
      fault,
    });
    this.takeovers = new Takeovers({
      agentName: 'beta',
      home,
      targets: this.targets,
      epochs: { raise: async (_job, epoch) => `epoch ${epoch}`, whyNotWitnessed: () => 'there is none' },
      rewinds: noRewinds,
      reverse: noReverse,
      link: { whoHas: async () => ({ asked: true, who: null }), announce: async () => '' },
      run: runCommand,
      addressesOf: () => [],
      event,
      fault,
      ...parts,
    });
  }

  /** The agent is killed: nothing of it goes on. */
  crash(): void {
    this.takeovers.close();
    this.targets.close();
  }

  close(): void {
    this.crash();
    rmSync(this.top, { recursive: true, force: true });
  }

  get replica(): string {
    return join(this.top, 'replicas', 'data');
  }

  hello(more: object = {}): object {
    const path = (text: string) => ({ text, bytes: Buffer.from(text).toString('base64') });
    const definition = {
      name: 'files',
      target: { name: 'beta', address: '127.0.0.1:1', fingerprint: 'b'.repeat(64) },
      include: [path('/data')],
      to: path(join(this.top, 'replicas')),
      failover: this.#failover,
    };
    return {
      version: '1',
      jobId: this.id,
      jobName: 'files',
      streamId: '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11',
      epoch: 1,
      oldest: 1,
      next: 1,
      applied: 0,
      intent: 'replicate',
      machine: 'elsewhere',
      replicaBase: path(join(this.top, 'replicas')).bytes,
      roots: [{ path: path('/data').bytes, node: '9' }],
      handover: { sourceName: 'alpha', revision: 3, definition },
      ...more,
    };
  }

  greet(more: object = {}): FakeLink {
    const link = new FakeLink();
    this.targets.accept(link.as(), PEER);
    link.arriveJson(FrameType.hello, this.hello(more));
    return link;
  }

  /** A source that has mirrored, says that all is well, and is gone; `waiting`: with that many operations not applied. */
  async replicated(standing: object = { state: 'protected', reason: null, good: true }): Promise<FakeLink> {
    const link = this.greet();
    const records = [
      record({ verb: Verb.root, sequence: 1, node: 9n as never, data: Buffer.from('/data') }),
      record({ verb: Verb.mirrorBegin, sequence: 2 }),
      record({ verb: Verb.mirrorEnd, sequence: 3 }),
      record({ verb: Verb.marker, sequence: 4, timeMs: Date.parse('2026-11-29T06:00:00.000Z') }),
    ];
    const payload = Buffer.concat(records.map((one) => encodeRecord(one)));
    link.arrive({ type: FrameType.operations, from: position(1), to: position(4), records: 4, epoch: 1 }, payload);
    await vi.waitFor(() => {
      const told = link.sent.filter(({ type }) => type === FrameType.acknowledge).at(-1);
      if (told?.to !== 4) throw new Error('it is not applied yet');
    });
    link.arriveJson(FrameType.standing, standing);
    link.end('closed', 'the source is gone');
    return link;
  }

  order(more: object = {}, by = 'anna') {
    const asked: CallArguments<'job.failover'> = {
      name: 'files',
      data: 'apply',
      point: null,
      risks: [],
      sourceIsDown: true,
      skip: false,
    };
    return this.takeovers.failover({ ...asked, ...more }, by);
  }

  get takeover() {
    return this.takeovers.status('files').failover?.takeover ?? null;
  }

  phase(phase: string): Promise<void> {
    return vi.waitFor(
      () => {
        if (this.takeover?.phase !== phase) throw new Error(`it is ${JSON.stringify(this.takeover)}`);
      },
      { timeout: 10_000 },
    );
  }
}

/** A process that was killed and that nobody has waited for yet does not live. */
export function lives(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid.trim()}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
