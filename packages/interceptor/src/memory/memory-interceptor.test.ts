import { bytesFromText, type RawName, rawFromText } from '@understudy/base';
import { decodeRecord, type OperationRecord, peekLength, RecordFlag, RenameFlag, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReferenceReplay } from '../conformance/reference-replay.ts';
import { imageDifferences, imageOf, imageOfSource } from '../conformance/tree-image.ts';
import { PAGE } from './content.ts';
import { FallocateMode } from './memory-contents.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import { MemoryInterceptor } from './memory-interceptor.ts';

const raw = (text: string): RawName => rawFromText(text);

function setUp(ringBytes?: number) {
  let ms = 1_000_000;
  const clock = {
    wallMs: () => {
      ms += 0.25;
      return ms;
    },
  };
  const tasks: (() => void)[] = [];
  const fs = new MemoryFileSystem(clock);
  const top = fs.mkdir(fs.root, raw('data'));
  const interceptor = new MemoryInterceptor({
    fs,
    clock,
    defer: (task) => tasks.push(task),
    ...(ringBytes === undefined ? {} : { ringBytes }),
  });
  const crank = () => {
    for (const task of tasks.splice(0)) task();
  };
  return { fs, top, interceptor, crank, tasks };
}

function drained(interceptor: MemoryInterceptor): OperationRecord[] {
  const records: OperationRecord[] = [];
  interceptor.drain((bytes) => {
    for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) {
      const r = decodeRecord(bytes, at);
      records.push({ ...r, data: r.data.slice() });
    }
  });
  return records;
}

const small = fc.nat(5);
const operation = fc.record({
  kind: fc.nat(18),
  a: small,
  b: small,
  at: fc.nat(3 * PAGE),
  length: fc.integer({ min: 1, max: 2 * PAGE }),
});

/** Directories `d0…` nest as renames bring it; names are few so that calls meet each other. */
function perform(
  fs: MemoryFileSystem,
  top: bigint,
  op: { kind: number; a: number; b: number; at: number; length: number },
) {
  const paths = everyPath(fs, top as never);
  const pick = (n: number) =>
    paths[n % paths.length] ?? { parent: top as never, name: raw('none'), node: top as never };
  const directories = [top as never, ...paths.filter((p) => fs.list(p.node) !== null).map((p) => p.node)];
  const one = pick(op.at);
  const directory = directories[op.a % directories.length] ?? (top as never);
  const name = raw(`n${op.b}`);
  const data = new Uint8Array(op.length).fill(op.at % 251);
  const calls: (() => void)[] = [
    () => fs.create(directory, name),
    () => fs.mkdir(directory, name, 0o2755),
    () => fs.symlink(directory, name, data.subarray(0, 20)),
    () => fs.mknod(directory, name, 0o010644),
    () => fs.link(one.node, directory, name),
    () => fs.unlink(one.parent, one.name),
    () => fs.rmdir(one.parent, one.name),
    () => fs.rename(one.parent, one.name, directory, name),
    () => fs.rename(one.parent, one.name, pick(op.length).parent, pick(op.length).name, RenameFlag.exchange),
    () => fs.write(one.node, op.at, data, { unprivileged: op.b === 0 }),
    () => fs.append(one.node, data),
    () => fs.truncate(one.node, op.at),
    () => fs.fallocate(one.node, [0, 1, 3, 16, 17][op.a] ?? 0, op.at, op.length),
    () => fs.fallocate(one.node, op.b % 2 === 0 ? FallocateMode.collapse : FallocateMode.insert, PAGE, PAGE),
    () => fs.chmod(one.node, 0o4711),
    () => fs.chown(one.node, op.a, op.b),
    () => fs.utimens(one.node, { sec: op.a, nsec: op.b }, { sec: op.at, nsec: 5 }),
    () => (op.b === 0 ? fs.removeXattr(one.node, raw('user.k')) : fs.setXattr(one.node, raw('user.k'), data)),
    () => fs.copyRange(pick(op.length).node, op.b, one.node, op.at, op.length),
  ];
  try {
    calls[op.kind]?.();
  } catch (error) {
    if ((error as Error).name !== 'FileError') throw error;
  }
}

