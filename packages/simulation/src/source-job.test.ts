/** What a job on its source does at the moments that hurt: each was once wrong, in a run of the simulation or on paper. */
import { brand, rawFromText } from '@understudy/base';
import { FallocateMode, PAGE } from '@understudy/interceptor/memory';
import { type NodeId, position, type Reply, type Welcome } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
import type { ScopeKind } from './scopes.ts';

const name = rawFromText;
const OK = { state: 'ok', code: '', sentence: '' } as const;

function turn(pair: Pair, until: () => boolean): void {
  for (let i = 0; i < 500 && !until(); i += 1) {
    pair.pumpSource();
    while (pair.deliver('target')) pair.applySome(64);
    pair.applySome(64);
    while (pair.deliver('source')) pair.pumpSource();
  }
}

const isProtected = (pair: Pair) => () => pair.state() === 'protected';

/** A pair that protects one file of three pages. */
async function protecting(scope: ScopeKind = 'whole') {
  const { pair, top, file } = await beginning(scope);
  pair.connect();
  turn(pair, isProtected(pair));
  expect(pair.state()).toBe('protected');
  return { pair, top, file, job: pair.source.job };
}

/** The same, before its target is called for the first time. */
async function beginning(scope: ScopeKind = 'whole') {
  const random = new SeededRandom(1);
  const pair = new Pair({ random, memoryBytes: 1 << 26, ringBytes: 1 << 22, scopes: [scope], disk: 'good' });
  const [top = pair.fs.root] = pair.tops;
  const file = pair.fs.create(top, name('n0'));
  pair.fs.write(
    file,
    0,
    new Uint8Array(3 * PAGE).map((_, i) => i / PAGE + 1),
  );
  await pair.source.start();
  return { pair, top, file };
}

function welcome(pair: Pair, change: Partial<Welcome> = {}): Welcome {
  const { received, applied } = pair.source.job.path.scm;
  return { version: '', resumes: true, received, applied, origin: 0, complete: true, why: '', ...change };
}

const failed = (node: NodeId, errno: string): Reply => ({
  kind: 'failed',
  at: position(1),
  root: 0,
  node,
  parent: brand<NodeId>(0n),
  errno,
  path: '',
});

