/**
 * A source that is paired and means harm, against a real job on a real file system: what it says is applied beneath the replica's root,
 * or fails by name, and a tree beside the root stays as it is to the last bit of its metadata.
 */
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import {
  encodeRecord,
  FrameType,
  type NodeId,
  position,
  type RecordInput,
  type Reply,
  record,
  Verb,
} from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeLink } from '../testing/fake-link.ts';
import { TargetJobs } from './target-jobs.ts';

const privileged = process.platform === 'linux' && process.geteuid?.() === 0;
if (!privileged) console.warn('the tests of a hostile source are skipped: they need Linux and root');

const PEER = 'a'.repeat(64);
const FILE = 0o100644;
const FOLDER = 0o040755;
const LINK = 0o120777;
const id = (value: number): NodeId => brand<NodeId>(BigInt(value));
const raw = (text: string): RawName => brand<RawName>(text);
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const attributes = (mode: number, over: object = {}) => ({
  ...record({ verb: 1 }).attributes,
  mode,
  nlink: 1,
  ...over,
});
const ROOT = id(9);

/** Everything that can be seen of a tree, times of change of the metadata included; reading is no change. */
function picture(folder: string): string[] {
  const lines: string[] = [];
  const visit = (path: string): void => {
    const s = lstatSync(path, { bigint: true });
    const kind = s.isDirectory()
      ? 'd'
      : s.isSymbolicLink()
        ? readlinkSync(path)
        : s.isFile()
          ? readFileSync(path, 'hex')
          : '';
    lines.push([path, s.ino, s.mode, s.uid, s.gid, s.nlink, s.size, s.mtimeNs, s.ctimeNs, kind].join(' '));
    if (s.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
  };
  visit(folder);
  return lines;
}

describe.skipIf(!privileged)('[TRM1] a hostile source', () => {
  let top: string;
  let outside: string;
  let before: string[];
  let jobs: TargetJobs;
  let link: FakeLink;
  let next: number;
  let faults: unknown[];
  const jobId = randomUUID();
  const replica = (...names: string[]): string => join(top, 'replicas', 'data', ...names);

  const hello = () => ({
    version: '1',
    jobId,
    jobName: 'files',
    streamId: '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11',
    epoch: 1,
    oldest: 1,
    next,
    applied: 0,
    intent: 'replicate',
    targetWrites: 'allow',
    machine: 'elsewhere',
    replicaBase: Buffer.from(join(top, 'replicas')).toString('base64'),
    roots: [{ path: Buffer.from('/data').toString('base64'), node: '9' }],
  });

  /** Applied, and what failed by name; the job goes on. */
  async function said(...inputs: RecordInput[]): Promise<string[]> {
    const told = link.said(FrameType.replies).length;
    const records = inputs.map((input, i) => encodeRecord(record({ sequence: next + i, ...input })));
    const last = next + inputs.length - 1;
    const header = { type: FrameType.operations, from: position(next), to: position(last), records: inputs.length };
    link.arrive({ ...header, epoch: 1, origin: 0 }, Buffer.concat(records));
    next = last + 1;
    await vi.waitFor(() => {
      expect(link.closed).toBeNull();
      expect(link.sent.filter(({ type }) => type === FrameType.acknowledge).at(-1)?.to).toBe(last);
    });
    const replies = link.said(FrameType.replies).slice(told).flat() as Reply[];
    return replies.flatMap((reply) => (reply.kind === 'failed' ? [reply.errno] : []));
  }

  beforeEach(async () => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-hostile-')));
    outside = join(top, 'replicas', 'outside');
    mkdirSync(join(outside, 'folder'), { recursive: true });
    writeFileSync(join(outside, 'secret'), 'secret', { mode: 0o600 });
    writeFileSync(join(outside, 'folder', 'file'), 'file');
    symlinkSync('secret', join(outside, 'link'));
    before = picture(outside);
    faults = [];
    next = 1;
    const surroundings = { version: '1', home: join(top, 'home'), machine: 'here', bootId: 'boot', event: () => {} };
    jobs = new TargetJobs({ ...surroundings, fault: (error) => faults.push(error) });
    link = new FakeLink();
    jobs.accept(link.as(), PEER);
    link.arriveJson(FrameType.hello, hello());
    expect(link.said(FrameType.refuse)).toEqual([]);
    const root = { node: ROOT, data: text('/data'), attributes: attributes(FOLDER) };
    await said(
      { verb: Verb.root, ...root },
      { verb: Verb.mkdir, node: id(1), parent: ROOT, name: raw('folder'), attributes: attributes(FOLDER) },
      { verb: Verb.create, node: id(2), parent: id(1), name: raw('file'), attributes: attributes(FILE) },
    );
  });

  afterEach(() => {
    const after = existsSync(outside) ? picture(outside) : [];
    jobs.close();
    rmSync(top, { recursive: true, force: true });
    expect(after).toEqual(before);
    expect(faults).toEqual([]);
  });

  it('does not get through a link that it has made itself', async () => {
    const made = (node: number, name: string, to: string): RecordInput => ({
      verb: Verb.symlink,
      node: id(node),
      parent: ROOT,
      name: raw(name),
      data: text(to),
      attributes: attributes(LINK),
    });
    const links = [made(20, 'up', '../outside'), made(21, 'all', outside), made(22, 'one', '../outside/secret')];
    expect(await said(...links)).toEqual([]);
    for (const node of [20, 21, 22].map(id)) {
      const through = { parent: node, name: raw('folder'), attributes: attributes(FOLDER) };
      const failures = await said(
        { verb: Verb.create, node: id(30), parent: node, name: raw('new'), attributes: attributes(FILE) },
        { verb: Verb.mkdir, node: id(31), ...through, name: raw('new') },
        { verb: Verb.link, node: id(2), parent: node, name: raw('new'), attributes: attributes(FILE) },
        { verb: Verb.rename, node: id(2), parent: id(1), name: raw('file'), parent2: node, name2: raw('secret') },
        { verb: Verb.write, node, data: text('overwritten') },
        { verb: Verb.truncate, node, extent: 0 },
        { verb: Verb.block, node, extent: 3, data: text('abc') },
        { verb: Verb.listingBegin, parent: node },
      );
      // The rename is told for both directories.
      expect(failures).toHaveLength(9);
      await said(
        { verb: Verb.setattr, node, detail: 31, attributes: attributes(FILE, { uid: 77, gid: 77, mtimeSec: 5 }) },
        { verb: Verb.setxattr, node, name: raw('trusted.x'), data: text('x') },
        { verb: Verb.unlink, node: id(40), parent: node, name: raw('secret') },
        { verb: Verb.rmdir, node: id(41), ...through },
        { verb: Verb.detach, ...through, node: id(0), detail: 2, offset: 5 },
        { verb: Verb.entry, node: id(42), ...through },
        { verb: Verb.settle, node, attributes: attributes(FILE) },
      );
    }
    expect(readlinkSync(replica('all'))).toBe(outside);
  });

  it('does not get through a link that somebody has put in the place of a file or a folder', async () => {
    renameSync(replica('folder'), replica('was-folder'));
    symlinkSync(outside, replica('folder'));
    rmSync(replica('was-folder', 'file'));
    symlinkSync(join(outside, 'secret'), replica('was-folder', 'file'));
    const file = { node: id(2), parent: id(1), name: raw('file'), attributes: attributes(FILE) };
    expect(await said({ verb: Verb.write, ...file, data: text('over') })).toEqual(['ESTALE']);
    await said(
      { verb: Verb.create, node: id(50), parent: id(1), name: raw('secret'), attributes: attributes(FILE) },
      { verb: Verb.entry, ...file },
      { verb: Verb.settle, ...file },
      { verb: Verb.mkdir, node: id(51), parent: ROOT, name: raw('folder'), attributes: attributes(FOLDER) },
      { verb: Verb.create, node: id(52), parent: id(51), name: raw('secret'), attributes: attributes(0o100777) },
      { verb: Verb.unlink, node: id(52), parent: id(51), name: raw('secret'), victimNlink: 0 },
      { verb: Verb.listingBegin, parent: ROOT },
      { verb: Verb.listingEnd, parent: ROOT, node: ROOT, attributes: attributes(FOLDER), detail: 2, offset: 1 },
      { verb: Verb.mirrorEnd },
    );
    expect(lstatSync(replica()).isDirectory()).toBe(true);
  });

  it('[TRM4] makes devices and setuid files as they are on the source', async () => {
    const device = attributes(0o020666, { rdev: 0x103 });
    const setuid = attributes(0o104755, { uid: 0 });
    const made = [
      { verb: Verb.mknod, node: id(60), parent: ROOT, name: raw('null'), attributes: device },
      { verb: Verb.create, node: id(61), parent: ROOT, name: raw('su'), attributes: setuid },
    ];
    expect(await said(...made)).toEqual([]);
    expect(lstatSync(replica('null')).isCharacterDevice()).toBe(true);
    expect(lstatSync(replica('su')).mode).toBe(0o104755);
    // Bytes meant for a file do not go to a device.
    expect(await said({ verb: Verb.write, node: id(60), data: text('x') })).toEqual(['EINVAL']);
  });

  it('fails by name at what no file system can do, and the stream goes on', async () => {
    const file = { node: id(2), attributes: attributes(FILE) };
    const place = { parent: ROOT, name: raw('odd') };
    const absurd: RecordInput[] = [
      { verb: Verb.write, ...file, offset: Number.MAX_SAFE_INTEGER - 1, extent: 1, data: text('x') },
      { verb: Verb.truncate, ...file, extent: Number.MAX_SAFE_INTEGER },
      { verb: Verb.fallocate, ...file, detail: 0xffff_ffff, extent: 5 },
      { verb: Verb.fallocate, ...file, extent: Number.MAX_SAFE_INTEGER },
      { verb: Verb.settle, node: id(2), attributes: attributes(FILE, { size: 2 ** 63 }) },
      { verb: Verb.settle, node: id(2), attributes: attributes(FILE, { size: 2 ** 64 - 2048 }) },
      { verb: Verb.setxattr, ...file, name: raw(''), data: text('x') },
      { verb: Verb.setxattr, ...file, name: raw('user.\0x'), data: text('x') },
      { verb: Verb.setxattr, ...file, name: raw('x'.repeat(60_000)), data: text('x') },
      { verb: Verb.setxattr, ...file, name: raw('user.big'), data: new Uint8Array(70_000) },
      { verb: Verb.symlink, node: id(70), ...place, data: text(''), attributes: attributes(LINK) },
      { verb: Verb.symlink, node: id(70), ...place, data: text('a\0b'), attributes: attributes(LINK) },
      { verb: Verb.symlink, node: id(70), ...place, data: new Uint8Array(9000).fill(97), attributes: attributes(LINK) },
      { verb: Verb.mknod, node: id(70), ...place, attributes: attributes(0o170000) },
      { verb: Verb.rename, node: id(1), parent: ROOT, name: raw('folder'), parent2: id(1), name2: raw('loop') },
      { verb: Verb.root, root: 7, node: ROOT, data: text('/data'), attributes: attributes(FOLDER) },
      { verb: Verb.root, root: 0, node: ROOT, data: text('/etc'), attributes: attributes(FOLDER) },
      { verb: Verb.root, root: 0, node: ROOT, data: text('../outside'), attributes: attributes(FOLDER) },
    ];
    const code = expect.stringMatching(/^E/);
    for (const one of absurd) {
      const told = one.verb === Verb.rename ? [code, code] : [code];
      expect([one.verb, await said(one)]).toEqual([one.verb, told]);
    }
    const odd = { mode: 0o020600, rdev: 2 ** 63, mtimeSec: -(2 ** 52), mtimeNsec: 4_000_000_000 };
    await said({ verb: Verb.mknod, node: id(71), ...place, attributes: attributes(0o020600, odd) });
    await said({ verb: Verb.setattr, ...file, detail: 31, attributes: attributes(FILE, { ...odd, uid: 2 ** 32 - 1 }) });
    expect(await said({ verb: Verb.marker })).toEqual([]);
    expect(readdirSync(join(top, 'replicas')).sort()).toEqual([`.understudy-${jobId}`, 'data', 'outside']);
  });

  it.each([
    ['the target', {}, { devices: true, setuid: true }],
    ['the job', { refuses: { devices: true, setuid: true } }, { devices: false, setuid: false }],
  ])('gets no device node and no setuid file in where %s forbids them', async (_, asked, forbidden) => {
    jobs.close();
    const told: string[] = [];
    const surroundings = { version: '1', home: join(top, 'home'), machine: 'here', bootId: 'boot' };
    jobs = new TargetJobs({
      ...surroundings,
      replicas: { allow: [], forbidden },
      event: ({ sentence }) => told.push(sentence),
      fault: (error) => faults.push(error),
    });
    link = new FakeLink();
    jobs.accept(link.as(), PEER);
    link.arriveJson(FrameType.hello, { ...hello(), ...asked });
    const at = (node: number, name: string) => ({ node: id(node), parent: ROOT, name: raw(name) });
    const device = { ...at(80, 'null'), attributes: attributes(0o020666, { rdev: 0x103 }) };
    const failures = await said(
      { verb: Verb.mknod, ...device },
      { verb: Verb.entry, ...device },
      { verb: Verb.create, ...at(81, 'su'), attributes: attributes(0o104755) },
      { verb: Verb.setattr, node: id(2), detail: 1, attributes: attributes(0o104755) },
      { verb: Verb.mknod, ...at(82, 'pipe'), attributes: attributes(0o010644) },
    );
    expect(failures).toEqual(['EPERM', 'EPERM', 'EPERM', 'EPERM']);
    expect(readdirSync(replica()).sort()).toEqual(['folder', 'pipe']);
    expect(lstatSync(replica('folder', 'file')).mode).toBe(FILE);
    for (const words of ['device nodes are refused', 'setuid, setgid and file capabilities are refused'])
      expect(told.filter((sentence) => sentence.includes(words))).toHaveLength(2);
  });

  it('is refused a replica outside of what this server allows', () => {
    const allowing = new TargetJobs({
      ...{ version: '1', home: join(top, 'home2'), machine: 'here', bootId: 'boot', event: () => {} },
      replicas: { allow: [raw(join(top, 'replicas', 'allowed'))], forbidden: { devices: false, setuid: false } },
      fault: (error) => faults.push(error),
    });
    const stranger = new FakeLink();
    allowing.accept(stranger.as(), PEER);
    for (const intent of ['probe', 'replicate']) {
      const one = new FakeLink();
      allowing.accept(one.as(), PEER);
      one.arriveJson(FrameType.hello, { ...hello(), intent });
      expect(one.said(FrameType.refuse)).toMatchObject([
        { code: 'replica-path-invalid', sentence: expect.stringContaining('replicas.allow') },
      ]);
    }
    allowing.close();
  });

  it('is refused a replica where jobs keep things aside', () => {
    const stranger = new FakeLink();
    jobs.accept(stranger.as(), PEER);
    const base = join(top, 'replicas', `.understudy-${jobId}`);
    const other = { ...hello(), jobId: randomUUID(), replicaBase: Buffer.from(base).toString('base64') };
    stranger.arriveJson(FrameType.hello, other);
    expect(stranger.said(FrameType.refuse)).toMatchObject([{ code: 'replica-path-invalid' }]);
  });

  it('is not led elsewhere by a link in the place of what is kept aside', () => {
    jobs.close();
    const kept = join(top, 'replicas', `.understudy-${jobId}`);
    rmSync(kept, { recursive: true, force: true });
    symlinkSync(outside, kept);
    const again = new FakeLink();
    jobs.accept(again.as(), PEER);
    again.arriveJson(FrameType.hello, hello());
    expect(again.said(FrameType.welcome)).toEqual([]);
    expect(again.said(FrameType.refuse)).toHaveLength(1);
  });
});
