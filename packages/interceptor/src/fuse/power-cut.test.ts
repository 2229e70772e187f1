/**
 * What an application was told to be durable is so on the source's own disk, as on the bare file system. In: one call on a file beside the
 * mount, the same on one beneath it. Held against each other: what a power cut just behind the answer leaves, and whether the disk was
 * flushed for it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scratch, scratch, whySkipped } from './testing.ts';
import { Caller } from './testing-caller.ts';
import { afterPowerCut, flushesOf, type Mounted, mountImage, whyNoImage } from './testing-images.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`what a power cut leaves is not tested under fuse: ${skip}`);

/** Where nothing is to be flushed: a `sync` of somebody else at that moment flushes this disk as well, but not each time. */
const UNDISTURBED = { retry: 3 };

type Call = readonly [verb: string, ...args: unknown[]];
/** What is there after the cut: the file's size, and the byte at that place (null: beyond the end). */
type Left = readonly [size: number, at: number, byte: string | null];
type Case = readonly [name: string, calls: readonly Call[], left: Left];

const HOLE: Left = [8192, 0, '\0'];
const PAGE: Left = [8192, 0, 'x'];
const TEXT: Left = [8192, 0, 'A'];
const ALLOTTED: Left = [65_536, 65_535, '\0'];

const DURABLE: readonly Case[] = [
  ['an asynchronous direct write with O_DSYNC', [['aio', 'O_DSYNC', '', 0]], PAGE],
  ['an asynchronous direct write with O_SYNC', [['aio', 'O_SYNC', '', 0]], PAGE],
  ['an asynchronous direct write with RWF_DSYNC', [['aio', '', 'RWF_DSYNC', 0]], PAGE],
  ['an asynchronous direct write with RWF_SYNC', [['aio', '', 'RWF_SYNC', 0]], PAGE],
  ['one with RWF_DSYNC beyond the end', [['aio', '', 'RWF_DSYNC', 8192]], [12_288, 12_287, 'x']],
  ['a direct write with O_DSYNC', [['direct', 'O_DSYNC', '', 0]], PAGE],
  ['a direct write with O_SYNC', [['direct', 'O_SYNC', '', 0]], PAGE],
  ['a direct write with RWF_DSYNC', [['direct', '', 'RWF_DSYNC', 0]], PAGE],
  ['a write with O_DSYNC', [['through', 'O_DSYNC', 'AS']], TEXT],
  ['a write with O_SYNC', [['through', 'O_SYNC', 'AS']], TEXT],
  ['a write with RWF_DSYNC', [['dsync', 'AS']], TEXT],
  ['a write before fsync', [['write', 0, 'AS'], ['fsync']], TEXT],
  ['a write before fdatasync', [['write', 0, 'AS'], ['fdatasync']], TEXT],
  ['a write before sync', [['write', 0, 'AS'], ['syncall']], TEXT],
  [
    'a write before syncfs of what lies beside the mount',
    [
      ['write', 0, 'AS'],
      ['syncfs', '../two'],
    ],
    TEXT,
  ],
  ['a store before msync', [['map'], ['store', 'AS'], ['sync']], TEXT],
  ['fallocate with O_DSYNC', [['allot', 'O_DSYNC', 0, 65_536]], ALLOTTED],
  ['fallocate with O_SYNC', [['allot', 'O_SYNC', 0, 65_536]], ALLOTTED],
];
/** Nothing is promised of these on the bare file system; they show that a cut takes what was not flushed. */
const NOT_DURABLE: readonly Case[] = [
  ['an asynchronous direct write', [['aio', '', '', 0]], HOLE],
  ['a direct write', [['direct', '', '', 0]], HOLE],
  ['a write', [['write', 0, 'AS']], HOLE],
  ['a write before sync_file_range', [['write', 0, 'AS'], ['range']], HOLE],
  ['ftruncate with O_SYNC', [['cut', 'O_SYNC', 65_536]], HOLE],
  ['fallocate', [['allot', '', 0, 65_536]], HOLE],
];