function everyPath(fs: MemoryFileSystem, from: never): { parent: never; name: RawName; node: never }[] {
  const found: { parent: never; name: RawName; node: never }[] = [];
  for (const entry of fs.list(from) ?? [])
    found.push({ parent: from, name: entry.name, node: entry.node as never }, ...everyPath(fs, entry.node as never));
  return found;
}

describe('the memory driver', () => {
  it('[FSI1] random operations: the replay of all records equals the tree, times included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 60 }), async (operations) => {
        const { fs, top, interceptor } = setUp();
        fs.create(top, raw('before'));
        const root = await interceptor.protect(raw('/data'));
        const replay = new ReferenceReplay(root.files);
        for (const op of operations) perform(fs, top, op);
        interceptor.drain((bytes) => replay.applyBatch(bytes, root.id));
        expect(imageDifferences(imageOfSource(root.files), imageOf(replay), { atime: true })).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('[FSI1] an unnamed file gets its name by link, and one that is unlinked while open goes on being recorded', async () => {
    const { fs, top, interceptor } = setUp();
    const root = await interceptor.protect(raw('/data'));
    const replay = new ReferenceReplay(root.files);
    const unnamed = fs.tmpfile(top);
    fs.write(unnamed, 0, bytesFromText('hidden'));
    fs.link(unnamed, top, raw('shown'));
    fs.close(unnamed);
    fs.open(unnamed);
    fs.unlink(top, raw('shown'));
    fs.append(unnamed, bytesFromText(' still'));
    expect(fs.attributes(unnamed)?.nlink).toBe(0);
    fs.close(unnamed);
    expect(fs.attributes(unnamed)).toBeNull();
    interceptor.drain((bytes) => replay.applyBatch(bytes, root.id));
    expect([...replay.verbs.keys()]).toEqual([Verb.tmpfile, Verb.write, Verb.link, Verb.unlink]);
    expect(imageDifferences(imageOfSource(root.files), imageOf(replay), { atime: true })).toEqual([]);
  });

  it('an inode number comes back with another generation, so that an identity is never reused', () => {
    const { fs, top } = setUp();
    const first = fs.create(top, raw('a'));
    fs.unlink(top, raw('a'));
    const second = fs.create(top, raw('a'));
    expect(second & 0xffff_ffffn).toBe(first & 0xffff_ffffn);
    expect(second).not.toBe(first);
  });

  it('[FSI2] one sequence runs over all protected directories', async () => {
    const { fs, top, interceptor } = setUp();
    const other = fs.mkdir(fs.root, raw('other'));
    const a = await interceptor.protect(raw('/data'));
    const b = await interceptor.protect(raw('/other'));
    for (let i = 0; i < 3; i += 1) {
      fs.create(top, raw(`f${i}`));
      fs.create(other, raw(`f${i}`));
    }
    const records = drained(interceptor);
    expect(records.map((r) => r.root)).toEqual([a.id, b.id, a.id, b.id, a.id, b.id]);
    expect(records.map((r) => r.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('[SRM2] a full ring notes the nodes of what it lost, behind what it kept, and goes on afterwards', async () => {
    const { fs, top, interceptor } = setUp(1024);
    const root = await interceptor.protect(raw('/data'));
    const events: string[] = [];
    interceptor.onEvent((event) => events.push(event.kind));
    const kept = fs.create(top, raw('kept'));
    const lost = fs.create(top, raw('lost'), 0o600);
    fs.write(lost, 0, new Uint8Array(2000));
    fs.write(kept, 0, new Uint8Array(10));
    const records = drained(interceptor);
    expect(records.slice(0, 2).map((r) => r.verb)).toEqual([Verb.create, Verb.create]);
    expect(records.slice(2).map((r) => [r.verb, r.root, r.node])).toEqual([
      [Verb.dirty, root.id, lost],
      [Verb.dirty, root.id, kept],
    ]);
    expect(events).toEqual(['overflow']);
    expect(interceptor.status().dirtyNotes).toBe(2);
    fs.chmod(kept, 0o600);
    expect(drained(interceptor).map((r) => [r.verb, r.sequence])).toEqual([[Verb.setattr, 5]]);
  });

  it('[FSI6] too many notes become one gap over the root', async () => {
    const { fs, top, interceptor } = setUp(200);
    await interceptor.protect(raw('/data'));
    for (let i = 0; i < 5000; i += 1) fs.create(top, raw(`f${i}`));
    const verbs = drained(interceptor).map((r) => r.verb);
    expect(verbs.at(-1)).toBe(Verb.gap);
    expect(verbs.length).toBeLessThan(10);
  });

  it('a barrier is passed when the calls before it are in the ring, not before', async () => {
    const { fs, top, interceptor } = setUp();
    await interceptor.protect(raw('/data'));
    const resume = interceptor.pauseRecording();
    fs.create(top, raw('visible'));
    const barrier = interceptor.barrier();
    expect(interceptor.passed(barrier)).toBe(false);
    expect(drained(interceptor)).toEqual([]);
    resume();
    expect(interceptor.passed(barrier)).toBe(true);
    expect(drained(interceptor)).toHaveLength(1);
  });

  it('tells that the ring may be read by a deferred call, once until it has run', async () => {
    const { fs, top, interceptor, crank, tasks } = setUp();
    await interceptor.protect(raw('/data'));
    let told = 0;
    interceptor.onReadable(() => {
      told += 1;
    });
    fs.create(top, raw('a'));
    fs.create(top, raw('b'));
    expect([told, tasks.length]).toEqual([0, 1]);
    crank();
    expect(told).toBe(1);
    drained(interceptor);
    fs.create(top, raw('c'));
    crank();
    expect(told).toBe(2);
  });

  it('hears of a file that is as it was at a power cut, and of which only an older name is left', async () => {
    const { fs, top, interceptor } = setUp();
    const file = fs.create(top, raw('kept'));
    const gone = fs.mkdir(top, raw('gone'));
    fs.link(file, gone, raw('newer'));
    fs.unlink(gone, raw('newer'));
    fs.rmdir(top, raw('gone'));
    fs.snapshot()();
    await interceptor.protect(raw('/data'));
    fs.chmod(file, 0o600);
    expect(drained(interceptor).map((r) => [r.verb, r.node])).toEqual([[Verb.setattr, file]]);
  });

  it('keeps the protected directory as a mount does: no rename across, none of itself', async () => {
    const { fs, top, interceptor } = setUp();
    const outside = fs.create(fs.root, raw('outside'));
    fs.create(top, raw('inside'));
    const root = await interceptor.protect(raw('/data'));
    expect(() => fs.rename(top, raw('inside'), fs.root, raw('x'))).toThrow('EXDEV');
    expect(() => fs.link(outside, top, raw('x'))).toThrow('EXDEV');
    expect(() => fs.rename(fs.root, raw('data'), fs.root, raw('x'))).toThrow('EBUSY');
    await interceptor.release(root.id);
    fs.rename(top, raw('inside'), fs.root, raw('x'));
    expect(drained(interceptor)).toEqual([]);
  });

  it('clears setuid for a writer without privilege and says so; a copy of its bytes is recorded', async () => {
    const { fs, top, interceptor } = setUp();
    const file = fs.create(top, raw('tool'), 0o4755);
    await interceptor.protect(raw('/data'));
    const bytes = bytesFromText('abc');
    fs.write(file, 0, bytes, { unprivileged: true });
    bytes.fill(0);
    const [first] = drained(interceptor);
    expect(first?.flags).toBe(RecordFlag.modeChanged);
    expect((first?.attributes.mode ?? 0) & 0o7777).toBe(0o755);
    expect(first?.data).toEqual(bytesFromText('abc'));
  });
});
