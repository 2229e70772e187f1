import { FrameType, failoverSchema } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryRegister } from '../../../witness/testing/memory-register.ts';
import { FakeInterceptor, raw } from '../../testing/fake-interceptor.ts';
import { JobScene } from '../../testing/scene-of-jobs.ts';

const REFUSED = { code: 'superseded', sentence: 'epoch 7 has been seen: another server has taken over', epoch: 7 };

describe('[SAFE6] a superseded source', () => {
  let scene: JobScene;
  beforeEach(() => {
    scene = new JobScene();
  });
  afterEach(async () => {
    vi.useRealTimers();
    await scene.close();
  });
  const modes = () => scene.fuse.roots().map(({ id }) => scene.fuse.gates.get(id) ?? 'open');
  const superseded = async () => {
    const folder = await scene.create('files', { start: true });
    expect(modes()).toEqual(['open']);
    (await scene.welcome()).arriveJson(FrameType.refuse, REFUSED);
    return folder;
  };

  it('makes what it protects read-only, says so, and stays so when the agent is another', async () => {
    const folder = await superseded();
    expect(modes()).toEqual(['read-only']);
    expect(scene.jobs.status('files')).toMatchObject({ state: 'halted', reason: { code: 'superseded' } });
    expect(scene.events).toContain('files read-only');
    expect(scene.store.all()[0]?.superseded).toMatchObject({ epoch: 7 });
    await scene.restart();
    expect(modes()).toEqual(['read-only']);
    const { state, reason } = scene.jobs.status('files');
    expect([state, reason?.code]).toEqual(['halted', 'superseded']);
    expect(reason?.sentence).toContain(`${folder} can be read here and not changed`);
    expect(reason?.sentence).toContain('job start files --as-primary');
    // Nothing is said to a target any more.
    expect(scene.links).toHaveLength(1);
  });

  it('begins read-only after a reboot: the mount is another, and nothing comes before it', async () => {
    await superseded();
    await scene.jobs.close(true);
    scene.fuse = new FakeInterceptor('fuse');
    const before: unknown[] = [];
    const { protect } = scene.fuse;
    scene.fuse.protect = async (path) => {
      const root = await protect.call(scene.fuse, path);
      before.push(scene.fuse.gates.get(root.id));
      return root;
    };
    scene.jobs = scene.open();
    await scene.jobs.restore();
    expect(before).toEqual(['read-only']);
  });

  it('is neither started nor stopped, until a person says that this server writes: then under a higher epoch', async () => {
    await superseded();
    await scene.restart();
    await expect(scene.jobs.start('files')).rejects.toThrow(/files is superseded: epoch 7.*--as-primary/);
    await expect(scene.jobs.stop('files')).rejects.toThrow(/stays read-only/);
    expect(modes()).toEqual(['read-only']);
    expect(await scene.jobs.start('files', { asPrimary: true })).toMatchObject({ state: 'disconnected', epoch: 8 });
    expect(modes()).toEqual(['open']);
    expect(scene.store.all()[0]).toMatchObject({ epoch: 8, started: true });
    expect(scene.store.all()[0]?.superseded).toBeUndefined();
  });

  it('a wider job over it does not open it, and its deletion gives its folders free', async () => {
    const folder = await superseded();
    await scene.restart();
    scene.folder('files', 'beneath');
    await scene.jobs.create(scene.definition('other', `${folder}/beneath`, { start: true }));
    expect(new Set(modes())).toEqual(new Set(['read-only']));
    await scene.jobs.delete('files');
    expect(new Set(modes())).toEqual(new Set(['open']));
  });

  it('with the watch driver it says that it can keep nobody from writing', async () => {
    await scene.create('files', { start: true, intercept: 'watch' });
    (await scene.welcome()).arriveJson(FrameType.refuse, REFUSED);
    await scene.restart();
    expect(scene.jobs.status('files').reason?.sentence).toContain('the watch driver cannot keep anybody from changing');
  });
});