describe.skipIf(skip !== null).each(['ext4', 'xfs'])('fuse and a power cut: %s', (type) => {
  let why: string | null = null;
  let image: Mounted;
  let world: Scratch;
  let home: string;
  let caller: Caller;
  let files = 0;

  beforeAll(async () => {
    why = await whyNoImage(type);
    if (why !== null) return;
    image = mountImage(type);
    // What fsid itself makes durable is on another disk, or it would take the test's with it.
    home = mkdtempSync(join(tmpdir(), 'understudy-home-'));
    world = await scratch({ directory: join(home, 'home') }, image.point);
    await world.interceptor.protect(world.raw('one'));
    caller = await Caller.start();
  });
  afterAll(async () => {
    if (why !== null) return;
    caller.end();
    await world.close();
    await image.remove();
    rmSync(home, { recursive: true, force: true });
  });

  /** Makes the calls on a new file, one hole or full of zeros, of the second 1000. `look` sees the file that a cut leaves. */
  async function cut<T>(
    directory: string,
    calls: readonly Call[],
    look: (path: string, flushed: boolean) => T,
    full = false,
  ) {
    files += 1;
    const path = world.path(`${directory}/file${files}`);
    writeFileSync(path, full ? Buffer.alloc(8192) : '');
    truncateSync(path, 8192);
    utimesSync(path, 1000, 1000);
    execFileSync('sync', ['-f', image.point]);
    const before = flushesOf(image);
    for (const [verb, ...args] of calls) expect((await caller.call(verb, path, ...args)).error).toBeUndefined();
    const flushed = flushesOf(image) > before;
    return afterPowerCut(image, type, (point) => look(join(point, path.slice(image.point.length)), flushed));
  }
  /** What is left of the content, and whether the disk was flushed between the first and the last answer. */
  const leftOf = (directory: string, calls: readonly Call[], [, at]: Left) =>
    cut(directory, calls, (path, flushed) => {
      const content = readFileSync(path, 'latin1');
      return { flushed, left: [content.length, at, content[at] ?? null] };
    });

  for (const [name, calls, left] of DURABLE)
    it(`[FSI3] ${name} is on the disk when it is answered`, async (context) => {
      if (why !== null) return context.skip(why);
      expect(await leftOf('two', calls, left)).toEqual({ flushed: true, left });
      expect(await leftOf('one', calls, left)).toEqual({ flushed: true, left });
    });

  it(
    '[FSI3] RWF_SYNC has the time on the disk as well, RWF_DSYNC only what it takes to read',
    UNDISTURBED,
    async (context) => {
      if (why !== null) return context.skip(why);
      for (const directory of ['two', 'one'])
        for (const how of ['RWF_SYNC', 'RWF_DSYNC']) {
          const calls: Call[] = [['aio', '', how, 0]];
          const isOld = await cut(directory, calls, (path) => statSync(path).mtimeMs === 1_000_000, true);
          expect([directory, how, isOld]).toEqual([directory, how, how === 'RWF_DSYNC']);
        }
    },
  );

  it('[FSI3] syncfs is the one that the kernel does not pass on, as SPEC.md says', UNDISTURBED, async (context) => {
    if (why !== null) return context.skip(why);
    const calls: Call[] = [
      ['write', 0, 'AS'],
      ['syncfs', '.'],
    ];
    expect(await leftOf('two', calls, TEXT)).toEqual({ flushed: true, left: TEXT });
    expect(await leftOf('one', calls, HOLE)).toEqual({ flushed: false, left: HOLE });
  });

  for (const [name, calls, left] of NOT_DURABLE)
    it(`[FSI3] ${name} costs no flush`, UNDISTURBED, async (context) => {
      if (why !== null) return context.skip(why);
      expect(await leftOf('two', calls, left)).toEqual({ flushed: false, left });
      expect(await leftOf('one', calls, left)).toEqual({ flushed: false, left });
    });
});
