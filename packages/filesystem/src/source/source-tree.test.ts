import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import { must, type RawName } from '@understudy/base';
import { FileError, type SourceFiles } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSystemOf, openSourceTree } from '../index.ts';
import { bytesOf, cannotRun, plantNode, raw, scratchFolder } from '../testing/scratch.ts';

const onExt4 = fileSystemOf(raw(os.tmpdir())).type === 'ext4';
if (!onExt4) console.warn(`node numbers of ext4 are not tested: ${os.tmpdir()} is another file system`);
const NOWHERE = 0x7654_3210_0000_0001n as NodeId;

describe.skipIf(cannotRun() !== null)('a source read by node', () => {
  let folder: { readonly path: RawName; remove(): void };
  let from: RawName;
  let source: SourceFiles;

  beforeEach(() => {
    folder = scratchFolder();
    from = raw(`${folder.path}/source`);
    fs.mkdirSync(from);
    source = openSourceTree({ rootPath: from });
  });

  afterEach(() => {
    source.close();
    folder.remove();
  });

  const nodeOf = (name: string, parent = source.rootNode): NodeId =>
    must(source.entry(parent, raw(name)), `${name} is there`).node;

  it.skipIf(!onExt4)('numbers nodes on ext4 by inode and generation', () => {
    fs.writeFileSync(`${from}/f`, '');
    expect(nodeOf('f') & 0xffff_ffffn).toBe(fs.statSync(`${from}/f`, { bigint: true }).ino);
    const first = nodeOf('f');
    fs.unlinkSync(`${from}/f`);
    fs.writeFileSync(`${from}/f`, '');
    expect(nodeOf('f')).not.toBe(first);
    expect(source.stat(first)).toBeNull();
  });

  it('[SRM3] tells when a file was made and when anything of it changed, whatever its own times say', () => {
    fs.writeFileSync(`${from}/f`, '');
    const node = nodeOf('f');
    const before = must(source.ages(node), 'it is there');
    fs.utimesSync(`${from}/f`, 1, 1);
    const { birthtimeMs, ctimeMs } = fs.statSync(`${from}/f`);
    const after = must(source.ages(node), 'it is there');
    expect(after.changedMs).toBeCloseTo(ctimeMs, 2);
    expect(after.changedMs).toBeGreaterThanOrEqual(before.changedMs);
    if (after.bornMs !== null) expect(after.bornMs).toBeCloseTo(birthtimeMs, 2);
    fs.unlinkSync(`${from}/f`);
    expect(source.ages(node)).toBeNull();
  });

  it('lists in pieces, leaving out what vanishes meanwhile', () => {
    for (let i = 0; i < 3000; i += 1) fs.writeFileSync(`${from}/file-with-a-long-name-${i}`, '');
    const directory = must(source.openDirectory(source.rootNode), 'the root is there');
    const first = directory.next(10);
    expect(first).toHaveLength(10);
    for (let i = 1; i < 3000; i += 2) fs.unlinkSync(`${from}/file-with-a-long-name-${i}`);
    const seen = new Set(first.map((entry) => entry.name));
    for (let entries = directory.next(500); entries.length > 0; entries = directory.next(500))
      for (const entry of entries) {
        expect(seen.has(entry.name)).toBe(false);
        expect(fs.existsSync(`${from}/${entry.name}`)).toBe(true);
        seen.add(entry.name);
      }
    for (let i = 0; i < 3000; i += 2) expect(seen.has(raw(`file-with-a-long-name-${i}`))).toBe(true);
    directory.close();
    directory.close();
  });

  it('a rename never loses the way, and the path follows', () => {
    fs.mkdirSync(`${from}/a/b`, { recursive: true });
    fs.writeFileSync(`${from}/a/b/f`, 'content');
    const b = nodeOf('b', nodeOf('a'));
    const f = nodeOf('f', b);
    fs.renameSync(`${from}/a`, `${from}/\xe4`);
    expect(source.pathOf(b)).toBe(`${from}/\xc3\xa4/b`);
    fs.renameSync(`${from}/\xe4/b/f`, `${from}/g`);
    const file = must(source.open(f), 'the file is there');
    const bytes = new Uint8Array(20);
    expect(Buffer.from(bytes.subarray(0, file.read(3, bytes))).toString()).toBe('tent');
    expect([file.size(), file.read(100, bytes)]).toEqual([7, 0]);
    file.close();
    expect(source.pathOf(f)).toBe(`${from}/g`);
    fs.renameSync(`${from}/\xe4/b`, `${folder.path}/left`);
    expect(source.pathOf(b)).toBeNull();
    expect(source.pathOf(source.rootNode)).toBe(from);
  });

  it('tells a name that ends in " (deleted)" from a deleted one', () => {
    fs.writeFileSync(`${from}/f (deleted)`, '');
    fs.writeFileSync(`${from}/g`, '');
    const [f, g] = [nodeOf('f (deleted)'), nodeOf('g')];
    const fd = fs.openSync(`${from}/g`, 'r');
    fs.unlinkSync(`${from}/g`);
    expect([source.pathOf(f), source.pathOf(g)]).toEqual([`${from}/f (deleted)`, null]);
    expect(source.stat(g)?.nlink).toBe(0);
    fs.closeSync(fd);
    expect(source.stat(g)).toBeNull();
  });

  it('what is gone is null, what is something else is an error', () => {
    fs.symlinkSync(bytesOf('\xff/target'), `${from}/link`);
    plantNode(`${from}/fifo`, 0o010600);
    fs.writeFileSync(`${from}/file`, '');
    const [link, fifo, file] = [nodeOf('link'), nodeOf('fifo'), nodeOf('file')];
    expect(Buffer.from(must(source.readLink(link), 'it is there')).toString('latin1')).toBe('\xff/target');
    for (const act of [
      () => source.open(fifo),
      () => source.open(link),
      () => source.open(source.rootNode),
      () => source.readLink(file),
    ])
      expect(act).toThrow(/EINVAL/);
    expect([source.openDirectory(file), source.entry(file, raw('x'))]).toEqual([null, null]);
    expect(source.entry(source.rootNode, raw('none'))).toBeNull();
    expect(() => source.entry(source.rootNode, raw('a/b'))).toThrow(FileError);
    for (const gone of [
      source.stat(NOWHERE),
      source.open(NOWHERE),
      source.openDirectory(NOWHERE),
      source.xattrs(NOWHERE),
    ])
      expect(gone).toBeNull();
    expect([source.readLink(NOWHERE), source.pathOf(NOWHERE), source.entry(NOWHERE, raw('x'))]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('a directory that was looked into and then removed is gone', () => {
    fs.mkdirSync(`${from}/dir`);
    const dir = nodeOf('dir');
    expect(source.entry(dir, raw('x'))).toBeNull();
    fs.rmdirSync(`${from}/dir`);
    expect([source.stat(dir), source.pathOf(dir), source.xattrs(dir)]).toEqual([null, null, null]);
    expect([source.entry(dir, raw('x')), source.openDirectory(dir)]).toEqual([null, null]);
  });

  it('a directory that is removed while it is listed has no more names, and is no directory that cannot be read', () => {
    fs.mkdirSync(`${from}/dir`);
    const listing = must(source.openDirectory(nodeOf('dir')), 'the directory is there');
    fs.rmdirSync(`${from}/dir`);
    expect([listing.next(10), listing.takeUnreadable()]).toEqual([[], []]);
    listing.close();
  });

  it('finds data between holes', () => {
    const fd = fs.openSync(`${from}/f`, 'w');
    fs.writeSync(fd, Buffer.alloc(4096, 1), 0, 4096, 1 << 20);
    fs.ftruncateSync(fd, 2 << 20);
    fs.closeSync(fd);
    const file = must(source.open(nodeOf('f')), 'the file is there');
    const data = must(file.dataAfter(0), 'there is data');
    expect(data.start).toBeLessThanOrEqual(1 << 20);
    expect(data.end).toBeGreaterThanOrEqual((1 << 20) + 4096);
    expect([file.dataAfter(data.end), file.dataAfter(2 << 20), file.dataAfter(1 << 30)]).toEqual([null, null, null]);
    file.willNeed(0, 1 << 20);
    file.close();
  });

  it('reads beneath a directory descriptor of others, under the name they say', () => {
    fs.mkdirSync(`${from}/d`);
    const fd = fs.openSync(from, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    const beneath = openSourceTree({ rootFd: fd, path: raw('/public/name') });
    fs.closeSync(fd);
    expect(beneath.rootNode).toBe(source.rootNode);
    expect(beneath.pathOf(must(beneath.entry(beneath.rootNode, raw('d')), 'it is there').node)).toBe('/public/name/d');
    beneath.close();
  });

  it('does not see what is mounted within', () => {
    fs.mkdirSync(`${from}/mounted`);
    fs.writeFileSync(`${from}/mounted/below`, '');
    execFileSync('mount', ['-t', 'tmpfs', 'none', `${from}/mounted`]);
    try {
      const names = source
        .openDirectory(nodeOf('mounted'))
        ?.next(10)
        .map((entry) => entry.name);
      expect(names).toEqual(['below']);
    } finally {
      execFileSync('umount', [`${from}/mounted`]);
    }
  });
});
