import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { RawName } from '@understudy/base';
import { afterEach, describe, expect, it } from 'vitest';
import { type Scratch, scratch, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the fuse driver’s access times are skipped: ${skip}`);

const LONG_AGO = 1_600_000_000;

describe.skipIf(skip !== null)('access times beneath a fuse mount', () => {
  let world: Scratch | null = null;
  afterEach(async () => {
    await world?.close();
    world = null;
  });

  it('are left alone by what we read ourselves, and changed by what applications read', async () => {
    world = await scratch();
    const at = world.path;
    mkdirSync(at('one/folder'));
    writeFileSync(at('one/file'), 'content');
    symlinkSync('file', at('one/link'));
    const names = ['folder', 'file', 'link'];
    for (const name of names) lutimesSync(at(`one/${name}`), LONG_AGO, LONG_AGO);
    const times = () => names.map((name) => lstatSync(at(`one/${name}`)).atimeMs / 1000);
    const { files } = await world.interceptor.protect(world.raw('one'));
    for (const name of names) {
      const entry = files.entry(files.rootNode, name as RawName);
      if (entry === null) throw new Error(`no ${name}`);
      if (name === 'link') expect(String(Buffer.from(files.readLink(entry.node) ?? []))).toBe('file');
      else if (name === 'folder') expect(files.openDirectory(entry.node)?.next(10)).toEqual([]);
      else expect(files.open(entry.node)?.read(0, new Uint8Array(10))).toBe(7);
    }
    expect(times()).toEqual(names.map(() => LONG_AGO));
    readdirSync(at('one/folder'));
    readFileSync(at('one/file'));
    readlinkSync(at('one/link'));
    for (const time of times().slice(0, 2)) expect(time).toBeGreaterThan(LONG_AGO);
  });
});
