/**
 * Calls that the source's own disk does not carry to their end, and of which something is left all the same. In: calls on a file system
 * whose disk is full beneath it, or which is full itself. Held against each other: what the caller is told and what the file holds then,
 * beside the mount and beneath it; and whether the ring tells of what is left.
 */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirtyCause, SetAttribute, Verb } from '@understudy/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drainAll, type Scratch, scratch, turn, whySkipped } from './testing.ts';
import { Caller } from './testing-caller.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`errors of the source’s disk are not tested under fuse: ${skip}`);

const FILE_BYTES = 1 << 20;
const REFUSED = expect.objectContaining({ verb: Verb.dirty, detail: DirtyCause.diskError });

/** A file system on a disk that has no room for what was promised to it. */
class Overcommitted {
  readonly #top = mkdtempSync(join(tmpdir(), 'understudy-overcommitted-'));
  readonly #disk = join(this.#top, 'disk');
  readonly point = join(this.#top, 'mounted');

  mount(): void {
    for (const one of [this.#disk, this.point]) mkdirSync(one);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'none', this.#disk]);
    const image = join(this.#disk, 'image');
    writeFileSync(image, '');
    truncateSync(image, 128 << 20);
    execFileSync('mkfs.ext4', ['-q', '-O', '^has_journal', '-E', 'lazy_itable_init=0', image], { stdio: 'pipe' });
    execFileSync('mount', ['-o', 'loop', image, this.point], { stdio: 'pipe' });
  }

  /** What has a place on the disk can be written over; nothing else gets one. */
  fill(): void {
    execFileSync('sync', ['-f', this.point]);
    try {
      execFileSync('dd', ['if=/dev/zero', `of=${join(this.#disk, 'ballast')}`, 'bs=64k'], { stdio: 'pipe' });
    } catch {
      // It ends when the disk is full.
    }
  }

  async remove(): Promise<void> {
    rmSync(join(this.#disk, 'ballast'), { force: true });
    for (const one of [this.point, this.#disk])
      for (let tries = 0; tries < 2000; tries += 1) {
        try {
          execFileSync('umount', [one], { stdio: 'pipe' });
          break;
        } catch (error) {
          if (!String(error).includes('busy')) break;
          await turn();
        }
      }
    rmSync(this.#top, { recursive: true, force: true });
  }
}

describe.skipIf(skip !== null)('fuse and a disk that fails', () => {
  const disk = new Overcommitted();
  let home: string;
  let world: Scratch;
  let caller: Caller;

  beforeAll(async () => {
    disk.mount();
    home = mkdtempSync(join(tmpdir(), 'understudy-home-'));
    world = await scratch({ directory: join(home, 'home') }, disk.point);
    for (const directory of ['one', 'two'])
      for (const name of ['synced', 'plain']) {
        execFileSync('fallocate', ['-l', String(FILE_BYTES), world.path(`${directory}/${name}`)]);
        utimesSync(world.path(`${directory}/${name}`), 1000, 1000);
      }
    await world.interceptor.protect(world.raw('one'));
    caller = await Caller.start();
  });
  afterAll(async () => {
    caller?.end();
    await world?.close();
    await disk.remove();
    rmSync(home, { recursive: true, force: true });
  });

  it('[FSI5] space that is found in part and kept is told of as a file to be compared, and seen by the applications', async () => {
    drainAll(world.interceptor);
    const path = world.path('one/plain');
    // From here on the kernel has its size, and asks for it again only where it is told to.
    expect([statSync(path).size, statSync(path).size]).toEqual([FILE_BYTES, FILE_BYTES]);
    const { error } = await caller.call('allot', path, '', 0, 200 << 20);
    expect([error, statSync(path).size > FILE_BYTES]).toEqual(['ENOSPC', true]);
    expect(drainAll(world.interceptor)).toContainEqual(REFUSED);
    truncateSync(path, FILE_BYTES);
  });

  it('[FSI5] zeros that a file has got in part are read by the applications', async () => {
    const path = world.path('one/zeroed');
    writeFileSync(path, 'x'.repeat(FILE_BYTES));
    // More than there is room for: the file's own bytes become zeros before that is found out.
    const { error } = await caller.call('zero', path, 0, 200 << 20);
    expect(error).toBe('ENOSPC');
    const beneath = await caller.call('first', path, 'O_DIRECT');
    expect(beneath.ok).toBe('\0'.repeat(8));
    for (let tries = 0; tries < 500 && readFileSync(path).subarray(0, 8).toString() !== beneath.ok; tries += 1)
      await turn();
    expect(readFileSync(path).subarray(0, 8).toString()).toBe(beneath.ok);
    unlinkSync(path);
  });

  it('[FSI5] a write that the file holds and its disk does not, is told of likewise', async () => {
    disk.fill();
    drainAll(world.interceptor);
    const outcome = async (directory: string) => {
      const path = world.path(`${directory}/synced`);
      const { error } = await caller.call('through', path, 'O_DSYNC', 'here');
      return { error, holds: readFileSync(path).subarray(0, 4).toString() };
    };
    const bare = await outcome('two');
    expect(bare).toMatchObject({ error: expect.stringMatching(/EIO|ENOSPC/), holds: 'here' });
    expect(await outcome('one')).toEqual(bare);
    expect(drainAll(world.interceptor)).toContainEqual(REFUSED);
  });
});

describe.skipIf(skip !== null)('fuse and a file system that is full', () => {
  const top = mkdtempSync(join(tmpdir(), 'understudy-full-'));
  let home: string;
  let world: Scratch;
  let caller: Caller;

  beforeAll(async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', top]);
    home = mkdtempSync(join(tmpdir(), 'understudy-home-'));
    world = await scratch({ directory: join(home, 'home') }, top);
    writeFileSync(world.path('one/file'), 'x'.repeat(4096));
    await world.interceptor.protect(world.raw('one'));
    caller = await Caller.start();
  });
  afterAll(async () => {
    caller?.end();
    await world?.close();
    execFileSync('umount', [top]);
    for (const one of [top, home]) rmSync(one, { recursive: true, force: true });
  });

  it('[FSI5] a write that finds no space has changed the time of its file, and nothing is compared for it', async () => {
    const path = world.path('one/file');
    try {
      execFileSync('dd', ['if=/dev/zero', `of=${world.path('two/ballast')}`, 'bs=4k'], { stdio: 'pipe' });
    } catch {
      // It ends when the file system is full.
    }
    utimesSync(path, 1000, 1000);
    drainAll(world.interceptor);
    const { error } = await caller.call('through', path, 'O_APPEND', 'no room'.repeat(2000));
    expect(error).toBe('ENOSPC');
    const [record, ...more] = drainAll(world.interceptor);
    expect(more).toEqual([]);
    expect(record).toMatchObject({ verb: Verb.setattr, detail: SetAttribute.mtime });
    expect(record?.attributes.mtimeSec).toBe(Math.floor(statSync(path).mtimeMs / 1000));
  });
});
