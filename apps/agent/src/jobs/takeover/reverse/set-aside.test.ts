import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import type { UnsentEntry, UnsentList } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setAside } from './set-aside.ts';

let top = '';
let root = '';
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-aside-')));
  root = join(top, 'data');
  mkdirSync(root);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const entry = (kind: UnsentEntry['kind'], path: string, more: Partial<UnsentEntry> = {}): UnsentEntry => ({
  kind,
  path,
  bytes: Buffer.from(path).toString('base64'),
  ranges: [],
  size: 0,
  sinceMs: 0,
  ...more,
});
const listOf = (...entries: UnsentEntry[]): UnsentList => ({
  at: new Date(0).toISOString(),
  entries,
  more: 0,
  size: 0,
  asideAt: [],
});
const put = (list: UnsentList) =>
  setAside({ jobId: '00000000-0000-4000-8000-000000000000', roots: [brand<RawName>(root)], list, nowMs: 0 });

describe('[FO4] what was never sent is put aside', () => {
  it('under the paths that it had, beside the root, with a manifest; nothing is changed and no link followed', async () => {
    writeFileSync(join(root, 'changed'), 'written here');
    mkdirSync(join(root, 'new/deep'), { recursive: true });
    writeFileSync(join(root, 'new/deep/file'), 'made here');
    writeFileSync(join(top, 'elsewhere'), 'not ours');
    symlinkSync(join(top, 'elsewhere'), join(root, 'link'));
    const before = statSync(join(root, 'changed')).mtimeMs;
    const places = await put(
      listOf(
        entry('ranges', join(root, 'changed'), { ranges: [0, 4096], size: 12 }),
        entry('made', join(root, 'new')),
        entry('made', join(root, 'link')),
        entry('removed', join(root, 'gone')),
        entry('metadata', join(root, 'changed')),
      ),
    );
    expect(places).toHaveLength(1);
    const folder = places[0] ?? '';
    expect(folder.startsWith(join(top, '.understudy-00000000-0000-4000-8000-000000000000/unsent/'))).toBe(true);
    expect(readFileSync(join(folder, 'data/changed'), 'utf8')).toBe('written here');
    expect(readFileSync(join(folder, 'data/new/deep/file'), 'utf8')).toBe('made here');
    expect(readlinkSync(join(folder, 'data/link'))).toBe(join(top, 'elsewhere'));
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    expect(manifest.entries.map(({ kind }: UnsentEntry) => kind)).toContain('removed');
    expect(statSync(join(folder, 'data/changed')).mtimeMs).toBeCloseTo(before, 0);
    expect(readdirSync(root).sort()).toEqual(['changed', 'link', 'new']);
  });

  it('of a large file only what was written, in its place', async () => {
    const size = 80 * 1024 * 1024;
    const big = Buffer.alloc(4096, 'x');
    writeFileSync(join(root, 'big'), '');
    const { truncateSync, openSync, writeSync, closeSync } = await import('node:fs');
    truncateSync(join(root, 'big'), size);
    const file = openSync(join(root, 'big'), 'r+');
    writeSync(file, big, 0, 4096, 8192);
    writeSync(file, Buffer.alloc(4096, 'y'), 0, 4096, 40_960);
    closeSync(file);
    const [folder = ''] = await put(listOf(entry('ranges', join(root, 'big'), { ranges: [8192, 12_288], size: 4096 })));
    const copy = readFileSync(join(folder, 'data/big'));
    expect(copy.length).toBe(size);
    expect(copy.subarray(8192, 12_288).equals(big)).toBe(true);
    expect(copy.subarray(40_960, 45_056).every((byte) => byte === 0)).toBe(true);
    expect(statSync(join(folder, 'data/big')).blocks * 512).toBeLessThan(1024 * 1024);
  });

  it('what changed since a moment, and not what is older', async () => {
    writeFileSync(join(root, 'old'), 'before');
    const between = statSync(join(root, 'old')).ctimeMs + 5000;
    const [folder = ''] = await put(listOf(entry('since', root, { sinceMs: between })));
    expect(existsSync(join(folder, 'data/old'))).toBe(false);
    const [all = ''] = await setAside({
      jobId: '00000000-0000-4000-8000-000000000000',
      roots: [brand<RawName>(root)],
      list: listOf(entry('everything', root)),
      nowMs: 1,
    });
    expect(readFileSync(join(all, 'data/old'), 'utf8')).toBe('before');
  });

  it('all of a root where the list had no room to name everything', async () => {
    writeFileSync(join(root, 'named'), 'one');
    writeFileSync(join(root, 'unnamed'), 'two');
    const [folder = ''] = await put({ ...listOf(entry('file', join(root, 'named'))), more: 1 });
    expect(readFileSync(join(folder, 'data/unnamed'), 'utf8')).toBe('two');
    expect(readFileSync(join(folder, 'data/named'), 'utf8')).toBe('one');
  });

  it('nothing of a list that names nothing here', async () => {
    expect(await put(listOf(entry('file', '/somewhere/else')))).toEqual([]);
    expect(existsSync(join(top, '.understudy-00000000-0000-4000-8000-000000000000'))).toBe(false);
  });
});
