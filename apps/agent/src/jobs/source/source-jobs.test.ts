import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrameType, type JobStatus, NO_LIMITS } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeInterceptor, refusal } from '../testing/fake-interceptor.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';

describe('the jobs of a source', () => {
  let scene: JobScene;
  beforeEach(() => {
    scene = new JobScene();
  });
  afterEach(async () => {
    vi.useRealTimers();
    await scene.close();
  });
  const state = (name: string) => scene.jobs.status(name).state;
  const protectedPaths = () => scene.fuse.roots().map(({ path }) => path);

  it('creates, starts, stops and deletes', async () => {
    const folder = await scene.create('files');
    expect(scene.jobs.status('files')).toMatchObject({
      state: 'stopped',
      actions: ['start', 'delete', 'edit'],
      source: 'alpha',
    });
    expect(await scene.jobs.start('files')).toMatchObject({
      state: 'disconnected',
      interceptor: 'fuse',
      target: 'beta',
    });
    expect(protectedPaths()).toEqual([folder]);
    await scene.jobs.start('files');
    expect(scene.links).toHaveLength(1);
    expect(await scene.jobs.stop('files')).toMatchObject({ state: 'stopped' });
    expect(protectedPaths()).toEqual([]);
    expect(scene.links[0]?.closed).not.toBeNull();
    await scene.jobs.delete('files');
    expect(() => scene.jobs.status('files')).toThrow(/no job named files. It has no jobs yet/);
    expect(readdirSync(join(scene.top, 'home', 'jobs'))).toEqual([]);
    const codes = ['created', 'started', 'stopped', 'deleted'].map((word) => `files job-${word}`);
    expect(scene.events.filter((event) => event.includes(' job-'))).toEqual(codes);
  });

  it('a name is given once, also to two calls at the same moment', async () => {
    await scene.create('files');
    await expect(scene.create('files')).rejects.toMatchObject({ code: 'name-taken' });
    const both = await Promise.allSettled([scene.create('twice'), scene.create('twice')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(scene.store.all()).toHaveLength(2);
    scene.probe = 'no';
    await expect(scene.create('later')).rejects.toThrow('no');
    scene.probe = null;
    await scene.create('later');
  });

  it('[FSI4] refuses --mode sync by name together with what it cannot be had with', async () => {
    const windows = [{ days: ['mon' as const], from: 0, to: 60 }];
    const transmit = { ...NO_LIMITS, windows };
    for (const [changes, other] of [
      [{ intercept: 'watch' }, '--intercept watch'],
      [{ transmit }, '--transmit-window'],
    ] as const)
      await expect(scene.create('files', { mode: 'sync', ...changes })).rejects.toMatchObject({
        code: 'unsupported-option',
        message: expect.stringContaining(other),
      });
  });

  it('[FSI4] does not start a synchronous job that the driver could not make applications wait for', async () => {
    await scene.create('files', { mode: 'sync' });
    await expect(scene.jobs.start('files')).rejects.toMatchObject({ message: expect.stringContaining('--mode sync') });
    expect(scene.jobs.status('files').state).toBe('stopped');
  });

  it("what the target would not take is refused in the target's words, and nothing is kept", async () => {
    scene.probe = 'The replica path is filled by the job other already.';
    await expect(scene.create('files')).rejects.toMatchObject({ code: 'refused', message: scene.probe });
    expect(scene.store.all()).toEqual([]);
  });

  it('a set that holds the home of the agent is refused', async () => {
    await expect(scene.jobs.create(scene.definition('all', scene.top))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining("agent's home"),
    });
  });

  it("an interceptor's refusal reaches the person, and the job stays as it was", async () => {
    const folder = await scene.create('files');
    scene.fuse.refuse.set(folder, refusal('open-for-writing', 'postgres (812) holds files open for writing.'));
    await expect(scene.jobs.start('files')).rejects.toMatchObject({
      code: 'refused',
      message: 'postgres (812) holds files open for writing.',
    });
    expect(state('files')).toBe('stopped');
  });

  it('[FO4] a job that ends lets go of what an earlier run had mounted for it, though it never came up again', async () => {
    const folder = await scene.create('files');
    await scene.jobs.start('files');
    scene.fuse.refuse.set(folder, refusal('open-for-writing', 'Held open.'));
    await scene.restart();
    expect([state('files'), protectedPaths()]).toEqual(['halted', [folder]]);
    const { door } = scene.jobs;
    for (const job of door.all()) await door.stop(job);
    expect(protectedPaths()).toEqual([]);
  });

  it('a job that is created and cannot be started is there, and the sentence says so', async () => {
    const folder = scene.folder('files');
    scene.fuse.refuse.set(folder, refusal('open-for-writing', 'Held open.'));
    const created = scene.jobs.create(scene.definition('files', folder, { start: true }));
    await expect(created).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/files was created, but it was not started: Held open\. .*job start files/),
    });
    expect(state('files')).toBe('stopped');
    scene.fuse.refuse.clear();
    await scene.jobs.start('files');
  });

  it('[FO4] offers an edit in every state but while another server has the job', async () => {
    await scene.create('files');
    const offered = () => scene.jobs.status('files').actions.includes('edit');
    expect(offered()).toBe(true);
    expect((await scene.jobs.start('files')).actions).toContain('edit');
    scene.jobs.pause('files', true);
    expect(offered()).toBe(true);
    await scene.jobs.stop('files');
    await scene.jobs.close(true);
    const [stored] = scene.store.all();
    if (stored === undefined) throw new Error('a job was expected');
    scene.store.save({ ...stored, gaveWay: { epoch: 2, server: 'beta', asideAt: [] } });
    scene.jobs = scene.open();
    expect([state('files'), offered()]).toEqual(['stopped', false]);
    const { revision } = scene.jobs.kept('files');
    await expect(scene.jobs.edit({ name: 'files', revision, changes: { bandwidth: 100_000 } })).rejects.toThrow(
      /^beta has taken files over/,
    );
  });

  it('one call at a time works on a job', async () => {
    await scene.create('files');
    let open = () => {};
    scene.fuse.protecting = new Promise((resolve) => {
      open = resolve;
    });
    const starting = scene.jobs.start('files');
    for (const call of ['start', 'stop', 'delete'] as const)
      await expect(scene.jobs[call]('files')).rejects.toMatchObject({ code: 'busy' });
    open();
    expect((await starting).state).toBe('disconnected');
    await scene.jobs.stop('files');
  });

  it('pauses and resumes, and a pause outlives the agent', async () => {
    await scene.create('files');
    expect(() => scene.jobs.pause('files', true)).toThrow(/not running: start it first/);
    await scene.jobs.start('files');
    expect(scene.jobs.pause('files', true).state).toBe('paused');
    await scene.restart();
    expect(state('files')).toBe('paused');
    expect(scene.jobs.pause('files', false).state).toBe('disconnected');
    scene.jobs.pause('files', true);
    await scene.jobs.stop('files');
    expect((await scene.jobs.start('files')).state).toBe('disconnected');
  });

  it('what was started comes back, what was stopped does not, and what nobody wants is let go of', async () => {
    const [one] = [await scene.create('one', { start: true }), await scene.create('two', { start: true })];
    await scene.jobs.stop('two');
    await scene.jobs.close(true);
    expect(protectedPaths()).toEqual([one]);
    scene.fuse = new FakeInterceptor('fuse', [one, '/left/over']);
    scene.jobs = scene.open();
    await scene.jobs.restore();
    expect([state('one'), state('two')]).toEqual(['disconnected', 'stopped']);
    expect(protectedPaths()).toEqual([one]);
    expect(scene.fuse.calls.filter((call) => call.startsWith('release'))).toEqual(['release /left/over']);
  });

  it('jobs come back outermost first, so that they share', async () => {
    const outer = scene.folder('z');
    await scene.jobs.create(scene.definition('a-inner', scene.folder('z', 'inner'), { start: false }));
    await scene.jobs.create(scene.definition('outer', outer, { start: true }));
    await scene.jobs.start('a-inner');
    await scene.jobs.close(true);
    scene.fuse = new FakeInterceptor();
    scene.jobs = scene.open();
    await scene.jobs.restore();
    expect(protectedPaths()).toEqual([outer]);
    expect([state('a-inner'), state('outer')]).toEqual(['disconnected', 'disconnected']);
  });

  it('a job that does not come back says why, keeps what it protects, is tried again, and says it once', async () => {
    const folder = await scene.create('files', { start: true });
    await scene.jobs.close(true);
    scene.fuse = new FakeInterceptor('fuse', [folder]);
    const { fuse } = scene;
    const protect = vi.spyOn(fuse, 'roots');
    protect.mockImplementationOnce(() => {
      throw refusal('failed', 'Not now.');
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    scene.jobs = scene.open();
    await scene.jobs.restore();
    expect(scene.jobs.status('files')).toMatchObject({
      state: 'halted',
      reason: { code: 'not-started', sentence: 'Not now.' },
      actions: ['start', 'stop', 'delete', 'edit'],
    });
    expect(() => scene.jobs.drained('files')).toThrow('Not now.');
    expect(protectedPaths()).toEqual([folder]);
    protect.mockImplementationOnce(() => {
      throw refusal('failed', 'Not now.');
    });
    await vi.advanceTimersByTimeAsync(5_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(state('files')).toBe('disconnected');
    expect(scene.events.filter((event) => event === 'files job-not-started')).toHaveLength(1);
  });

  it('a job that never came back is let go of when it is stopped', async () => {
    const folder = await scene.create('files', { start: true });
    await scene.jobs.close(true);
    scene.fuse = new FakeInterceptor('fuse', [folder]);
    vi.spyOn(scene.fuse, 'roots').mockImplementationOnce(() => {
      throw new Error('a bug');
    });
    scene.jobs = scene.open();
    await scene.jobs.restore();
    expect(state('files')).toBe('halted');
    expect(scene.faults).toHaveLength(1);
    await scene.jobs.stop('files');
    expect(protectedPaths()).toEqual([]);
    expect(state('files')).toBe('stopped');
  });

  it('a damaged file of positions keeps its job from starting, names itself, and is not overwritten', async () => {
    const folder = await scene.create('files', { start: true });
    const [stored] = scene.store.all();
    const path = join(scene.top, 'home', 'jobs', `${stored?.id}.positions`);
    writeFileSync(path, 'no JSON');
    await scene.restart();
    expect(scene.jobs.status('files')).toMatchObject({
      state: 'halted',
      reason: { sentence: expect.stringContaining(`${path} is damaged`) },
    });
    expect(readFileSync(path, 'utf8')).toBe('no JSON');
    expect(protectedPaths()).toEqual([folder]);
  });

  it('[FSI6] a mount that was taken away halts the job, and a start protects anew', async () => {
    await scene.create('files', { start: true });
    const link = await scene.welcome();
    const [root] = scene.fuse.roots();
    scene.fuse.tell('unmounted', 'error', root?.id ?? 0);
    expect(scene.jobs.status('files')).toMatchObject({ state: 'halted', reason: { code: 'mount-gone' } });
    expect(link.closed).not.toBeNull();
    expect(scene.events.filter((event) => event === 'files mount-gone')).toHaveLength(1);
    expect(() => scene.jobs.drained('files')).toThrow(/halted.*taken away/);
    await scene.jobs.start('files');
    expect(state('files')).toBe('disconnected');
    expect(scene.fuse.calls.at(-1)).toMatch(/^protect/);
  });

  it("the target's final refusal halts the job with its words", async () => {
    await scene.create('files', { start: true });
    const link = await scene.welcome();
    link.arriveJson(FrameType.refuse, { code: 'superseded', sentence: 'Another server writes now.' });
    expect(scene.jobs.status('files')).toMatchObject({
      state: 'halted',
      reason: { code: 'superseded', sentence: 'Another server writes now.' },
    });
  });

  it('says who uses the mount of a stopped job, until they have gone', async () => {
    const folder = await scene.create('files', { start: true });
    const [root] = scene.fuse.roots();
    scene.fuse.users.set(folder, ['bash (7)']);
    expect((await scene.jobs.stop('files')).mountUsers).toEqual(['bash (7)']);
    scene.fuse.tell('unmounted', 'information', root?.id ?? 0);
    expect(scene.jobs.status('files').mountUsers).toBeUndefined();
    expect(scene.events).toContain('files job-unmounted');
  });

  it('tells every change and the end of a job', async () => {
    const heard: string[] = [];
    const end = scene.jobs.onStatus((name, status: JobStatus | null) =>
      heard.push(`${name} ${status?.state ?? 'gone'}`),
    );
    await scene.create('files', { start: true });
    await scene.jobs.stop('files');
    await scene.jobs.delete('files');
    expect(heard).toEqual(expect.arrayContaining(['files disconnected', 'files stopped']));
    expect(heard.at(-1)).toBe('files gone');
    end();
    const before = heard.length;
    await scene.create('other');
    expect(heard).toHaveLength(before);
  });

  it('an agent that is stopping starts nothing any more', async () => {
    const folder = await scene.create('files');
    let open = () => {};
    scene.fuse.protecting = new Promise((resolve) => {
      open = resolve;
    });
    const starting = scene.jobs.start('files');
    const closing = scene.jobs.close(true);
    open();
    await expect(starting).rejects.toMatchObject({ code: 'busy' });
    await closing;
    expect(scene.links).toEqual([]);
    expect(scene.fuse.calls).toContain(`release ${folder}`);
    await expect(scene.jobs.stop('files')).rejects.toMatchObject({ code: 'busy' });
  });

  it('a mirror is asked for once at a time', async () => {
    await scene.create('files', { start: true });
    scene.jobs.mirror({ name: 'files', compare: 'checksum', blockSize: null });
    expect(() => scene.jobs.mirror({ name: 'other', compare: 'checksum', blockSize: null })).toThrow(/It has: files/);
  });

  describe('a wider job that overlaps a mounted one', () => {
    const reason = (name: string) => scene.jobs.status(name).reason?.code;
    async function narrowAndWide(): Promise<{ narrow: string; wide: string }> {
      const narrow = scene.folder('srv', 'data');
      const wide = scene.folder('srv');
      await scene.jobs.create(scene.definition('narrow', narrow, { start: true }));
      return { narrow, wide };
    }

    it('takes the place of a mount that nobody uses at once, and both go on', async () => {
      const { wide } = await narrowAndWide();
      await scene.jobs.create(scene.definition('wide', wide, { start: true }));
      expect([state('wide'), state('narrow')]).toEqual(['disconnected', 'disconnected']);
      expect(protectedPaths()).toEqual([wide]);
      expect(scene.events).toEqual(expect.arrayContaining(['narrow mount-widened', 'narrow interception-gap']));
    });

    it('waits while the mount is in use, says for what, and starts when the other job is stopped', async () => {
      const { narrow, wide } = await narrowAndWide();
      scene.fuse.users.set(narrow, ['postgres (812)']);
      await scene.jobs.create(scene.definition('wide', wide, { start: true }));
      expect(scene.jobs.status('wide').reason).toMatchObject({
        code: 'waiting-for-mount',
        sentence: expect.stringMatching(/in use by postgres \(812\).*narrow/),
      });
      expect(state('narrow')).toBe('disconnected');
      scene.fuse.users.clear();
      await scene.jobs.stop('narrow');
      await vi.waitFor(() => expect(state('wide')).toBe('disconnected'));
      await scene.jobs.start('narrow');
      expect(protectedPaths()).toEqual([wide]);
    });

    it('a switch that fails leaves the narrower job as it was, and is not tried again by itself', async () => {
      const { narrow, wide } = await narrowAndWide();
      scene.fuse.refuse.set(wide, refusal('open-for-writing', 'Held open.'));
      await expect(scene.jobs.create(scene.definition('wide', wide, { start: true }))).rejects.toThrow('Held open.');
      expect([state('narrow'), protectedPaths()]).toEqual(['disconnected', [narrow]]);
      await scene.jobs.start('narrow');
      scene.fuse.refuse.clear();
      await scene.jobs.start('wide');
      expect([state('wide'), reason('wide'), protectedPaths()]).toEqual(['disconnected', reason('narrow'), [wide]]);
    });
  });

  it('[SAFE1] a root that is gone when the job comes back halts it by name, and the directory above is not taken', async () => {
    const folder = await scene.create('files', { start: true });
    rmdirSync(folder);
    await scene.restart();
    expect(scene.jobs.status('files')).toMatchObject({ state: 'halted', reason: { code: 'root-missing' } });
    await expect(scene.jobs.start('files')).rejects.toThrow(/is not there.*replica stays/);
    scene.folder('files');
    await scene.jobs.start('files');
    expect(state('files')).toBe('disconnected');
  });
});
