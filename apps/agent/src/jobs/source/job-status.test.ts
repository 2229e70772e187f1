import { brand } from '@understudy/base';
import { FrameType, jobStatusSchema, NO_LIMITS, type NodeId, position } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Sender } from '../../ports/replication-link/sender.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';

const node = (id: number): NodeId => brand<NodeId>(BigInt(id));

describe('the words of a status', () => {
  let scene: JobScene;
  const status = () => jobStatusSchema.parse(scene.jobs.status('files'));
  beforeEach(() => {
    scene = new JobScene();
  });
  afterEach(() => scene.close());

  it('of a job that does not run', async () => {
    await scene.create('files');
    expect(status()).toMatchObject({
      state: 'stopped',
      reason: null,
      targetDataState: 'unknown',
      interceptor: 'none',
      mirror: { state: 'idle', percent: 0 },
      replication: { state: 'stopped' },
      recoveryPoint: { time: null, latencyMs: null, position: '0' },
    });
  });

  it('of a job that has no link yet', async () => {
    await scene.create('files', { start: true });
    expect(status()).toMatchObject({
      state: 'disconnected',
      reason: { code: 'connecting' },
      targetDataState: 'unknown',
      interceptor: 'fuse',
      interceptorReason: null,
      mirror: { state: 'waiting', percent: 0 },
      replication: { state: 'queuing', lastFileTouched: null },
      actions: ['pause', 'stop', 'edit'],
    });
  });

  it('of a job that is watched', async () => {
    await scene.create('files', { start: true, intercept: 'watch' });
    expect(status()).toMatchObject({ interceptor: 'watch', interceptorReason: 'The job asks for watch.' });
  });

  it('of a job whose replica is whole on a link that resumes', async () => {
    await scene.create('files', { start: true });
    const link = await scene.welcome({ resumes: true, complete: true });
    link.arriveJson(FrameType.condition, { state: 'ok', code: '', sentence: '' });
    expect(status().state).toMatch(/calculating|mirroring/);
    expect(status().mirror.state).toMatch(/calculating|mirroring/);
    link.arriveJson(FrameType.condition, { state: 'replaying', code: 'unclean-stop', sentence: 'Wait.' });
    expect(status().state).toBe('replaying');
    const queue = { operations: 3, bytes: 4096, oldestMs: 1000 };
    expect(status().targetQueue).toBeUndefined();
    link.arriveJson(FrameType.condition, { state: 'retrying', code: 'ENOSPC', sentence: 'The target is full.', queue });
    expect(status().targetQueue).toEqual({ operations: 3, bytes: 4096, oldest: '1970-01-01T00:00:01.000Z' });
    expect(status().reason).toEqual({ code: 'ENOSPC', sentence: 'The target is full.' });
    link.arrive({ type: FrameType.acknowledge, from: position(0), to: position(0) });
    scene.jobs.pause('files', true);
    expect(status()).toMatchObject({
      state: 'paused',
      replication: { state: 'paused' },
      actions: ['resume', 'stop', 'edit'],
    });
  });

  it('[SCM4] of a job that is paused, by hand or by its limits: what was ready to go stays, too', async () => {
    const hold = vi.spyOn(Sender.prototype, 'hold');
    // A window that does not hold today.
    const days = (['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const).filter(
      (_, at) => at === (new Date().getDay() + 3) % 7,
    );
    await scene.create('files', { start: true, transmit: { ...NO_LIMITS, windows: [{ days, from: 600, to: 660 }] } });
    expect(hold.mock.lastCall).toEqual(['limits', true]);
    scene.jobs.pause('files', true);
    expect(hold.mock.lastCall).toEqual(['person', true]);
    scene.jobs.pause('files', false);
    expect(hold.mock.lastCall).toEqual(['person', false]);
    hold.mockRestore();
  });
});

describe('the figures of a status', () => {
  const BEGAN_MS = Date.parse('2026-11-22T12:00:00.000Z');
  let scene: JobScene;
  const status = () => jobStatusSchema.parse(scene.jobs.status('files'));
  const job = () => scene.jobs.drained('files').runner.job;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: BEGAN_MS });
    scene = new JobScene();
  });
  afterEach(async () => {
    vi.useRealTimers();
    await scene.close();
  });
  /** All that was said is applied. */
  const apply = (link: Awaited<ReturnType<JobScene['welcome']>>) => {
    const at = position(job().path.next - 1);
    link.arrive({ type: FrameType.acknowledge, from: at, to: at });
  };

  it('[SRM2] tell how much is dirty and why, with what a repair has taken over and what came since', async () => {
    await scene.create('files', { start: true });
    const { runs, path } = job();
    expect(status().replication.dirty).toBeUndefined();
    runs.complete = true;
    path.srm.dirty.addRange(0, node(7), 0, 8192, 'queue-full');
    path.srm.dirty.addNode(0, node(8), 'power-cut');
    path.srm.dirty.addNode(0, node(9), 'power-cut');
    expect(status().replication.dirty).toEqual({
      items: 3,
      bytes: 8192,
      reasons: [
        { reason: 'power-cut', items: 2 },
        { reason: 'queue-full', items: 1 },
      ],
    });
    runs.pauseMirror(true);
    const link = await scene.welcome({ resumes: true, complete: true });
    link.arriveJson(FrameType.condition, { state: 'ok', code: '', sentence: '' });
    expect([status().mirror.state, runs.mirror?.repairing, path.srm.dirty.size]).toEqual(['paused', true, 0]);
    path.srm.dirty.addRange(0, node(10), 0, 4096, 'queue-full');
    path.srm.dirty.addNode(0, node(11), 'queue-full');
    const { dirty } = status().replication;
    expect(dirty).toEqual({
      items: 5,
      bytes: 12_288,
      reasons: [
        { reason: 'queue-full', items: 3 },
        { reason: 'power-cut', items: 2 },
      ],
    });
  });

  it('[MIR5] tell of a mirror how far it is, how fast, and how long it takes; 100 % stands at its end and not before', async () => {
    await scene.create('files', { start: true });
    const link = await scene.welcome();
    link.arriveJson(FrameType.condition, { state: 'ok', code: '', sentence: '' });
    expect(status().mirror).toMatchObject({ state: 'mirroring', percent: 0, bytesPerSecond: null, secondsLeft: null });
    const { progress } = job();
    Object.assign(progress, { filesTotal: 10, bytesTotal: 8990, filesDone: 2, bytesSent: 1000, bytesSkipped: 998 });
    for (const [atMs, bytesSent] of [
      [1000, 1000],
      [3000, 2000],
    ] as const) {
      vi.setSystemTime(BEGAN_MS + atMs);
      progress.bytesSent = bytesSent;
      status();
    }
    expect(status().mirror).toEqual({
      state: 'mirroring',
      percent: 33,
      bytesRemaining: 5992,
      bytesSkipped: 998,
      bytesSent: 2000,
      filesDone: 2,
      filesTotal: 10,
      bytesPerSecond: 999,
      secondsLeft: 6,
    });
    Object.assign(progress, { filesDone: 11, bytesSent: 7992 });
    expect(status().mirror).toMatchObject({ percent: 99, bytesRemaining: 0, filesDone: 10 });
    apply(link);
    const ended = status().mirror;
    expect(ended).toMatchObject({ state: 'idle', percent: 100, bytesRemaining: 0, filesDone: 10, filesTotal: 10 });
    expect([ended.bytesPerSecond, ended.secondsLeft]).toEqual([undefined, undefined]);
  });

  it('[MIR5] say no time while it is still being found out how much there is', async () => {
    await scene.create('files', { start: true });
    await scene.welcome();
    status();
    const { mirror, progress } = job();
    if (mirror === null) throw new Error('a mirror was expected');
    mirror.directories.push({ root: 0, node: node(7) });
    progress.bytesTotal = 4000;
    progress.bytesSent = 1000;
    vi.setSystemTime(BEGAN_MS + 1000);
    job().runs.pauseMirror(true);
    expect(status().mirror).toMatchObject({ percent: 25, bytesPerSecond: 1000, secondsLeft: null });
    mirror.directories.shift();
    expect(status().mirror.secondsLeft).toBe(3);
  });
});
