import { FrameType, jobStatusSchema, NO_LIMITS, position } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Sender } from '../../ports/replication-link/sender.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';

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
    await scene.create('files', { start: true, transmit: { ...NO_LIMITS, startAtBytes: 1 << 30 } });
    expect(hold.mock.lastCall).toEqual(['limits', true]);
    scene.jobs.pause('files', true);
    expect(hold.mock.lastCall).toEqual(['person', true]);
    scene.jobs.pause('files', false);
    expect(hold.mock.lastCall).toEqual(['person', false]);
    hold.mockRestore();
  });
});
