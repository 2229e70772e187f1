import { FrameType, jobStatusSchema, position } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { raw } from '../testing/fake-interceptor.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';

describe('[FSI7] what of a job can change unseen', () => {
  let scene: JobScene;
  const status = () => jobStatusSchema.parse(scene.jobs.status('files'));
  beforeEach(() => {
    scene = new JobScene();
  });
  afterEach(() => scene.close());

  /** A job that has nothing to mirror, linked and done. */
  const whole = async (exclude: readonly string[] = []) => {
    const folder = scene.folder('files');
    const bytes = (path: string) => ({ text: path, bytes: Buffer.from(path).toString('base64') });
    const definition = scene.definition('files', folder, { start: true, exclude: exclude.map(bytes) });
    await scene.jobs.create(definition);
    return folder;
  };

  it('is left out of the status while it is being found out, and then shown as it was found', async () => {
    await whole();
    scene.fuse.looked = { pending: true, warnings: [] };
    expect(status().exposures).toBeUndefined();
    scene.fuse.looked = { pending: false, warnings: ['1 file has a name outside'] };
    scene.fuse.tripwireOff = 'Operation not permitted';
    expect(status()).toMatchObject({
      exposures: ['1 file has a name outside'],
      tripwireOff: 'Operation not permitted',
    });
    expect(status().uncovered).toBeUndefined();
  });

  it('a disk mounted within it makes the job degraded, by name, until it is gone', async () => {
    const folder = await whole();
    const link = await scene.welcome({ resumes: true, complete: true });
    link.arriveJson(FrameType.condition, { state: 'ok', code: '', sentence: '' });
    link.arrive({ type: FrameType.acknowledge, from: position(0), to: position(0) });
    const before = status().state;
    scene.fuse.unseen.set(folder, [raw(`${folder}/disk`)]);
    expect(status().uncovered).toEqual([`${folder}/disk`]);
    const { runner } = scene.jobs.drained('files');
    expect(runner.facts().unseenWhy).toContain(`${folder}/disk is mounted within what the job protects`);
    scene.fuse.unseen.clear();
    expect([runner.facts().unseenWhy, status().state, status().uncovered]).toEqual([null, before, undefined]);
  });

  it('what the kernel makes up is shown and harms nothing', async () => {
    const folder = await whole();
    scene.fuse.madeUp.set(folder, [raw(`${folder}/proc`)]);
    expect(status().uncovered).toEqual([`${folder}/proc`]);
    expect(scene.jobs.drained('files').runner.facts().unseenWhy).toBeNull();
  });

  it('what a rule leaves out is not spoken of, whether the rule was there or came while the job runs', async () => {
    const folder = scene.folder('files');
    await whole([`${folder}/out`]);
    scene.fuse.unseen.set(folder, [raw(`${folder}/out`), raw(`${folder}/later`)]);
    expect(status().uncovered).toEqual([`${folder}/later`]);
    const { revision } = scene.jobs.kept('files');
    const exclude = [`${folder}/out`, `${folder}/later`].map((path) => ({
      text: path,
      bytes: Buffer.from(path).toString('base64'),
    }));
    await scene.jobs.edit({ name: 'files', revision, changes: { exclude } });
    expect(status().uncovered).toBeUndefined();
    expect(scene.jobs.drained('files').runner.facts().unseenWhy).toBeNull();
  });
});
