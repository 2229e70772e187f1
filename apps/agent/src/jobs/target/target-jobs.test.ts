import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawName } from '@understudy/base';
import { FileError, type Handle } from '@understudy/engine';
import { MemoryReplica } from '@understudy/engine/testing';
import {
  type Condition,
  conditionSchema,
  encodeRecord,
  FrameType,
  type NodeId,
  position,
  record,
  Verb,
} from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeLink } from '../testing/fake-link.ts';
import { markers, statIno, Trees } from '../testing/trees.ts';
import { TargetJobs } from './target-jobs.ts';

const PEER = 'a'.repeat(64);
const FLOW = new Set<number>([FrameType.pause, FrameType.resume]);

describe('the jobs of a target', () => {
  let top: string;
  let trees: Trees;
  let jobs: TargetJobs;
  let events: string[];
  let faults: unknown[];
  let ready: Promise<void> | null;
  const id = randomUUID();
  const make = (more: object = {}) =>
    new TargetJobs({
      version: '1',
      home: join(top, 'home'),
      machine: 'boot/ns',
      bootId: 'boot',
      openTree: trees.open as never,
      ...(ready === null ? {} : { ready }),
      event: ({ code }) => events.push(code),
      fault: (error) => faults.push(error),
      ...more,
    });
  const hello = (more: object = {}) => ({
    version: '1',
    jobId: id,
    jobName: 'files',
    streamId: '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11',
    epoch: 1,
    oldest: 1,
    next: 1,
    applied: 0,
    intent: 'replicate',
    machine: 'elsewhere',
    replicaBase: Buffer.from(join(top, 'replicas')).toString('base64'),
    roots: [{ path: Buffer.from('/data').toString('base64'), node: '9' }],
    ...more,
  });
  const say = (more: object = {}, peer = PEER) => {
    const link = new FakeLink();
    jobs.accept(link.as(), peer);
    link.arriveJson(FrameType.hello, hello(more));
    return link;
  };
  const root = () => join(top, 'replicas', 'data');
  const refusal = (link: FakeLink) => link.said(FrameType.refuse)[0] as { code: string; sentence: string } | undefined;
  const welcomed = (link: FakeLink) => link.said(FrameType.welcome)[0] as { resumes: boolean; applied: number };
  const send = (link: FakeLink, from: number, to: number, payload = markers(from, to)) =>
    link.arrive({ type: FrameType.operations, from: position(from), to: position(to), records: 1, epoch: 1 }, payload);
  const acknowledged = (link: FakeLink) => link.sent.filter(({ type }) => type === FrameType.acknowledge).at(-1)?.to;

  /** A replica that has its root, on a disk that has no room for more; `attributes`: of a file. */
  const outOfSpace = async () => {
    const link = say();
    const rootRecord = record({ verb: Verb.root, sequence: 1, node: 9n as NodeId, data: Buffer.from('/data') });
    send(link, 1, 1, Buffer.from(encodeRecord(rootRecord)));
    await vi.waitFor(() => expect(acknowledged(link)).toBe(1));
    const [tree] = trees.all.values();
    if (tree === undefined) throw new Error('no replica was opened');
    tree.beforeChange = () => {
      throw new FileError('ENOSPC', 'openat');
    };
    const attributes = { ...rootRecord.attributes, mode: 0o100644, nlink: 1 };
    return { link, tree, attributes };
  };

  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-target-')));
    trees = new Trees();
    events = [];
    faults = [];
    ready = null;
    jobs = make();
  });
  afterEach(() => {
    jobs.close();
    rmSync(top, { recursive: true, force: true });
  });

  it('welcomes, applies, acknowledges, gives the bytes back, and is found again after a restart', async () => {
    const link = say();
    expect(welcomed(link)).toMatchObject({ resumes: false });
    const payload = markers(1, 3);
    send(link, 1, 3, payload);
    await vi.waitFor(() => expect(acknowledged(link)).toBe(3));
    expect(link.recycled).toEqual([payload]);
    jobs.close();
    expect(link.closed?.end).toBe('closed');
    jobs = make();
    expect(welcomed(say({ next: 4 }))).toMatchObject({ resumes: true, applied: 3 });
  });

  it('gives the bytes of what it does not take back at once', () => {
    const link = say();
    const beyond = markers(5, 5);
    send(link, 5, 5, beyond);
    expect(link.recycled).toEqual([beyond]);
  });

  it('ends an older link of the job when the source comes anew', () => {
    const [old, link] = [say(), say()];
    expect(old.closed?.sentence).toMatch(/anew/);
    expect(link.closed).toBeNull();
    send(old, 1, 1);
    expect(old.recycled).toEqual([]);
  });

  it('a job belongs to the peer that made it', () => {
    say();
    expect(refusal(say({}, 'b'.repeat(64)))?.code).toBe('not-trusted');
    expect(refusal(say({ intent: 'leave' }, 'b'.repeat(64)))?.code).toBe('not-trusted');
  });

  it('a path that one job fills is refused to another, also asked by probe, until that job leaves', () => {
    say();
    const other = { jobId: randomUUID(), jobName: 'other' };
    for (const intent of ['probe', 'replicate'])
      expect(refusal(say({ ...other, intent }))).toMatchObject({
        code: 'replica-path-in-use',
        sentence: expect.stringContaining('the job files'),
      });
    const limbo = join(top, 'replicas', `.understudy-${id}`);
    expect(existsSync(limbo)).toBe(true);
    expect(refusal(say({ intent: 'leave' }))).toBeUndefined();
    expect([existsSync(limbo), existsSync(root())]).toEqual([false, true]);
    expect(refusal(say(other))).toBeUndefined();
    expect(events).toContain('job-left');
  });

  it('a probe leaves nothing behind', () => {
    expect(welcomed(say({ intent: 'probe' }))).toBeDefined();
    expect(readdirSync(join(top, 'home', 'replicas'))).toEqual([]);
    expect(existsSync(root())).toBe(false);
  });

  it('the replica that is gone is not begun anew while the stream goes on, only when the source begins anew', () => {
    say();
    jobs.close();
    rmSync(root(), { recursive: true });
    jobs = make();
    expect(refusal(say())).toMatchObject({
      code: 'replica-path-invalid',
      sentence: expect.stringContaining('is gone'),
    });
    expect(existsSync(root())).toBe(false);
    const again = say({ streamId: randomUUID() });
    expect(welcomed(again)).toMatchObject({ resumes: false });
    expect(existsSync(root())).toBe(true);
  });

  it('another directory in its place is refused while the stream goes on, and said when it begins anew', () => {
    say();
    jobs.close();
    renameSync(root(), `${root()}-old`);
    mkdirSync(root());
    trees.all.set(statIno(root()), otherRoot());
    jobs = make();
    expect(refusal(say())?.sentence).toContain('is another directory');
    expect(welcomed(say({ streamId: randomUUID() }))).toBeDefined();
    expect(events).toContain('replica-root-new');
  });

  it('a replica that is taken away while it is linked ends the link by name', async () => {
    const link = say();
    renameSync(root(), `${root()}-moved`);
    await vi.waitFor(() => expect(refusal(link)?.code).toBe('replica-path-invalid'), { timeout: 5_000 });
    expect(refusal(link)?.sentence).toContain('was removed or renamed');
    expect(events).toContain('replica-replica-path-invalid');
  });

  it('[FO4] knows what it has filled as its own, killed at whatever moment of a greeting with another stream', () => {
    say();
    jobs.close();
    writeFileSync(join(root(), 'filled'), '');
    const record = join(top, 'home', 'replicas', id, 'replica.json');
    const moments: string[] = [];
    const look = () => moments.push(readFileSync(record, 'utf8'));
    trees.opening = look;
    jobs = make();
    const link = new FakeLink();
    const sendJson = link.sendJson.bind(link);
    link.sendJson = (...said) => {
      look();
      return sendJson(...said);
    };
    const anew = { streamId: randomUUID(), epoch: 2 };
    jobs.accept(link.as(), PEER);
    link.arriveJson(FrameType.hello, hello(anew));
    expect(welcomed(link)).toBeDefined();
    trees.opening = () => {};
    expect(new Set(moments).size).toBe(2);
    for (const moment of moments) {
      jobs.close();
      writeFileSync(record, moment);
      jobs = make();
      expect(refusal(say(anew))).toBeUndefined();
      expect(refusal(say({ ...anew, epoch: 1 }))?.code).toBe('superseded');
    }
  });

  it('[FO4] listens to no source before the mounts of an earlier run are gone: they may lie over a replica', async () => {
    let gone = () => {};
    ready = new Promise((resolve) => {
      gone = resolve;
    });
    jobs = make();
    const link = say();
    await new Promise((resolve) => setImmediate(resolve));
    expect([link.sent, trees.all.size]).toEqual([[], 0]);
    gone();
    await vi.waitFor(() => expect(welcomed(link)).toBeDefined());
  });

  it('a target that has no room for the root lets the source come again', () => {
    trees.fails = new FileError('ENOSPC', 'mkdirat');
    for (let i = 0; i < 3; i += 1) expect(refusal(say())?.code).toBe('no-space');
    expect(events.filter((code) => code === 'replica-no-space')).toHaveLength(1);
    expect(faults).toEqual([]);
    trees.fails = null;
    expect(welcomed(say())).toBeDefined();
  });

  it('a fault in applying ends this job alone; it goes on where the journal says', async () => {
    const other = {
      jobId: randomUUID(),
      jobName: 'other',
      roots: [{ path: Buffer.from('/other').toString('base64'), node: '9' }],
    };
    const [link, beside] = [say(), say(other)];
    const tree = trees.all.get(statIno(root()));
    if (tree === undefined) throw new Error('no tree');
    send(link, 1, 1);
    await vi.waitFor(() => expect(acknowledged(link)).toBe(1));
    tree.beforeChange = () => {
      throw new Error('a bug');
    };
    const entry = record({
      verb: Verb.mkdir,
      sequence: 2,
      node: 11n as NodeId,
      parent: 9n as NodeId,
      name: 'folder' as never,
      attributes: tree.attributes(tree.root) ?? undefined,
    } as Parameters<typeof record>[0]);
    const rootRecord = record({ verb: Verb.root, sequence: 2, node: 9n as NodeId, data: Buffer.from('/data') });
    send(link, 2, 3, Buffer.concat([encodeRecord(rootRecord), encodeRecord({ ...entry, sequence: 3 })]));
    await vi.waitFor(() => expect(refusal(link)?.code).toBe('failed'));
    expect(faults).toHaveLength(1);
    send(beside, 1, 2);
    await vi.waitFor(() => expect(acknowledged(beside)).toBe(2));
    tree.beforeChange = () => {};
    expect(welcomed(say({ next: 4 }))).toMatchObject({ resumes: true, applied: expect.any(Number) });
  });

  it('[TCM4] tells what has come and waits to be applied, and when that is over', async () => {
    const link = say();
    const queues = () => link.said(FrameType.condition).map((condition) => (condition as Condition).queue);
    expect(queues()).toEqual([{ operations: 0, bytes: 0, oldestMs: null }]);
    const rootRecord = record({ verb: Verb.root, sequence: 1, node: 9n as NodeId, data: Buffer.from('/data') });
    send(link, 1, 1, Buffer.from(encodeRecord(rootRecord)));
    await vi.waitFor(() => expect(acknowledged(link)).toBe(1));
    const [tree] = trees.all.values();
    if (tree === undefined) throw new Error('no replica was opened');
    tree.beforeChange = () => {
      throw new FileError('ENOSPC', 'openat');
    };
    const attributes = { ...rootRecord.attributes, mode: 0o100644, nlink: 1 };
    const place = { verb: Verb.create, parent: 9n as NodeId, attributes };
    const creates = [2, 3, 4].map((sequence) =>
      encodeRecord(
        record({
          ...place,
          sequence,
          node: BigInt(sequence) as NodeId,
          name: `f${sequence}` as RawName,
          // A record's time has nanoseconds, what is told of it whole milliseconds.
          timeMs: 1000 * sequence + 0.25,
        }),
      ),
    );
    const bytes = creates.reduce((sum, one) => sum + one.length, 0);
    send(link, 2, 4, Buffer.concat(creates));
    await vi.waitFor(() => expect(queues().at(-1)).toEqual({ operations: 3, bytes, oldestMs: 2000 }));
    for (const condition of link.said(FrameType.condition))
      expect(() => conditionSchema.parse(condition)).not.toThrow();
    tree.beforeChange = () => {};
    await vi.waitFor(() => expect(acknowledged(link)).toBe(4));
    await vi.waitFor(() => expect(queues().at(-1)).toEqual({ operations: 0, bytes: 0, oldestMs: null }), 5000);
    expect(queues().length).toBeLessThan(8);
  });

  it('[TCM5] [TCM1] what it had received and cannot read any more is named, and asked of the source again from there', async () => {
    const { link, tree, attributes } = await outOfSpace();
    const created = (sequence: number) => {
      const place = { parent: 9n as NodeId, name: `file ${sequence}` as RawName, node: BigInt(sequence) as NodeId };
      return Buffer.from(encodeRecord(record({ verb: Verb.create, sequence, attributes, ...place })));
    };
    const received = () => link.sent.filter(({ type }) => type === FrameType.acknowledge).at(-1)?.from;
    for (const sequence of [2, 3, 4]) send(link, sequence, sequence, created(sequence));
    await vi.waitFor(() => expect(received()).toBe(4));
    jobs.close();
    const folder = join(top, 'home', 'replicas', id, 'received');
    const [path = ''] = readdirSync(folder).map((name) => join(folder, name));
    const bytes = readFileSync(path);
    bytes.write('fool', bytes.indexOf('file 3'));
    writeFileSync(path, bytes);

    tree.beforeChange = () => {};
    jobs = make();
    const again = say({ next: 5 });
    expect(events).toContain('target-journal-damaged');
    expect(again.said(FrameType.welcome)).toMatchObject([{ resumes: true, received: 2, applied: 1 }]);
    for (const sequence of [3, 4]) send(again, sequence, sequence, created(sequence));
    await vi.waitFor(() => expect(acknowledged(again)).toBe(4));
    expect((tree.list(tree.root) ?? []).map(({ name }) => name).sort()).toEqual(['file 2', 'file 3', 'file 4']);
    expect(faults).toEqual([]);
  });

  it('[TCM6] a full target that is retrying says so, and lets nobody send, on a new link neither, until there is room', async () => {
    jobs.close();
    jobs = make({ journal: { memoryBytes: 1 << 20, folder: '', limits: { diskBytes: 64 * 1024, minFreeBytes: 0 } } });
    const { link, tree, attributes } = await outOfSpace();
    const create = { verb: Verb.create, parent: 9n as NodeId, node: 10n as NodeId, name: 'f' as RawName, attributes };
    send(link, 2, 2, Buffer.from(encodeRecord(record({ ...create, sequence: 2 }))));
    const flow = (of: FakeLink) => of.sent.map(({ type }) => type).filter((type) => FLOW.has(type));
    let last = 2;
    for (; flow(link).length === 0; last += 100) send(link, last + 1, last + 100);
    const conditions = (of: FakeLink) => of.said(FrameType.condition).map((said) => (said as Condition).state);
    await vi.waitFor(() => expect(conditions(link).at(-1)).toBe('retrying'));
    const second = say({ next: last + 1 });
    expect([flow(second), conditions(second)]).toEqual([[FrameType.pause], ['retrying']]);
    tree.beforeChange = () => {};
    await vi.waitFor(() => expect(flow(second)).toEqual([FrameType.pause, FrameType.resume]), 5000);
    expect(flow(say({ next: last + 1 }))).toEqual([]);
  });

  it('speaks only after a hello', () => {
    const link = new FakeLink();
    jobs.accept(link.as(), PEER);
    send(link, 1, 1);
    expect(link.closed?.end).toBe('protocol');
    const second = say();
    second.arriveJson(FrameType.condition, {});
    expect(second.closed?.end).toBe('protocol');
  });

  it('a damaged record is named, and left as it is', () => {
    say();
    jobs.close();
    const path = join(top, 'home', 'replicas', id, 'replica.json');
    writeFileSync(path, '{ "jobId"');
    expect(() => make()).toThrow(new RegExp(`${path} is damaged`));
    expect(readFileSync(path, 'utf8')).toBe('{ "jobId"');
  });
});

/** A replica whose root has another handle. */
function otherRoot(): MemoryReplica {
  const tree = new MemoryReplica();
  Object.defineProperty(tree, 'root', { value: '\x01other' as Handle });
  return tree;
}