describe('a job on its source', () => {
  it('[TCM5] is not protected on a new link before the target has said how it is', async () => {
    const { pair, job } = await protecting();
    pair.cut();
    job.linkUp(welcome(pair));
    expect(pair.state()).toBe('replaying');
    job.condition(OK);
    expect(pair.state()).toBe('protected');
  });

  it('[TCM6] whatever else a full target says of itself, nothing goes to it before it says that there is room', async () => {
    const { pair, job, file } = await protecting();
    job.path.scm.setPaused(true);
    pair.fs.append(file, new Uint8Array(10));
    pair.source.drain();
    job.pump();
    for (const state of ['full', 'retrying', 'held', 'replaying', 'ok'] as const) {
      job.condition({ state, code: 'any', sentence: 'said again because figures of the queue have changed' });
      expect([state, job.nextPacket()]).toEqual([state, undefined]);
    }
    job.path.scm.setPaused(false);
    expect(job.nextPacket()?.count).toBe(1);
  });

  it('[TCM4] a flush does not settle by the welcome of a target that has given something up', async () => {
    const { pair, job, file } = await protecting();
    pair.fs.append(file, new Uint8Array(10));
    pair.source.drain();
    let settled = false;
    job.flush(() => {
      settled = true;
    });
    pair.pumpSource();
    pair.cut();
    const last = position(job.path.next - 1);
    job.linkUp(welcome(pair, { received: last, applied: last, complete: false }));
    expect(settled).toBe(false);
  });

  it('[promise] a mirror that was lost had taken the dirty map over: the job is not protected without it', async () => {
    const { pair, job, file } = await protecting();
    job.path.srm.dirty.addNode(0, file, 'refused-by-target');
    job.startMirror('checksum');
    job.pump();
    expect([job.mirror !== null, job.path.srm.dirty.size]).toEqual([true, 0]);
    pair.cut();
    job.linkUp(welcome(pair));
    job.condition(OK);
    expect(pair.state()).not.toBe('protected');
  });

  it('[MIR2] a mirror by attributes leaves what is dirty to the repair behind it: size and time say nothing of it', async () => {
    const { pair, job, file } = await protecting();
    job.path.srm.dirty.addNode(0, file, 'queue-full');
    job.startMirror('attributes');
    job.pump();
    expect(job.mirror?.compare).toBe('attributes');
    expect(job.path.srm.dirty.size).toBe(1);
    turn(pair, isProtected(pair));
    expect(pair.events.filter((event) => event.startsWith('repair-ended'))).toHaveLength(1);
  });

  it('[MIR1] a range taken out of a file while a mirror has read ahead is not taken out twice for good', async () => {
    const { pair, job, file } = await protecting();
    job.startMirror('checksum');
    const resume = pair.source.interceptor.pauseRecording();
    pair.contents.changed(file);
    pair.fs.fallocate(file, FallocateMode.collapse, 0, PAGE);
    for (let i = 0; i < 6; i += 1) {
      pair.pumpSource();
      while (pair.deliver('target')) pair.applySome(64);
      while (pair.deliver('source')) pair.pumpSource();
    }
    resume();
    turn(pair, isProtected(pair));
    expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
  });

  it('[MIR1] nor where the process of that mirror has died, and the next one hears its target before it reads that', async () => {
    const { pair, file } = await beginning();
    const resume = pair.source.interceptor.pauseRecording();
    pair.fs.fallocate(file, FallocateMode.collapse, 0, PAGE);
    pair.connect();
    // The mirror brings the file as it is now, and waits for what is still being recorded.
    turn(pair, () => pair.source.job.mirror?.urgency === 'soon');
    expect(pair.state()).toBe('mirroring');
    pair.cut();
    pair.source.end();
    await pair.source.start();
    pair.connect();
    for (let i = 0; i < 10 && pair.source.job.path.awaiting; i += 1) {
      while (pair.deliver('target')) pair.applySome(64);
      pair.deliver('source');
    }
    expect(pair.source.job.path.awaiting).toBe(false);
    resume();
    turn(pair, isProtected(pair));
    expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
  });

  it('[promise] the recovery point stands still while a path is given up', async () => {
    const { pair, job, file } = await protecting();
    for (let i = 0; i < 10 && job.unrepairable().length === 0; i += 1) {
      job.replied([failed(file, 'EPERM')]);
      turn(pair, () => job.path.srm.dirty.size === 0 && job.mirror === null);
    }
    expect(pair.state()).toBe('degraded');
    const before = job.recovery.timeMs;
    pair.advance(10_000);
    pair.pumpSource();
    expect(job.recovery.timeMs).toBe(before);
  });

  it('[TRM2] asking for a mirror does not make a job with given-up paths look protected before it runs', async () => {
    const { pair, job, file } = await protecting();
    for (let i = 0; i < 10 && job.unrepairable().length === 0; i += 1) {
      job.replied([failed(file, 'EPERM')]);
      turn(pair, () => job.path.srm.dirty.size === 0 && job.mirror === null);
    }
    job.startMirror('checksum');
    expect(pair.state()).toBe('degraded');
    turn(pair, isProtected(pair));
    expect(pair.state()).toBe('protected');
  });

  it('[VER1] a name that has gone by a call not yet recorded is not reported as extra', async () => {
    const { pair, top, job } = await protecting();
    const resume = pair.source.interceptor.pauseRecording();
    pair.fs.unlink(top, name('n0'));
    let found: readonly unknown[] | null = null;
    job.startVerification((verification) => {
      found = verification.done ? verification.differences : ['lost'];
    });
    for (let i = 0; i < 4; i += 1) pair.pumpSource();
    resume();
    turn(pair, () => found !== null);
    expect(found).toEqual([]);
  });

  it('[MIR6] what left the set with its directory is written to without a refusal', async () => {
    const { pair, top } = await protecting('include-directories');
    const folder = pair.fs.mkdir(top, name('n1'));
    const file = pair.fs.create(folder, name('a'));
    turn(pair, isProtected(pair));
    pair.fs.rename(top, name('n1'), top, name('n6'));
    pair.fs.write(file, 0, new Uint8Array(100));
    turn(pair, () => false);
    expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
    expect(pair.events.filter((event) => event.startsWith('operation-refused'))).toEqual([]);
  });
});
