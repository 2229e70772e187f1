import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rawFromText } from '@understudy/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ParkedNames } from './parked-names.ts';

describe('[FSI4] names that waiting calls left behind when all processes died', () => {
  let top: string;
  let home: string;
  let root: string;
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'understudy-parked-'));
    home = join(top, 'home');
    root = join(top, 'data');
    mkdirSync(home);
    mkdirSync(join(root, 'folder/deep'), { recursive: true });
  });
  afterEach(() => rmSync(top, { recursive: true, force: true }));

  const leave = (path: string, content = path) => writeFileSync(join(root, path), content);
  const marked = () => {
    const names = new ParkedNames(home);
    names.mayLeave(rawFromText(root));
    return new ParkedNames(home);
  };
  const putBack = (names: ParkedNames, path = root) => names.putBack(rawFromText(path), () => false);
  const under = (...paths: string[]) => paths.map((path) => join(root, path));

  it('what was deleted has its name again, in whatever directory, and the times of that are what they were', async () => {
    leave('.understudy-parked-65f0a1-1-ledger.db');
    leave('folder/deep/.understudy-parked-65f0a1-2-with-dashes-2', 'x');
    mkdirSync(join(root, 'folder/.understudy-parked-65f0a1-3-empty'));
    const before = statSync(join(root, 'folder/deep')).mtimeMs;
    expect(await putBack(marked())).toMatchObject({
      back: expect.arrayContaining(under('ledger.db', 'folder/deep/with-dashes-2', 'folder/empty')),
      gone: [],
      failed: [],
    });
    expect(readFileSync(join(root, 'folder/deep/with-dashes-2'), 'utf8')).toBe('x');
    expect(readdirSync(root, { recursive: true }).filter((name) => String(name).includes('parked'))).toEqual([]);
    expect(statSync(join(root, 'folder/deep')).mtimeMs).toBeCloseTo(before, 0);
  });

  it('what was replaced, or whose name did not fit, goes as the call had it', async () => {
    leave('taken', 'new');
    leave('.understudy-parked-65f0a1-1-taken', 'old');
    leave('.understudy-parked-65f0a1-2');
    const { gone } = (await putBack(marked())) ?? {};
    expect(gone?.sort()).toEqual(under('.understudy-parked-65f0a1-2', 'taken'));
    expect(readdirSync(root).sort()).toEqual(['folder', 'taken']);
    expect(readFileSync(join(root, 'taken'), 'utf8')).toBe('new');
  });

  it('touches nothing else, and follows no link out of the directory', async () => {
    const outside = join(top, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, '.understudy-parked-65f0a1-1-a'), '');
    symlinkSync(outside, join(root, 'folder/link'));
    for (const name of ['.understudy-parked', '.understudy-parked-notes', 'x.understudy-parked-1-2-a']) leave(name);
    expect(await putBack(marked())).toEqual({ back: [], gone: [], failed: [] });
    expect(readdirSync(outside)).toEqual(['.understudy-parked-65f0a1-1-a']);
    expect(readdirSync(root)).toHaveLength(4);
  });

  it('looks only where calls could have been undone, and once', async () => {
    leave('folder/.understudy-parked-65f0a1-1-a');
    expect(await putBack(new ParkedNames(home))).toBeNull();
    const names = marked();
    expect(await names.putBack(rawFromText(top), (path) => path === root)).toBeNull();
    expect((await putBack(names, join(root, 'folder')))?.back).toEqual(under('folder/a'));
    expect(await putBack(names, top)).toMatchObject({ back: [] });
    expect(await putBack(new ParkedNames(home))).toBeNull();
  });

  it('forgets a directory that was unmounted in order', async () => {
    const names = marked();
    names.left(rawFromText(root));
    expect(await putBack(new ParkedNames(home))).toBeNull();
  });
});
