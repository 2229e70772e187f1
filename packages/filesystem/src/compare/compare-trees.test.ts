import { Buffer } from 'node:buffer';
import * as fs from 'node:fs';
import type { RawName } from '@understudy/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees } from '../index.ts';
import {
  aclBytes,
  bytesOf,
  cannotRun,
  capabilityBytes,
  plantNode,
  plantXattr,
  scratchFolder,
} from '../testing/scratch.ts';

const THEN = new Date(1_600_000_000_000);

describe.skipIf(cannotRun() !== null)('comparing two trees', () => {
  let folder: { readonly path: RawName; remove(): void };
  let a: string;
  let b: string;

  /** Two equal trees with one of everything. */
  beforeEach(() => {
    folder = scratchFolder();
    a = `${folder.path}/a`;
    b = `${folder.path}/b`;
    for (const root of [a, b]) {
      fs.mkdirSync(`${root}/dir/sub`, { recursive: true });
      fs.writeFileSync(`${root}/dir/file`, 'content');
      fs.writeFileSync(`${root}/dir/other`, 'content');
      fs.linkSync(`${root}/dir/file`, `${root}/dir/sub/same`);
      fs.linkSync(`${root}/dir/other`, `${root}/dir/sub/too`);
      fs.symlinkSync('target', `${root}/link`);
      plantNode(`${root}/device`, 0o020600, (1 << 8) | 3);
      plantNode(`${root}/fifo`, 0o010600);
      fs.writeFileSync(bytesOf(`${root}/\xff`), '');
      fs.writeFileSync(`${root}/sparse`, '');
      fs.truncateSync(`${root}/sparse`, 1 << 20);
      settle(root);
    }
  });

  afterEach(() => folder.remove());

  function settle(root: string): void {
    for (const name of ['dir/file', 'dir/other', 'dir/sub', 'dir', 'device', 'fifo', '\xff', 'sparse', 'link', '']) {
      const place = bytesOf(`${root}/${name}`);
      if (fs.lstatSync(place, { throwIfNoEntry: false }) !== undefined) fs.lutimesSync(place, THEN, THEN);
    }
  }

  async function after(change: () => void, options: Parameters<typeof compareTrees>[2] = {}): Promise<string[]> {
    change();
    settle(b);
    return (await compareTrees(a, b, options)).map((d) => `${d.path}: ${d.what}`);
  }

  it('finds nothing between equal trees, everything asked for', async () => {
    expect(await after(() => undefined, { atime: true, holes: true })).toEqual([]);
  });

  const changes: [string, () => void, string[]][] = [
    ['a byte', () => fs.writeFileSync(`${b}/dir/file`, 'cOntent'), ['dir/file: content', 'dir/sub/same: content']],
    ['a size', () => fs.truncateSync(`${b}/dir/file`, 3), ['dir/file: size', 'dir/sub/same: size']],
    ['a mode', () => fs.chmodSync(`${b}/fifo`, 0o601), ['fifo: mode']],
    ['a setuid bit', () => fs.chmodSync(`${b}/sparse`, 0o4644), ['sparse: mode']],
    ['an owner', () => fs.lchownSync(`${b}/link`, 1, 0), ['link: owner']],
    ['a group', () => fs.chownSync(`${b}/dir/sub`, 0, 9), ['dir/sub: owner']],
    ['an attribute more', () => plantXattr(`${b}/dir`, 'user.x', Buffer.from('1')), ['dir: xattr']],
    ['an ACL', () => plantXattr(`${b}/dir`, 'system.posix_acl_default', aclBytes(7, 7)), ['dir: xattr']],
    ['a capability', () => plantXattr(`${b}/sparse`, 'security.capability', capabilityBytes()), ['sparse: xattr']],
    ['an attribute of a link', () => plantXattr(`${b}/link`, 'trusted.x', Buffer.from('1')), ['link: xattr']],
    ['a name less', () => fs.unlinkSync(bytesOf(`${b}/\xff`)), ['\xff: missing']],
    ['a name more', () => fs.writeFileSync(`${b}/more`, ''), ['more: extra']],
  ];
  it.each(changes)('finds %s', async (_, change, expected) => {
    const found = await after(change);
    expect(found).toEqual(expected);
  });

  it('finds a time, to the nanosecond, and access times and holes only when asked', async () => {
    fs.lutimesSync(`${b}/link`, THEN, new Date(THEN.getTime() + 500));
    fs.lutimesSync(`${b}/fifo`, new Date(0), THEN);
    fs.writeFileSync(`${b}/sparse`, Buffer.alloc(1 << 20));
    fs.lutimesSync(`${b}/sparse`, THEN, THEN);
    const lines = async (options: object) => (await compareTrees(a, b, options)).map((d) => d.line);
    expect(await lines({})).toEqual(['link: mtime: 1600000000.000000000 and 1600000000.500000000']);
    expect(await lines({ atime: true })).toContain('fifo: atime: 1600000000.000000000 and 0.000000000');
    expect(await lines({ holes: true })).toContain('sparse: holes:  and 0-256');
  });

  it('finds names that are one file on one side only, and groups that mingled', async () => {
    const found = await after(() => {
      fs.unlinkSync(`${b}/dir/sub/same`);
      fs.linkSync(`${b}/dir/other`, `${b}/dir/sub/same`);
      fs.unlinkSync(`${b}/dir/sub/too`);
      fs.writeFileSync(`${b}/dir/sub/too`, 'content');
      fs.lutimesSync(`${b}/dir/sub/too`, THEN, THEN);
    });
    expect(found).toEqual(['dir/sub/same: links', 'dir/sub/too: links']);
  });

  it('finds another type, target, device, and the roots themselves', async () => {
    const found = await after(() => {
      for (const name of ['link', 'device', 'fifo']) fs.unlinkSync(`${b}/${name}`);
      fs.symlinkSync('other', `${b}/link`);
      plantNode(`${b}/device`, 0o020600, (1 << 8) | 5);
      fs.writeFileSync(`${b}/fifo`, '');
      fs.chmodSync(b, 0o700);
    });
    expect(found).toEqual([': mode', 'device: rdev', 'fifo: type', 'link: target']);
    expect(await after(() => undefined, { ignoreRoot: true, ignoreNames: ['fifo', 'link'] })).toEqual(['device: rdev']);
  });
});
