/** Mirrors, repairs and verifications of a whole pair, at the moments that decide how much is read and sent. */
import { type RawName, rawFromText } from '@understudy/base';
import type { Verification } from '@understudy/engine';
import { Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { Reading, Wire } from './observers.ts';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';

const name = rawFromText;
const BLOCK = 4096;
const FILE_BLOCKS = 64;

interface Scene {
  readonly pair: Pair;
  readonly wire: Wire;
  readonly reading: Reading;
}

/** Files of 64 blocks each, not yet mirrored. */
async function scene(files: number, ringBytes = 1 << 24): Promise<Scene> {
  const wire = new Wire();
  const reading = new Reading();
  const pair = new Pair({
    random: new SeededRandom(1),
    memoryBytes: 1 << 26,
    ringBytes,
    scopes: ['whole'],
    disk: 'good',
    wrapFiles: reading.wrap,
    tamper: wire.see,
  });
  const [top = pair.fs.root] = pair.tops;
  for (let i = 0; i < files; i += 1) {
    const folder = pair.fs.mkdir(top, name(`folder${i}`));
    pair.fs.write(pair.fs.create(folder, name('file')), 0, new Uint8Array(FILE_BLOCKS * BLOCK).fill(i + 1));
  }
  await pair.source.start();
  pair.connect();
  return { pair, wire, reading };
}

function crank(pair: Pair): void {
  pair.pumpSource();
  while (pair.deliver('target')) pair.applySome(64);
  pair.applySome(64);
  while (pair.deliver('source')) pair.pumpSource();
  pair.advance(100);
}

function turn(pair: Pair, until: () => boolean): void {
  for (let i = 0; i < 2000 && !until(); i += 1) crank(pair);
  expect(until()).toBe(true);
}

const isProtected = (pair: Pair) => () => pair.state() === 'protected';
const fileOf = (pair: Pair, i: number) => pair.fs.resolve(name(`/data/folder${i}/file`)) ?? pair.fs.root;
const replicaFile = (pair: Pair, i: number) => {
  const [files] = pair.target.replicas;
  const folder = files?.entry(files.root, name(`folder${i}`));
  const entry = folder == null ? null : files?.entry(folder.handle, name('file'));
  if (files === undefined || entry == null) throw new Error(`no file ${i} on the replica`);
  return { files, handle: entry.handle };
};

describe('a repair', () => {
  it.each([
    ['where its path leads to it', false],
    ['where its path leads out of the root, by another name', true],
  ])(
    '[FSI6] [SRM2] of a file of which only a note tells compares it and sends what differs, %s',
    async (_, elsewhere) => {
      const { pair, wire, reading } = await scene(2, 1 << 16);
      reading.pathsLeadElsewhere = elsewhere;
      turn(pair, isProtected(pair));
      expect(pair.source.job.path.srm.roots.get(0)?.exceptions).not.toBeNull();
      wire.contentBytes = 0;
      for (let block = 0; block < 32; block += 1)
        pair.fs.write(fileOf(pair, 1), block * BLOCK, new Uint8Array(BLOCK).fill(100 + block));
      crank(pair);
      turn(pair, isProtected(pair));
      expect(pair.differences()).toEqual([]);
      expect(wire.contentBytes).toBeLessThanOrEqual(48 * BLOCK);
    },
  );

  it('[SRM2] of ranges reads and sends exactly these, whatever else the file holds', async () => {
    const { pair, wire, reading } = await scene(2);
    turn(pair, isProtected(pair));
    const { files, handle } = replicaFile(pair, 1);
    files.write(handle, 3 * BLOCK, new Uint8Array(BLOCK));
    files.write(handle, 40 * BLOCK, new Uint8Array(2 * BLOCK));
    wire.contentBytes = 0;
    reading.bytes = 0;
    const { dirty } = pair.source.job.path.srm;
    dirty.addRange(0, fileOf(pair, 1), 3 * BLOCK, 4 * BLOCK, 'verification');
    dirty.addRange(0, fileOf(pair, 1), 40 * BLOCK, 42 * BLOCK, 'verification');
    turn(pair, isProtected(pair));
    expect([wire.contentBytes, reading.bytes]).toEqual([3 * BLOCK, 3 * BLOCK]);
    expect(pair.differences()).toEqual([]);
  });

  it('[SRM2] that is cut off by the loss of its queue is taken up with what it had, and nothing else is compared', async () => {
    const { pair, wire } = await scene(3);
    turn(pair, isProtected(pair));
    const mirrors = wire.of(1000);
    const { job } = pair.source;
    job.path.srm.dirty.addNode(0, fileOf(pair, 2), 'queue-full');
    job.pump();
    expect(job.mirror?.repairing).toBe(true);
    job.runs.lose();
    expect(job.path.srm.dirty.size).toBe(1);
    turn(pair, isProtected(pair));
    expect(wire.of(1000)).toBe(mirrors);
    expect(pair.differences()).toEqual([]);
  });
});

describe('[MIR2] a mirror by checksum', () => {
  it('sends the blocks that differ, to the grain of its block size, and no others', async () => {
    const { pair, wire } = await scene(2);
    turn(pair, isProtected(pair));
    const { files, handle } = replicaFile(pair, 0);
    files.write(handle, 5 * BLOCK + 7, Uint8Array.of(99));
    wire.contentBytes = 0;
    pair.source.job.startMirror('checksum', { blockSize: BLOCK });
    pair.source.job.pump();
    turn(pair, isProtected(pair));
    expect(wire.contentBytes).toBe(BLOCK);
    expect(pair.differences()).toEqual([]);
  });
});

describe('[MIR3] a mirror', () => {
  const TOTAL = 12 * FILE_BLOCKS * BLOCK;

  it.each([
    ['link', (pair: Pair) => pair.cut()],
    ['target', (pair: Pair) => pair.killTarget()],
  ])('goes on over the loss of its %s, again and again: what was finished is not sent again', async (_what, lose) => {
    const { pair, wire } = await scene(12);
    for (let i = 0; i < 4000 && pair.state() !== 'protected'; i += 1) {
      crank(pair);
      if (i % 5 === 4 && i < 100) lose(pair);
      pair.connect();
    }
    expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
    // One that begins with nothing, and none after it.
    expect(wire.of(1000)).toBe(1);
    expect(wire.contentBytes).toBeLessThan(TOTAL * 1.5);
  });

  it('that is lost with its queue compares and sends only what it had not finished', async () => {
    const { pair, wire } = await scene(12);
    const { job } = pair.source;
    const half = () => (job.mirror?.progress.filesDone ?? 0) >= 6;
    turn(pair, half);
    for (let i = 0; i < 3; i += 1) crank(pair);
    const before = wire.contentBytes;
    job.runs.lose();
    turn(pair, isProtected(pair));
    expect(pair.differences()).toEqual([]);
    expect(wire.contentBytes - before).toBeLessThan(TOTAL - before + 5 * FILE_BLOCKS * BLOCK);
  });

  it('stands still while it is paused, and operations pass', async () => {
    const { pair, wire } = await scene(12);
    const { job } = pair.source;
    turn(pair, () => (job.mirror?.progress.filesDone ?? 0) >= 2);
    job.runs.pauseMirror(true);
    for (let i = 0; i < 20; i += 1) crank(pair);
    const before = wire.contentBytes;
    const writes = wire.of(Verb.write);
    pair.contents.changed(fileOf(pair, 0));
    pair.fs.write(fileOf(pair, 0), 0, Uint8Array.of(7));
    for (let i = 0; i < 20; i += 1) crank(pair);
    expect([wire.contentBytes, wire.of(Verb.write), pair.state()]).toEqual([before, writes + 1, 'paused']);
    job.runs.pauseMirror(false);
    turn(pair, isProtected(pair));
    expect([wire.of(1000), pair.differences()]).toEqual([1, []]);
  });

  it('that was stopped leaves the job degraded until another has ended', async () => {
    const { pair } = await scene(4);
    const { job } = pair.source;
    turn(pair, () => job.mirror !== null);
    expect(job.runs.stopMirror()).toBe(true);
    for (let i = 0; i < 20; i += 1) crank(pair);
    expect([pair.state(), job.mirror]).toEqual(['degraded', null]);
    job.startMirror('attributes');
    job.pump();
    turn(pair, isProtected(pair));
    expect(pair.differences()).toEqual([]);
  });
});

describe('[MIR5] what a mirror tells of itself', () => {
  it('it finds out how much there is before it sends anything, or it does not; and how fast it is', async () => {
    const { pair, wire } = await scene(12);
    const { job } = pair.source;
    turn(pair, isProtected(pair));
    expect(job.runs.rate.bytesPerSecond ?? 0).toBeGreaterThan(0);
    for (const [calculate, order] of [
      [true, /^l{13}b+$/],
      [false, /^l+b.*l.*b/],
    ] as const) {
      wire.order = '';
      job.startMirror('everything', { calculate });
      job.pump();
      turn(pair, isProtected(pair));
      expect(wire.order).toMatch(order);
    }
  });
});

describe('a verification', () => {
  it('[VER1] does not wait for a file that is written all the time, raises no alarm about it, and names it', async () => {
    const { pair } = await scene(3);
    turn(pair, isProtected(pair));
    const ended: Verification[] = [];
    pair.source.job.startVerification((verification) => ended.push(verification));
    let turns = 0;
    for (; turns < 400 && ended.length === 0; turns += 1) {
      pair.contents.changed(fileOf(pair, 1));
      pair.fs.write(fileOf(pair, 1), 0, Uint8Array.of(turns & 255));
      // One look at the ring a write: the file never stands still between the reading and the next look.
      pair.pumpSource();
      while (pair.deliver('target')) pair.applySome(64);
      pair.applySome(64);
      while (pair.deliver('source'));
    }
    const [verification] = ended;
    expect([verification?.done, verification?.differences]).toEqual([true, []]);
    expect(verification?.inMotion).toEqual([expect.stringContaining('folder1/file')]);
    expect(turns).toBeLessThan(200);
  });

  it('[VER2] with repair sends exactly what differs: of the root too, and of content the blocks', async () => {
    const { pair, wire } = await scene(3);
    turn(pair, isProtected(pair));
    const { files, handle } = replicaFile(pair, 2);
    files.write(handle, 20 * BLOCK, Uint8Array.of(99));
    files.setMode(files.root, 0o700);
    files.setXattr(files.root, 'user.x' as RawName, Uint8Array.of(1));
    wire.contentBytes = 0;
    let found: string[] = [];
    const { job } = pair.source;
    job.startVerification((verification) => {
      found = verification.differences.map(({ what }) => what);
    }, true);
    turn(pair, () => found.length > 0);
    turn(pair, isProtected(pair));
    expect(found.sort()).toEqual(['content', 'mode', 'times', 'xattrs']);
    expect(pair.differences()).toEqual([]);
    expect(wire.contentBytes).toBe(4 * BLOCK);
  });

  it('[TRM2] a flush says how many paths could not be brought over', async () => {
    const { pair } = await scene(1);
    turn(pair, isProtected(pair));
    const { job } = pair.source;
    const node = fileOf(pair, 0);
    const reply = { kind: 'failed', at: 1, root: 0, node, parent: 0n, errno: 'EPERM', path: '' } as never;
    for (let i = 0; i < 10 && job.unrepairable().length === 0; i += 1) {
      job.replied([reply]);
      turn(pair, () => job.path.srm.dirty.size === 0 && job.mirror === null);
    }
    let told = -1;
    job.flush((_, unrepairable) => {
      told = unrepairable;
    });
    turn(pair, () => told >= 0);
    expect(told).toBe(1);
  });
});
