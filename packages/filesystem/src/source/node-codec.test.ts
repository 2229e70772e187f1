import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { must, type RawName } from '@understudy/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees, createNodeCodec, openReplicaTree, openSourceTree } from '../index.ts';
import { copyTree } from '../testing/copy-tree.ts';
import { cannotRun, raw, scratchFolder } from '../testing/scratch.ts';

/** Formats a file as a file system of the type and mounts it; null, with the reason printed, where that is not possible. */
function mountImage(type: string, folder: string): string | null {
  const image = `${folder}/image`;
  const point = `${folder}/mounted`;
  fs.mkdirSync(point);
  try {
    if (type === 'tmpfs') execFileSync('mount', ['-t', 'tmpfs', 'none', point], { stdio: 'pipe' });
    else {
      fs.writeFileSync(image, '');
      fs.truncateSync(image, 512 << 20);
      execFileSync(`mkfs.${type}`, [image], { stdio: 'pipe' });
      execFileSync('mount', ['-o', 'loop', image, point], { stdio: 'pipe' });
    }
    return point;
  } catch (error) {
    console.warn(`nodes on ${type} are not tested: ${String(error).split('\n')[0]}`);
    return null;
  }
}

describe.skipIf(cannotRun() !== null).each(['tmpfs', 'xfs', 'btrfs'])('nodes on %s', (type) => {
  let folder: { readonly path: RawName; remove(): void };
  let point: string | null;

  beforeEach(() => {
    folder = scratchFolder();
    point = mountImage(type, folder.path);
  });

  afterEach(() => {
    if (point !== null) execFileSync('umount', [point]);
    folder.remove();
  });

  it('are numbers that lead back to the file, and a tree arrives', async (context) => {
    if (point === null) return context.skip(`no ${type} here: mkfs.${type} or the kernel's own support is missing`);
    const [from, to] = [raw(`${point}/source`), raw(`${point}/replica`)];
    fs.mkdirSync(`${from}/dir/sub`, { recursive: true });
    for (let i = 0; i < 50; i += 1) fs.writeFileSync(`${from}/dir/f${i}`, `content ${i}`);
    fs.linkSync(`${from}/dir/f1`, `${from}/dir/sub/f1`);
    const codec = createNodeCodec();
    const source = openSourceTree({ rootPath: from, codec });
    const replica = openReplicaTree({ rootPath: to, limboPath: raw(`${point}/limbo`), create: true });
    try {
      const dir = must(source.entry(source.rootNode, raw('dir')), 'it is there').node;
      const first = must(source.entry(dir, raw('f1')), 'it is there').node;
      const sub = must(source.entry(dir, raw('sub')), 'it is there').node;
      expect(source.entry(sub, raw('f1'))?.node).toBe(first);
      expect(source.pathOf(sub)).toBe(`${from}/dir/sub`);
      const listed = source.openDirectory(dir)?.next(1000) ?? [];
      expect(new Set(listed.map((entry) => entry.node)).size).toBe(51);
      for (const entry of listed) expect(source.stat(entry.node)).toEqual(entry.attributes);
      copyTree(source, replica);
      expect((await compareTrees(from, to)).map((difference) => difference.line)).toEqual([]);
      fs.unlinkSync(`${from}/dir/f2`);
      const gone = must(
        listed.find((entry) => entry.name === 'f2'),
        'it was listed',
      );
      expect(source.stat(gone.node)).toBeNull();
    } finally {
      source.close();
      replica.close();
    }
  });
});
