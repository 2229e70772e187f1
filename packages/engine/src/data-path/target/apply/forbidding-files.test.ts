/** A hostile source against a target, or a job, that forbids device nodes and setuid: each is refused by name, and all else goes on. */
import { brand, type RawName } from '@understudy/base';
import { encodeXattrs, RecordFlag, type RecordInput, SetAttribute, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { attributes, beginWith, bytesOf, FILE, FOLDER, id, ROOT, raw, rig, said } from '../testing/hostile-source.ts';
import { forbiddingFiles } from './forbidding-files.ts';

const [CHARACTER, BLOCK, FIFO, SOCKET] = [0o020666, 0o060660, 0o010644, 0o140755];
const [SETUID, SETGID] = [0o104755, 0o102755];
const CAPABILITY = raw('security.capability');
const none = { devices: false, setuid: false };

const made = (verb: RecordInput['verb'], name: string, mode: number, over = {}): RecordInput => ({
  verb,
  node: id(50),
  parent: id(1),
  name: raw(name),
  attributes: attributes(mode),
  ...over,
});
const entry = (name: string, mode: number): RecordInput =>
  made(Verb.entry, name, mode, { flags: RecordFlag.contentFollows });
const chmod = (node: number, mode: number): RecordInput => ({
  verb: Verb.setattr,
  node: id(node),
  detail: SetAttribute.mode,
  attributes: attributes(mode),
});
const find = (name: string) => {
  const { replica } = rig;
  const folder = replica.entry(replica.root, brand<RawName>('folder'));
  return folder === null ? null : replica.entry(folder.handle, brand<RawName>(name));
};

describe('[TRM4] without a ban', () => {
  it('the files pass as they are', () => {
    beginWith((files) => {
      expect(forbiddingFiles(files, none)).toBe(files);
      return files;
    });
    expect(said(made(Verb.mknod, 'null', CHARACTER), made(Verb.create, 'su', SETUID, { node: id(51) }))).toEqual([]);
    expect([find('null')?.attributes.mode, find('su')?.attributes.mode]).toEqual([CHARACTER, SETUID]);
  });
});

describe('[TRM1] where device nodes are forbidden', () => {
  beforeEach(() => beginWith((files) => forbiddingFiles(files, { ...none, devices: true })));

  it.each([
    ['mknod of a character device', made(Verb.mknod, 'x', CHARACTER)],
    ['mknod of a block device', made(Verb.mknod, 'x', BLOCK)],
    ['a mirror that brings one', entry('x', BLOCK)],
    ['a create that is none', made(Verb.create, 'x', CHARACTER)],
  ])('%s is refused by name and the source is told', (_, input) => {
    expect(said(input)).toEqual(['EPERM']);
    expect(find('x')).toBeNull();
    expect(rig.events.at(-1)).toMatchObject({
      kind: 'failed',
      sentence: expect.stringContaining('device nodes are refused in this replica'),
    });
  });

  it('FIFOs, sockets and setuid files are made, and what follows a refused node is applied', () => {
    const after = made(Verb.create, 'after', SETUID, { node: id(52) });
    expect(said(made(Verb.mknod, 'x', BLOCK), made(Verb.mknod, 'pipe', FIFO, { node: id(51) }), after)).toEqual([
      'EPERM',
    ]);
    expect(said(made(Verb.mknod, 'talk', SOCKET, { node: id(53) }))).toEqual([]);
    expect(['pipe', 'after', 'talk'].map((name) => find(name)?.attributes.mode)).toEqual([FIFO, SETUID, SOCKET]);
  });
});

describe('[TRM1] where setuid is forbidden', () => {
  beforeEach(() => beginWith((files) => forbiddingFiles(files, { ...none, setuid: true })));

  it.each([
    ['create', made(Verb.create, 'x', SETUID)],
    ['create with setgid', made(Verb.create, 'x', SETGID)],
    ['mknod', made(Verb.mknod, 'x', FIFO | 0o4000)],
    ['a mirror that brings one', entry('x', SETUID)],
    ['a file without a name', made(Verb.tmpfile, '', SETUID)],
  ])('%s is refused by name', (_, input) => {
    expect(said(input)).toEqual(['EPERM']);
    expect(find('x')).toBeNull();
    expect(rig.events.at(-1)?.sentence).toContain('setuid, setgid and file capabilities are refused');
  });

  it('a chmod is refused and the file goes on as it was', () => {
    expect(said(chmod(3, SETUID), { verb: Verb.write, node: id(3), data: bytesOf('more') })).toEqual(['EPERM']);
    expect(find('file')?.attributes).toMatchObject({ mode: FILE, size: 4 });
  });

  it('capabilities are refused, one by one and in a set; other attributes are not', () => {
    expect(said({ verb: Verb.setxattr, node: id(3), name: CAPABILITY, data: bytesOf('\x01') })).toEqual(['EPERM']);
    const set = encodeXattrs([[CAPABILITY, bytesOf('\x01')]]);
    expect(said({ verb: Verb.xattrs, node: id(3), data: set })).toEqual(['EPERM']);
    expect(said({ verb: Verb.setxattr, node: id(3), name: raw('user.a'), data: bytesOf('b') })).toEqual([]);
    const file = find('file');
    expect(file === null ? null : rig.replica.xattrs(file.handle)?.map(([name]) => name)).toEqual(['user.a']);
  });

  it('a file that had the bits before it was taken over gets no content', () => {
    const { replica } = rig;
    const folder = replica.entry(replica.root, brand<RawName>('folder'));
    if (folder === null) throw new Error('there is no folder');
    const su = replica.createFile(folder.handle, brand<RawName>('su'), attributes(SETUID));
    replica.write(su, 0, bytesOf('true'));
    expect(said(entry('su', SETUID))).toEqual([]);
    const changes: RecordInput[] = [
      { verb: Verb.write, node: id(50), data: bytesOf('evil') },
      { verb: Verb.block, node: id(50), extent: 4, data: bytesOf('evil') },
      { verb: Verb.truncate, node: id(50), extent: 0 },
      { verb: Verb.fallocate, node: id(50), extent: 9000 },
    ];
    for (const change of changes) expect(said(change)).toEqual(['EPERM']);
    expect(replica.read(su, 0, 10)).toEqual(bytesOf('true'));
  });

  it('a folder keeps its setgid, and a device may be there', () => {
    const folder = made(Verb.mkdir, 'shared', FOLDER | 0o2000);
    expect(said(folder, made(Verb.mknod, 'null', CHARACTER, { node: id(51) }), chmod(1, FOLDER | 0o3000))).toEqual([]);
    expect([find('shared')?.attributes.mode, find('null')?.attributes.mode]).toEqual([FOLDER | 0o2000, CHARACTER]);
    expect(ROOT).toBeDefined();
  });
});
