/** Each hop of a cookie broken in turn, with real jobs: what the interceptor, the ring's reader, the line and the target do is said here. */
import { type CookieOutcome, InterceptorRefusal } from '@understudy/engine';
import { encodeRecord, FrameType, type JobStatus, position, record, Verb } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeLink } from '../testing/fake-link.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';

const AUDIT = { intervalMs: 20, limitMs: 120 };
const FIRST = 1_000;

describe('[FSI6] a cookie goes round, and where it is missing is named', () => {
  let scene: JobScene;
  let sequence = 0;
  /** What becomes of a cookie that is written: it comes out of the ring, or not. */
  let ring: 'hands on' | 'loses';
  let call: () => Promise<CookieOutcome>;
  let written: number[];

  beforeEach(() => {
    scene = new JobScene(AUDIT);
    sequence = 0;
    ring = 'hands on';
    written = [];
    call = async () => ({ written: true });
    scene.fuse.cookie = async (root, number) => {
      written.push(number);
      const outcome = await call();
      if (outcome.written && ring === 'hands on') comesOut(root, number);
      return outcome;
    };
  });
  afterEach(() => scene.close());

  function comesOut(root: number, number: number): void {
    sequence += 1;
    const timeMs = Date.now();
    scene.fuse.records.push(encodeRecord(record({ verb: Verb.cookie, root, extent: number, sequence, timeMs })));
    scene.fuse.readable();
  }

  async function start(name = 'one'): Promise<FakeLink> {
    await scene.create(name, { start: true });
    const link = await scene.welcome();
    link.arriveJson(FrameType.condition, { state: 'ok', code: '', sentence: '' });
    return link;
  }

  const audit = (name = 'one'): NonNullable<JobStatus['audit']> => {
    const found = scene.jobs.status(name).audit;
    if (found === undefined) throw new Error('the status says nothing of cookies');
    return found;
  };
  const comesToBe = (hop: ReturnType<typeof audit>['hop']) => vi.waitFor(() => expect(audit().hop).toBe(hop));
  const comesTo = (event: string) => vi.waitFor(() => expect(scene.events).toContain(event));
  const last = (link: FakeLink) =>
    position(Math.max(0, ...link.sent.filter(({ type }) => type === FrameType.operations).map(({ to }) => Number(to))));

  /** The target acknowledges all that has come, whenever asked. */
  function acknowledge(link: FakeLink, how: 'received' | 'applied'): void {
    const to = how === 'applied' ? last(link) : position(0);
    link.arrive({ type: FrameType.acknowledge, from: last(link), to });
  }

  it('comes through: last seen moves, nothing is missing, and it is none of the job’s operations', async () => {
    const link = await start();
    const answering = setInterval(() => acknowledge(link, 'applied'), 5);
    try {
      await vi.waitFor(() => expect(audit().lastSeen).not.toBeNull());
      const { lastSeen } = audit();
      await vi.waitFor(() => expect(Date.parse(audit().lastSeen ?? '')).toBeGreaterThan(Date.parse(lastSeen ?? '')));
      expect(audit()).toMatchObject({ begins: 'kernel', hop: null });
      expect(scene.jobs.status('one').replication).toMatchObject({ queuedOperations: 0 });
    } finally {
      clearInterval(answering);
    }
  });

  it('the kernel’s path: a call that fails, and one that never comes back', async () => {
    call = async () => ({ written: false, errno: 'ENOENT', what: 'answered with ENOENT' });
    await start();
    await comesToBe('written');
    await comesTo('one audit-not-written');
    const { dirty } = scene.jobs.status('one').replication;
    expect(dirty?.reasons).toEqual([{ reason: 'interception-gap', items: 1 }]);
    call = async () => ({ written: true });
    await comesTo('one audit-certain');
    call = () => new Promise(() => {});
    await comesToBe('written');
    const calls = written.length;
    await vi.waitFor(() => expect(scene.jobs.status('one').audit?.hop).toBe('written'));
    expect(written).toHaveLength(calls);
  });

  it('the ring: written, and it does not come out', async () => {
    ring = 'loses';
    await start();
    await comesToBe('intercepted');
    await comesTo('one audit-not-intercepted');
    expect(scene.jobs.status('one').reason).toMatchObject({ code: 'audit-not-intercepted' });
    ring = 'hands on';
    await comesTo('one audit-certain');
    await vi.waitFor(() => expect(audit().hop).not.toBe('intercepted'));
  });

  it('the ring’s reader: it reads nothing any more', async () => {
    await start();
    const drain = scene.fuse.drain.bind(scene.fuse);
    scene.fuse.drain = () => 0;
    await comesToBe('intercepted');
    scene.fuse.drain = drain;
    await comesTo('one audit-certain');
  });

  it('a cookie that is lost between two others makes a gap at once', async () => {
    const link = await start();
    const answering = setInterval(() => acknowledge(link, 'applied'), 5);
    await vi.waitFor(() => expect(audit().lastSeen).not.toBeNull());
    ring = 'loses';
    const calls = written.length;
    await vi.waitFor(() => expect(written.length).toBeGreaterThan(calls));
    ring = 'hands on';
    await comesTo('one audit-cookie-lost');
    clearInterval(answering);
  });

  it('the queue: the line takes nothing', async () => {
    const link = await start();
    link.room = false;
    const answering = setInterval(() => acknowledge(link, 'applied'), 5);
    try {
      await comesToBe('sent');
      await comesTo('one audit-not-sent');
      link.drained();
      await comesTo('one audit-through');
    } finally {
      clearInterval(answering);
    }
  });

  it('the wire or the target’s journal: nothing is acknowledged as received', async () => {
    await start();
    await comesToBe('received');
    await comesTo('one audit-not-received');
  });

  it('the target’s apply: received, and not applied; and it comes through when it is', async () => {
    const link = await start();
    const answering = setInterval(() => acknowledge(link, 'received'), 5);
    try {
      await comesToBe('applied');
      await comesTo('one audit-not-applied');
      acknowledge(link, 'applied');
      await comesTo('one audit-through');
    } finally {
      clearInterval(answering);
    }
  });

  it('a job that is paused, or has no link, is asked for nothing, and nothing piles up in its queue', async () => {
    const link = await start();
    scene.jobs.pause('one', true);
    await vi.waitFor(() => expect(written.length).toBeGreaterThan(20));
    expect(audit().hop).toBeNull();
    expect(scene.jobs.status('one').state).toBe('paused');
    expect(scene.jobs.status('one').replication.queuedOperations).toBeLessThan(10);
    const before = link.sent.length;
    await vi.waitFor(() => expect(written.length).toBeGreaterThan(30));
    expect(link.sent.length).toBe(before);
    scene.jobs.pause('one', false);
    link.end('closed', 'the line broke');
    await vi.waitFor(() => expect(scene.jobs.status('one').state).toBe('disconnected'));
    expect(scene.events.filter((event) => event.includes('audit-not'))).toEqual([]);
  });

  it('several jobs on one mount share the cookies', async () => {
    const folder = await scene.create('one', { start: true });
    await scene.welcome();
    await scene.jobs.create(scene.definition('two', folder, { start: true }));
    await scene.welcome();
    expect(scene.fuse.roots()).toHaveLength(1);
    ring = 'loses';
    for (const job of ['one', 'two']) await comesTo(`${job} audit-not-intercepted`);
    const gaps = scene.events.filter((event) => event.endsWith('audit-not-intercepted'));
    expect(gaps).toHaveLength(2);
  });

  it('a driver without a path for cookies: they begin in the queue, and the status says so', async () => {
    delete scene.fuse.cookie;
    const link = await start();
    expect(audit().begins).toBe('queue');
    const answering = setInterval(() => acknowledge(link, 'applied'), 5);
    await vi.waitFor(() => expect(audit().lastSeen).not.toBeNull());
    clearInterval(answering);
    await comesToBe('received');
  });

  it('numbers of an earlier process that the ring still holds mean nothing', async () => {
    ring = 'loses';
    await start();
    comesOut(scene.fuse.roots()[0]?.id ?? 0, FIRST);
    await comesToBe('intercepted');
    expect(audit().lastSeen).toBeNull();
  });

  it('what was refused has no cookies, and nobody asks for them', async () => {
    scene.fuse.refuse.set(scene.folder('one'), new InterceptorRefusal('open-for-writing', 'in use'));
    await scene.jobs.create(scene.definition('one', scene.folder('one'))).catch(() => {});
    await scene.jobs.start('one').catch(() => {});
    expect([written, scene.jobs.status('one').audit]).toEqual([[], undefined]);
  });
});