describe('[SAFE6] what an agent protects by itself after its start', () => {
  let scene: JobScene;
  beforeEach(() => {
    scene = new JobScene();
    scene.holdAtStartMs = 5000;
  });
  afterEach(async () => {
    vi.useRealTimers();
    await scene.close();
  });
  const modes = () => scene.fuse.roots().map(({ id }) => scene.fuse.gates.get(id) ?? 'open');
  const reboot = async () => {
    await scene.jobs.close(true);
    scene.fuse = new FakeInterceptor('fuse');
    scene.jobs = scene.open();
    await scene.jobs.restore();
  };

  it('waits until the target has welcomed it', async () => {
    await scene.create('files', { start: true });
    expect(modes()).toEqual(['open']);
    await reboot();
    expect(modes()).toEqual(['leased']);
    await scene.welcome();
    expect(modes()).toEqual(['open']);
    expect(scene.events).not.toContain('files epoch-unconfirmed');
  });

  it('waits no longer than the setting says, and says that nobody was heard', async () => {
    await scene.create('files', { start: true });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await reboot();
    expect(modes()).toEqual(['leased']);
    vi.advanceTimersByTime(5000);
    expect(modes()).toEqual(['open']);
    expect(scene.events).toContain('files epoch-unconfirmed');
  });

  it('is read-only at once where the target has been taken over', async () => {
    await scene.create('files', { start: true });
    await reboot();
    const link = scene.links.at(-1);
    while (link?.said(FrameType.hello).length !== 1) await new Promise((resolve) => setImmediate(resolve));
    link.arriveJson(FrameType.refuse, REFUSED);
    expect(modes()).toEqual(['read-only']);
  });

  it('what was mounted all the while is not held up', async () => {
    await scene.create('files', { start: true });
    await scene.restart();
    expect(modes()).toEqual(['open']);
  });
});

describe('[FO3] a job with a witness', () => {
  let scene: JobScene;
  let register: MemoryRegister;
  const failover = failoverSchema.parse({ witness: { kind: 'etcd', endpoints: ['http://127.0.0.1:1'] } });
  beforeEach(() => {
    scene = new JobScene();
    register = new MemoryRegister();
    scene.leaseOf = ({ epoch, confirmedEpoch }) => ({
      register,
      holder: 'a'.repeat(64),
      leaseMs: 6000,
      clock: () => 1000,
      known: confirmedEpoch === epoch,
    });
  });
  afterEach(() => scene.close());
  const modes = () => scene.fuse.roots().map(({ id }) => scene.fuse.gates.get(id));
  const told = async (event: string) => {
    while (!scene.events.includes(`files ${event}`)) await new Promise((resolve) => setImmediate(resolve));
  };

  it('begins held, and is let go of for as long as the witness has confirmed', async () => {
    register.fate = 'unreachable';
    await scene.create('files', { start: true, failover });
    await told('witness-silent');
    expect(modes()).toEqual(['leased']);
    expect(scene.store.all()[0]?.confirmedEpoch).toBeUndefined();
    register.fate = 'answer';
    await told('lease-confirmed');
    expect(register.kept?.record).toMatchObject({ epoch: 1, released: false });
    expect(scene.store.all()[0]?.confirmedEpoch).toBe(1);
    await scene.jobs.stop('files');
    expect(scene.fuse.gates.get(1)).toBe('open');
  });

  it('leaves a root shut that somebody else has shut, when it renews', async () => {
    await scene.create('files', { start: true, failover });
    await told('lease-confirmed');
    scene.fuse.gate?.setReadOnly([1], true);
    const [job] = scene.store.all();
    scene.interceptors.gates.set(job?.id ?? '', [scene.fuse.roots()[0]?.path ?? raw('')], { untilMs: 9000 });
    expect(scene.fuse.readOnly.has(1)).toBe(true);
  });

  it('is superseded where the witness names another server', async () => {
    register.kept = { revision: '1', record: { epoch: 4, holder: 'b'.repeat(64), leaseMs: 6000, released: false } };
    await scene.create('files', { start: true, failover });
    await told('read-only');
    expect(modes()).toEqual(['read-only']);
    expect(scene.store.all()[0]?.superseded).toMatchObject({ epoch: 4 });
  });

  it('is not served by a driver that cannot keep to a lease', async () => {
    await expect(scene.create('files', { start: true, failover, intercept: 'watch' })).rejects.toThrow(
      /needs the fuse driver/,
    );
  });
});
