import { Buffer } from 'node:buffer';
import * as fs from 'node:fs';
import { must, type RawName } from '@understudy/base';
import type { ReplicaFiles, SourceFiles } from '@understudy/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees, openReplicaTree, openSourceTree } from './index.ts';
import { copyTree } from './testing/copy-tree.ts';
import {
  aclBytes,
  attributes,
  bytesOf,
  cannotRun,
  capabilityBytes,
  plantNode,
  plantXattr,
  raw,
  scratchFolder,
} from './testing/scratch.ts';

const ACCESS = 'system.posix_acl_access';
const DEFAULT = 'system.posix_acl_default';

describe.skipIf(cannotRun() !== null)('a tree carried through both ports', () => {
  let folder: { readonly path: RawName; remove(): void };
  let source: SourceFiles;
  let replica: ReplicaFiles;
  let from: RawName;
  let to: RawName;
  let umask: number;

  beforeEach(() => {
    umask = process.umask(0o022);
    folder = scratchFolder();
    from = raw(`${folder.path}/source`);
    to = raw(`${folder.path}/replica`);
    fs.mkdirSync(from);
    source = openSourceTree({ rootPath: from });
    replica = openReplicaTree({ rootPath: to, limboPath: raw(`${folder.path}/limbo`), create: true });
  });

  afterEach(() => {
    source.close();
    replica.close();
    folder.remove();
    process.umask(umask);
  });

  async function differences(): Promise<string[]> {
    process.umask(0o077);
    copyTree(source, replica);
    const found = await compareTrees(from, to, { atime: true, holes: true });
    return found.map((difference) => difference.line);
  }

  it('[TRM4] modes arrive exactly: setuid, setgid, sticky, none at all', async () => {
    for (const mode of [0o4755, 0o2750, 0o6777, 0o1777, 0o000, 0o666]) {
      fs.writeFileSync(`${from}/file-${mode}`, 'x');
      fs.chmodSync(`${from}/file-${mode}`, mode);
      fs.mkdirSync(`${from}/dir-${mode}`);
      fs.chmodSync(`${from}/dir-${mode}`, mode);
      fs.writeFileSync(`${from}/dir-${mode}/inside`, 'x');
    }
    expect(await differences()).toEqual([]);
  });

  it('[TRM4] owners arrive by number, also of links and in a directory with setgid', async () => {
    fs.mkdirSync(`${from}/shared`);
    fs.chownSync(`${from}/shared`, 70001, 70002);
    fs.chmodSync(`${from}/shared`, 0o2775);
    fs.writeFileSync(`${from}/shared/other-group`, '');
    fs.chownSync(`${from}/shared/other-group`, 4294967290, 5);
    fs.mkdirSync(`${from}/shared/plain`);
    fs.chmodSync(`${from}/shared/plain`, 0o755);
    fs.symlinkSync('nowhere', `${from}/shared/link`);
    fs.lchownSync(`${from}/shared/link`, 70003, 70004);
    expect(await differences()).toEqual([]);
  });

  it('[TRM4] times arrive in nanoseconds, before 1970 and beyond 2262', async () => {
    for (const [name, seconds] of [
      ['old', -2_000_000_000],
      ['future', 10_000_000_000],
      ['now', 1_700_000_000],
    ] as const) {
      fs.writeFileSync(`${from}/${name}`, '');
      const when = new Date(seconds * 1000 + 500);
      fs.utimesSync(`${from}/${name}`, when, when);
      fs.symlinkSync('x', `${from}/${name}-link`);
      fs.lutimesSync(`${from}/${name}-link`, when, when);
      fs.mkdirSync(`${from}/${name}-dir`);
      fs.utimesSync(`${from}/${name}-dir`, when, when);
    }
    expect(await differences()).toEqual([]);
    expect(fs.lstatSync(`${to}/future`, { bigint: true }).mtimeNs).toBe(10_000_000_000_500_000_000n);
    expect(source.stat(source.entry(source.rootNode, raw('old'))?.node ?? source.rootNode)?.mtimeSec).toBe(
      -2_000_000_000,
    );
  });

  it('[TRM4] extended attributes, ACLs and capabilities arrive, on files, directories and links', async () => {
    fs.writeFileSync(`${from}/file`, 'x');
    plantXattr(`${from}/file`, 'user.empty', Buffer.alloc(0));
    plantXattr(`${from}/file`, 'user.large', Buffer.alloc(3000, 7));
    plantXattr(`${from}/file`, 'trusted.note', Buffer.from([0, 255, 10]));
    plantXattr(`${from}/file`, ACCESS, aclBytes(70005, 6));
    fs.writeFileSync(`${from}/program`, 'x');
    plantXattr(`${from}/program`, 'security.capability', capabilityBytes());
    fs.mkdirSync(`${from}/dir`);
    plantXattr(`${from}/dir`, DEFAULT, aclBytes(70006, 4));
    plantXattr(`${from}/dir`, ACCESS, aclBytes(70007, 5));
    fs.symlinkSync('file', `${from}/link`);
    plantXattr(`${from}/link`, 'trusted.link', Buffer.from('of the link'));
    expect(await differences()).toEqual([]);
    const link = replica.entry(replica.root, raw('link'));
    expect(link === null ? null : replica.xattrs(link.handle)).toEqual([
      ['trusted.link', new Uint8Array(Buffer.from('of the link'))],
    ]);
  });

  it("[TRM4] what is created beneath a default ACL inherits what the source's file did, under any umask", async () => {
    const acl = aclBytes(70006, 7);
    plantXattr(from, DEFAULT, acl);
    replica.setXattr(replica.root, raw(DEFAULT), acl);
    fs.mkdirSync(`${from}/sub`, { mode: 0o750 });
    fs.writeFileSync(`${from}/file`, '', { mode: 0o666 });
    fs.writeFileSync(`${from}/sub/narrow`, '', { mode: 0o640 });
    plantNode(`${from}/fifo`, 0o010600);
    process.umask(0o077);
    const created = (name: string, parent = source.rootNode) => must(source.entry(parent, raw(name)), 'it is there');
    const sub = created('sub');
    const subHandle = replica.makeDirectory(replica.root, raw('sub'), sub.attributes);
    replica.createFile(replica.root, raw('file'), created('file').attributes);
    replica.createFile(subHandle, raw('narrow'), created('narrow', sub.node).attributes);
    replica.makeNode(replica.root, raw('fifo'), created('fifo').attributes);
    const found = await compareTrees(from, to, { ignoreRoot: true });
    expect(found.filter((difference) => difference.what !== 'mtime').map((difference) => difference.line)).toEqual([]);
    expect(must(source.xattrs(sub.node), 'it is there').map(([name]) => name)).toEqual([ACCESS, DEFAULT]);
  });

  it('[TRM4] an inherited ACL that the source does not have can be taken away again', async () => {
    fs.mkdirSync(`${from}/dir`, { mode: 0o750 });
    fs.writeFileSync(`${from}/dir/file`, 'x', { mode: 0o640 });
    plantXattr(to, DEFAULT, aclBytes(70006, 7));
    expect(await differences()).toEqual([]);
    expect(fs.lstatSync(`${to}/dir/file`).mode & 0o7777).toBe(0o640);
  });

  it('[TRM4] the limbo hands no ACL on', () => {
    replica.close();
    plantXattr(`${folder.path}/limbo`, DEFAULT, aclBytes(70006, 7));
    replica = openReplicaTree({ rootPath: to, limboPath: raw(`${folder.path}/limbo`) });
    expect(replica.xattrs(replica.createFile(replica.limbo, raw('f'), attributes(0o100644)))).toEqual([]);
  });

  it('[TRM4] holes stay holes', async () => {
    const fd = fs.openSync(`${from}/sparse`, 'w');
    fs.writeSync(fd, Buffer.alloc(4096, 1), 0, 4096, 1 << 20);
    fs.writeSync(fd, Buffer.alloc(100, 2), 0, 100, 3 << 20);
    fs.ftruncateSync(fd, 8 << 20);
    fs.closeSync(fd);
    fs.writeFileSync(`${from}/only-a-hole`, '');
    fs.truncateSync(`${from}/only-a-hole`, 5_000_000_000);
    expect(await differences()).toEqual([]);
    expect(fs.lstatSync(`${to}/sparse`).blocks).toBeLessThanOrEqual(fs.lstatSync(`${from}/sparse`).blocks);
  });

  it('[TRM4] hard links, also of links and FIFOs, are one file again', async () => {
    fs.mkdirSync(`${from}/a`);
    fs.writeFileSync(`${from}/one`, 'x');
    fs.linkSync(`${from}/one`, `${from}/a/two`);
    fs.linkSync(`${from}/one`, `${from}/three`);
    fs.symlinkSync('x', `${from}/link`);
    fs.linkSync(`${from}/link`, `${from}/a/link`);
    plantNode(`${from}/fifo`, 0o010644);
    fs.linkSync(`${from}/fifo`, `${from}/a/fifo`);
    expect(await differences()).toEqual([]);
    expect(fs.lstatSync(`${to}/one`).nlink).toBe(3);
  });

  it('[TRM4] FIFOs, sockets and devices with large numbers arrive', async () => {
    plantNode(`${from}/fifo`, 0o010640);
    plantNode(`${from}/socket`, 0o140755);
    plantNode(`${from}/null`, 0o020666, (1 << 8) | 3);
    // makedev(300, 70000) as glibc packs it.
    plantNode(`${from}/far`, 0o060600, Number((BigInt(70000 & ~0xff) << 12n) | BigInt((300 << 8) | (70000 & 0xff))));
    expect(await differences()).toEqual([]);
    expect(fs.lstatSync(`${to}/far`).rdev).toBe(fs.lstatSync(`${from}/far`).rdev);
  });

  it('[TRM4] names and link targets of any bytes arrive', async () => {
    for (const name of ['\xff\xfe', 'new\nline', ' ', '\x01', '-rf', 'a\\b', '"', '\xc3\xa4', 'x'.repeat(255)]) {
      fs.writeFileSync(bytesOf(`${from}/${name}`), name);
      fs.symlinkSync(bytesOf(`${name}/..`), bytesOf(`${from}/${name.slice(0, 250)}.ln`));
    }
    fs.symlinkSync('y'.repeat(4000), `${from}/long`);
    expect(await differences()).toEqual([]);
  });

  it('reading a source leaves its access times alone', () => {
    fs.writeFileSync(`${from}/file`, 'content');
    fs.utimesSync(`${from}/file`, 1000, 2000);
    const node = source.entry(source.rootNode, raw('file'))?.node ?? source.rootNode;
    const file = source.open(node);
    expect(file?.read(0, new Uint8Array(10))).toBe(7);
    file?.close();
    expect(fs.statSync(`${from}/file`).atimeMs).toBe(1_000_000);
  });

  it('[TRM4] paths longer than PATH_MAX arrive, and can be named', async () => {
    const step = 'd'.repeat(40);
    const depth = 300;
    const parts = [step];
    let parent = replica.root;
    const place = openReplicaTree({ rootPath: from, limboPath: raw(`${folder.path}/limbo2`) });
    try {
      parent = place.root;
      const attributes = place.attributes(parent);
      if (attributes === null) throw new Error('the root is there');
      for (let level = 0; level < depth; level += 1) parent = place.makeDirectory(parent, raw(step), attributes);
      const file = place.createFile(parent, raw('deep'), { ...attributes, mode: 0o100600 });
      place.write(file, 0, bytesOf('far down'));
      while (parts.length < depth) parts.push(step);
      expect(place.pathOf(parent)).toBe(parts.join('/'));
      expect(place.pathOf(file)).toBe(`${parts.join('/')}/deep`);
    } finally {
      place.close();
    }
    expect(await differences()).toEqual([]);
  });
});
