import { encodeRecord, record, Verb } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refusal } from '../testing/fake-interceptor.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';

describe('jobs that are not there when the ring is read', () => {
  let scene: JobScene;
  let folder: string;
  beforeEach(async () => {
    scene = new JobScene();
    scene.survives = true;
    await scene.create('one', { start: true });
    folder = await scene.create('two', { start: true });
    await scene.jobs.close(true);
  });
  afterEach(() => scene.close());

  /** The next run of the agent. */
  const open = async () => {
    scene.jobs = scene.open();
    await scene.jobs.restore();
    // A status begins with a look at the ring.
    scene.jobs.status('one');
  };
  const streams = () => [scene.streamLeft('one'), scene.streamLeft('two')];
  const something = () => encodeRecord(record({ verb: Verb.rmdir, root: 2, sequence: 1 }));
  const held = () => scene.fuse.refuse.set(folder, refusal('open-for-writing', 'Held open.'));

  it('[SRM3] all that come back go on with their streams', async () => {
    const before = streams();
    expect(before).not.toContain(null);
    scene.fuse.records.push(something());
    await open();
    await scene.jobs.close(true);
    expect(streams()).toEqual(before);
    expect(scene.events).not.toContain('two left-out');
  });

  it('[FSI6] [SRM3] one that does not, while records go to the others, does not go on with its stream later', async () => {
    const [one, two] = streams();
    held();
    scene.fuse.records.push(something());
    await open();
    expect(scene.jobs.status('two').state).toBe('halted');
    expect(streams()).toEqual([one, null]);
    expect(scene.events.filter((event) => event.endsWith('left-out'))).toEqual(['two left-out']);
    await scene.jobs.close(true);
    scene.fuse.refuse.clear();
    await open();
    expect(scene.jobs.status('two').state).toBe('disconnected');
    await scene.jobs.close(true);
    expect(scene.streamLeft('one')).toBe(one);
    expect([null, two]).not.toContain(scene.streamLeft('two'));
  });

  it('[SRM3] as long as nothing was read it can still go on', async () => {
    const before = streams();
    held();
    await open();
    await scene.jobs.close(true);
    scene.fuse.refuse.clear();
    await open();
    await scene.jobs.close(true);
    expect(streams()).toEqual(before);
    expect(scene.events).not.toContain('two left-out');
  });

  it('[FSI6] one that is stopped before it came back begins anew', async () => {
    held();
    await open();
    await scene.jobs.stop('two');
    expect(scene.streamLeft('two')).toBeNull();
  });

  it('[FSI6] an agent that ends while a job is being started reads nothing any more', async () => {
    const before = streams();
    await open();
    const third = await scene.create('three');
    let release = () => {};
    scene.fuse.protecting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const starting = scene.jobs.start('three');
    while (scene.fuse.calls.at(-1) !== `protect ${third}`) await new Promise((resolve) => setImmediate(resolve));
    const closing = scene.jobs.close(true);
    scene.fuse.records.push(something());
    scene.fuse.readable();
    await new Promise((resolve) => setImmediate(resolve));
    expect(scene.fuse.records).toHaveLength(1);
    release();
    await expect(starting).rejects.toMatchObject({ code: 'busy' });
    await closing;
    expect(scene.fuse.records).toHaveLength(1);
    expect(streams()).toEqual(before);
  });
});
