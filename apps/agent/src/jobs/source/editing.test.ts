import { join } from 'node:path';
import type { JobChanges, JobCreate } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JobScene } from '../testing/scene-of-jobs.ts';

const path = (text: string) => ({ text, bytes: Buffer.from(text).toString('base64') });

describe('a job that is edited while it runs', () => {
  let scene: JobScene;
  beforeEach(() => {
    scene = new JobScene();
  });
  afterEach(() => scene.close());
  const start = (more: Partial<JobCreate> = {}) => scene.create('files', { start: true, ...more });
  const edit = (changes: JobChanges) => {
    const { revision } = scene.jobs.kept('files');
    return scene.jobs.edit({ name: 'files', revision, changes });
  };
  const dirty = () => scene.jobs.drained('files').runner.job.path.srm.dirty;
  const stored = () => scene.store.all()[0];

  it('[MIR6] takes other rules in place where its directories stay: no mount is touched, the link stays, the root is compared', async () => {
    const folder = await start();
    const calls = [...scene.fuse.calls];
    await edit({ exclude: [path(join(folder, 'cache'))] });
    expect([scene.fuse.calls, scene.links.length]).toEqual([calls, 1]);
    expect(dirty().reasons()).toEqual([{ reason: 'rules-changed', items: 1 }]);
    expect(scene.events).toContain('files rules-changed');
    expect(stored()?.formerRules).toEqual([{ include: [path(folder)], exclude: [] }]);
    expect(scene.jobs.kept('files').definition.exclude).toEqual([path(join(folder, 'cache'))]);
  });

  it.each([
    ['the first rules that it has', [], ['a']],
    ['other ones', ['a'], ['b']],
    ['none any more', ['a'], []],
  ])(
    '[MIR6] [SRM3] goes on after a restart of its agent with what was dirty, also where its rules were changed: %s',
    async (_what, before, after) => {
      scene.survives = true;
      scene.jobs = scene.open();
      const excluding = (names: readonly string[]) => ({
        exclude: names.map((name) => path(join(scene.top, 'files', name))),
      });
      await start(excluding(before));
      const { job } = scene.jobs.drained('files').runner;
      for (const scope of job.path.srm.roots.values()) scope.complete([], []);
      job.runs.complete = true;
      await edit(excluding(after));
      const stream = scene.streamLeft('files');
      await scene.restart();
      expect(scene.jobs.drained('files').runner.job.runs.complete).toBe(true);
      expect(scene.streamLeft('files')).toBe(stream);
      expect(dirty().reasons()).toEqual([{ reason: 'rules-changed', items: 1 }]);
    },
  );

  it('[MIR6] is served anew where its directories change: what both sets need stays mounted', async () => {
    const folder = await start();
    const second = scene.folder('second');
    await edit({ include: [path(folder), path(second)] });
    expect(scene.fuse.roots().map((root) => root.path)).toEqual([folder, second]);
    expect(scene.fuse.calls.filter((call) => call.startsWith('release'))).toEqual([]);
    expect(scene.links).toHaveLength(2);
    await edit({ include: [path(second)] });
    expect(scene.fuse.roots().map((root) => root.path)).toEqual([second]);
  });

  it('is left as it was where the target refuses its new directories, or programs use the mount that would have to go', async () => {
    const top = scene.folder('top');
    const folder = scene.folder('top', 'files');
    await scene.jobs.create(scene.definition('files', folder, { start: true }));
    const before = scene.jobs.kept('files');
    scene.probe = 'That path is filled by another job.';
    await expect(edit({ include: [path(folder), path(scene.folder('second'))] })).rejects.toThrow(scene.probe);
    scene.probe = null;
    scene.fuse.users.set(folder, ['postgres (812)']);
    await expect(edit({ include: [path(top)] })).rejects.toThrow(/wider mount in place of .* in use by postgres/);
    expect(scene.jobs.kept('files')).toEqual(before);
    expect(dirty().size).toBe(0);
    expect(scene.links).toHaveLength(1);
  });

  it('refuses rules that cannot be, and a schedule that is none, as a whole', async () => {
    await start();
    const before = scene.jobs.kept('files');
    await expect(edit({ include: [path('not/absolute')] })).rejects.toMatchObject({ code: 'refused' });
    await expect(edit({ verifySchedule: { cron: 'now and then', repair: false } })).rejects.toThrow(
      /schedule .* is none/,
    );
    expect(scene.jobs.kept('files')).toEqual(before);
  });

  it('[MIR4] gives mirrors its new options from the next one on, and leaves the replica alone', async () => {
    await start();
    await edit({ mirror: { blockSize: 4096, calculate: false, orphans: 'move', orphansOlderThanMs: null } });
    const { runs } = scene.jobs.drained('files').runner.job;
    expect(runs.options).toEqual({ blockSize: 4096, calculate: false, orphans: 'move', orphansOlderThanMs: 0 });
    expect(dirty().size).toBe(0);
  });

  it('[MIR6] remembers what its rules were over a stop, and not where it never ran', async () => {
    const folder = await scene.create('files');
    await edit({ exclude: [path(join(folder, 'a'))] });
    expect(stored()?.formerRules).toBeUndefined();
    await scene.jobs.start('files');
    await scene.jobs.stop('files');
    await edit({ exclude: [] });
    expect(stored()?.formerRules).toMatchObject([{ exclude: [path(join(folder, 'a'))] }]);
    await scene.restart();
    await scene.jobs.start('files');
  });
});
