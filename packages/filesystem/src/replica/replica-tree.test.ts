import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { brand, type RawName } from '@understudy/base';
import { FileError, type Handle, type ReplicaFiles } from '@understudy/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReplicaTree } from '../index.ts';
import { attributes, cannotRun, capabilityBytes, raw, scratchFolder } from '../testing/scratch.ts';

const FILE = attributes(0o100644);
const DIRECTORY = attributes(0o040755);
const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('latin1');
const data = (content: string): Uint8Array => new Uint8Array(Buffer.from(content, 'latin1'));

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof FileError) return error.code;
    throw error;
  }
  return 'no error';
}

describe.skipIf(cannotRun() !== null)('a replica changed by handle', () => {
  let folder: { readonly path: RawName; remove(): void };
  let to: RawName;
  let replica: ReplicaFiles;

  beforeEach(() => {
    folder = scratchFolder();
    to = raw(`${folder.path}/replica/within`);
    replica = openReplicaTree({ rootPath: to, limboPath: raw(`${folder.path}/limbo`), create: true });
  });

  afterEach(() => {
    replica.close();
    folder.remove();
  });

  const file = (name: string, content = ''): Handle => {
    const handle = replica.createFile(replica.root, raw(name), FILE);
    replica.write(handle, 0, data(content));
    return handle;
  };
  const names = (handle: Handle = replica.root): string[] => (replica.list(handle) ?? []).map((e) => e.name).sort();

  it('makes root and limbo, the limbo for nobody else', () => {
    expect(fs.statSync(`${folder.path}/limbo`).mode & 0o7777).toBe(0o700);
    expect(fs.statSync(`${folder.path}/replica`).isDirectory()).toBe(true);
    expect(replica.attributes(replica.limbo)?.mode).toBe(0o040700);
  });

  it('[SAFE4] tells when a file was made here, by its own clock and whatever its times say, and nothing of one that is gone', () => {
    const before = Date.now();
    const handle = file('young');
    replica.setMtime(handle, 1, 0);
    expect(replica.bornMs?.(handle)).toBeGreaterThan(before - 1000);
    expect(replica.bornMs?.(handle)).toBeLessThan(Date.now() + 1);
    replica.unlink(replica.root, raw('young'));
    expect(replica.bornMs?.(handle)).toBeNull();
  });

  it.each(['', '.', '..', 'a/b', '/', 'a\0b'])('[TRM1] the name %j is refused by every operation', (name) => {
    const there = file('there');
    const bad = raw(name);
    const { root } = replica;
    const acts: (() => unknown)[] = [
      () => replica.entry(root, bad),
      () => replica.createFile(root, bad, FILE),
      () => replica.makeDirectory(root, bad, DIRECTORY),
      () => replica.makeSymlink(root, bad, data('x'), attributes(0o120777)),
      () => replica.makeNode(root, bad, attributes(0o010644)),
      () => replica.link(there, root, bad),
      () => replica.rename(root, bad, root, raw('new'), 'replace'),
      () => replica.rename(root, raw('there'), root, bad, 'replace'),
      () => replica.unlink(root, bad),
      () => replica.removeDirectory(root, bad),
    ];
    expect(acts.map(codeOf)).toEqual(acts.map(() => 'EINVAL'));
    expect(names()).toEqual(['there']);
  });

  it('answers with the errno name of what went wrong', () => {
    const one = file('one');
    replica.makeDirectory(replica.root, raw('dir'), DIRECTORY);
    const link = replica.makeSymlink(replica.root, raw('link'), data('x'), attributes(0o120777));
    expect(codeOf(() => file('one'))).toBe('EEXIST');
    expect(codeOf(() => replica.unlink(replica.root, raw('none')))).toBe('ENOENT');
    expect(codeOf(() => replica.unlink(replica.root, raw('dir')))).toBe('EISDIR');
    expect(codeOf(() => replica.removeDirectory(replica.root, raw('one')))).toBe('ENOTDIR');
    expect(codeOf(() => replica.createFile(one, raw('x'), FILE))).toBe('ENOTDIR');
    expect(codeOf(() => replica.createFile(replica.root, raw('x'.repeat(256)), FILE))).toBe('ENAMETOOLONG');
    expect(codeOf(() => replica.setMode(link, 0o600))).toBe('EOPNOTSUPP');
    expect(codeOf(() => replica.write(link, 0, data('x')))).toBe('EINVAL');
    expect(codeOf(() => replica.makeNode(replica.root, raw('r'), FILE))).toBe('EINVAL');
    expect(codeOf(() => replica.makeSymlink(replica.root, raw('l'), data('a\0b'), FILE))).toBe('EINVAL');
    expect(codeOf(() => replica.setXattr(one, raw('nonsense'), data('')))).toBe('EOPNOTSUPP');
  });

  it('renames: replace, no-replace, exchange, across directories and out of the limbo', () => {
    const a = file('a', 'A');
    const b = file('b', 'B');
    const dir = replica.makeDirectory(replica.root, raw('dir'), DIRECTORY);
    expect(codeOf(() => replica.rename(replica.root, raw('a'), replica.root, raw('b'), 'no-replace'))).toBe('EEXIST');
    replica.rename(replica.root, raw('a'), replica.root, raw('b'), 'exchange');
    expect([replica.pathOf(a), replica.pathOf(b)]).toEqual(['b', 'a']);
    replica.rename(replica.root, raw('b'), dir, raw('moved'), 'no-replace');
    expect(replica.pathOf(a)).toBe('dir/moved');
    replica.rename(replica.root, raw('a'), dir, raw('moved'), 'replace');
    expect([text(replica.read(b, 0, 10)), replica.attributes(a)]).toEqual(['B', null]);
    replica.rename(dir, raw('moved'), replica.limbo, raw('kept'), 'replace');
    expect([replica.pathOf(b), names(dir), names(replica.limbo)]).toEqual([null, [], ['kept']]);
    replica.rename(replica.limbo, raw('kept'), replica.root, raw('back'), 'no-replace');
    expect(replica.pathOf(b)).toBe('back');
  });

  it('[TCM5] a handle whose file is gone is null to queries and ESTALE to changes, also while others hold the file open', () => {
    for (const held of [false, true]) {
      const handle = file('gone', 'x');
      const fd = held ? fs.openSync(`${to}/gone`, 'r') : -1;
      replica.unlink(replica.root, raw('gone'));
      expect([replica.attributes(handle), replica.read(handle, 0, 1), replica.xattrs(handle)]).toEqual([
        null,
        null,
        null,
      ]);
      expect([replica.pathOf(handle), replica.readLink(handle), replica.list(handle)]).toEqual([null, null, null]);
      const changes = [
        () => replica.write(handle, 0, data('x')),
        () => replica.truncate(handle, 0),
        () => replica.setMode(handle, 0o600),
        () => replica.setOwner(handle, 1, 1),
        () => replica.setTimes(handle, FILE),
        () => replica.setXattr(handle, raw('user.a'), data('')),
        () => replica.link(handle, replica.root, raw('again')),
      ];
      expect(changes.map(codeOf)).toEqual(changes.map(() => 'ESTALE'));
      if (fd >= 0) fs.closeSync(fd);
    }
  });

  it('a handle of a removed directory is gone, also with its number used anew', () => {
    const dir = replica.makeDirectory(replica.root, raw('dir'), DIRECTORY);
    replica.removeDirectory(replica.root, raw('dir'));
    for (let i = 0; i < 50; i += 1) replica.makeDirectory(replica.root, raw(`new${i}`), DIRECTORY);
    expect([replica.list(dir), replica.entry(dir, raw('x')), replica.attributes(dir)]).toEqual([null, null, null]);
    expect(codeOf(() => replica.createFile(dir, raw('x'), FILE))).toBe('ESTALE');
  });

  it('a handle outlives the tree that gave it, and further names of the file', () => {
    const handle = file('first', 'kept');
    replica.link(handle, replica.root, raw('second'));
    replica.unlink(replica.root, raw('first'));
    replica.close();
    replica = openReplicaTree({ rootPath: to, limboPath: raw(`${folder.path}/limbo`) });
    expect(text(replica.read(handle, 0, 10))).toBe('kept');
    expect(replica.attributes(handle)?.nlink).toBe(1);
    expect(replica.entry(replica.root, raw('second'))?.handle).toBe(handle);
    expect(replica.pathOf(handle)).toBe('second');
  });

  it('punches, allocates and truncates', () => {
    const handle = file('f', 'x'.repeat(3 * 4096));
    replica.punch(handle, 4096, 4096);
    expect(replica.attributes(handle)?.size).toBe(3 * 4096);
    expect(fs.readFileSync(`${to}/f`).subarray(4090, 4100).toString('latin1')).toBe('xxxxxx\0\0\0\0');
    replica.punch(handle, 8192, 100_000);
    expect(replica.attributes(handle)?.size).toBe(108_192);
    replica.allocate(handle, 1, 0, 1 << 20);
    expect([replica.attributes(handle)?.size, fs.statSync(`${to}/f`).blocks >= 2048]).toEqual([108_192, true]);
    replica.truncate(handle, 10);
    expect(text(replica.read(handle, 5, 100))).toBe('xxxxx');
  });

  it('a write takes security.capability away, and it can be set again', () => {
    const handle = file('program', 'x');
    const capability = ['security.capability', new Uint8Array(capabilityBytes())];
    replica.setXattr(handle, raw('security.capability'), capabilityBytes());
    expect(replica.xattrs(handle)).toEqual([capability]);
    replica.write(handle, 0, data('y'));
    expect(replica.xattrs(handle)).toEqual([]);
    replica.setXattr(handle, raw('security.capability'), capabilityBytes());
    expect(replica.xattrs(handle)).toEqual([capability]);
    replica.removeXattr(handle, raw('security.capability'));
    replica.removeXattr(handle, raw('security.capability'));
    expect(replica.xattrs(handle)).toEqual([]);
  });

  it('sets times apart from each other, and writes to files opened by nobody', () => {
    const handle = file('f');
    replica.setTimes(handle, { atimeSec: -1, atimeNsec: 1, mtimeSec: 12_000_000_000, mtimeNsec: 999_999_999 });
    replica.setMtime(handle, -1_500_000_000, 5);
    expect(replica.attributes(handle)).toMatchObject({
      atimeSec: -1,
      atimeNsec: 1,
      mtimeSec: -1_500_000_000,
      mtimeNsec: 5,
    });
    replica.sync();
  });

  it('more files than it keeps open are written all the same, and nothing stays open after close', () => {
    const before = fs.readdirSync('/proc/self/fd').length;
    const own = openReplicaTree({ rootPath: to, limboPath: raw(`${folder.path}/limbo`) });
    const handles = Array.from({ length: 700 }, (_, i) => own.createFile(own.root, raw(`f${i}`), FILE));
    for (const round of ['1', '2']) for (const handle of handles) own.write(handle, Number(round), data(round));
    expect(fs.readdirSync('/proc/self/fd').length).toBeLessThan(before + 600);
    expect(handles.every((handle) => text(own.read(handle, 0, 9)) === '\x0012')).toBe(true);
    own.close();
    expect(fs.readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('[TRM1] a directory replaced by a symbolic link leads nowhere', () => {
    const outside = `${folder.path}/outside`;
    fs.mkdirSync(outside);
    fs.writeFileSync(`${outside}/victim`, 'untouched');
    const dir = replica.makeDirectory(replica.root, raw('dir'), DIRECTORY);
    const victim = replica.createFile(dir, raw('victim'), FILE);
    fs.renameSync(`${to}/dir`, `${to}/real`);
    fs.symlinkSync(outside, `${to}/dir`);
    replica.write(victim, 0, data('of the replica'));
    replica.createFile(dir, raw('new'), FILE);
    replica.unlink(dir, raw('victim'));
    const trap = replica.entry(replica.root, raw('dir'))?.handle ?? brand<Handle>('');
    expect(replica.attributes(trap)?.mode).toBe(0o120777);
    expect(codeOf(() => replica.createFile(trap, raw('x'), FILE))).toBe('ENOTDIR');
    expect(codeOf(() => replica.unlink(trap, raw('victim')))).toBe('ENOTDIR');
    expect(replica.list(trap)).toBeNull();
    replica.setOwner(trap, 7, 7);
    replica.setTimes(trap, FILE);
    expect([fs.readdirSync(outside), fs.readFileSync(`${outside}/victim`, 'latin1')]).toEqual([
      ['victim'],
      'untouched',
    ]);
    expect([fs.statSync(outside).uid, fs.statSync(`${outside}/victim`).mtimeMs > 0]).toEqual([0, true]);
    expect(names(dir)).toEqual(['new']);
  });

  it('[TRM3] stays writable beneath a read-only mount of its root, and does not see what is mounted within', () => {
    const dir = replica.makeDirectory(replica.root, raw('dir'), DIRECTORY);
    execFileSync('mount', ['--bind', to, to]);
    try {
      execFileSync('mount', ['-o', 'remount,ro,bind', to]);
      const again = openReplicaTree({ rootPath: to, limboPath: raw(`${folder.path}/limbo`) });
      try {
        expect(() => fs.writeFileSync(`${to}/dir/by-others`, '')).toThrow(/EROFS/);
        again.createFile(dir, raw('by-us'), FILE);
        again.rename(dir, raw('by-us'), again.limbo, raw('aside'), 'replace');
        again.rename(again.limbo, raw('aside'), again.root, raw('back'), 'no-replace');
        expect(names()).toEqual(['back', 'dir']);
      } finally {
        again.close();
      }
    } finally {
      execFileSync('umount', [to]);
    }
  });

  it('[TRM1] a file replaced by a symbolic link is written by handle only', () => {
    fs.writeFileSync(`${folder.path}/outside`, 'untouched');
    const handle = file('f', 'inside');
    fs.unlinkSync(`${to}/f`);
    fs.symlinkSync(`${folder.path}/outside`, `${to}/f`);
    expect(codeOf(() => file('f'))).toBe('EEXIST');
    const link = replica.entry(replica.root, raw('f'))?.handle ?? brand<Handle>('');
    expect(codeOf(() => replica.truncate(link, 0))).toBe('EINVAL');
    replica.setXattr(link, raw('trusted.x'), data('on the link'));
    replica.unlink(replica.root, raw('f'));
    expect([fs.readFileSync(`${folder.path}/outside`, 'latin1'), replica.attributes(link)]).toEqual([
      'untouched',
      null,
    ]);
    expect(codeOf(() => replica.write(handle, 0, data('x')))).toBe('ESTALE');
    expect(replica.attributes(handle)).toBeNull();
  });

  it('refuses places that cannot serve, with a sentence', () => {
    const limboPath = raw(`${folder.path}/limbo`);
    const opening = (rootPath: string, limbo: RawName = limboPath) =>
      codeOf(() => openReplicaTree({ rootPath: raw(rootPath), limboPath: limbo }));
    expect(opening('/proc')).toBe('EOPNOTSUPP');
    expect(() => openReplicaTree({ rootPath: raw('/proc'), limboPath })).toThrow(/has no file handles; use ext4/);
    expect(opening('relative')).toBe('EINVAL');
    expect(opening(`${folder.path}/missing`)).toBe('ENOENT');
    fs.writeFileSync(`${folder.path}/file`, '');
    expect(opening(`${folder.path}/file`)).toBe('ENOTDIR');
    if (fs.statSync('/dev/shm').dev !== fs.statSync(folder.path).dev) {
      const elsewhere = fs.mkdtempSync('/dev/shm/understudy-limbo-');
      try {
        expect(opening(to, raw(elsewhere))).toBe('EXDEV');
      } finally {
        fs.rmdirSync(elsewhere);
      }
    }
    fs.symlinkSync(folder.path, `${folder.path}/link`);
    expect(opening(to, raw(`${folder.path}/link`))).toBe('ENOTDIR');
  });
});
