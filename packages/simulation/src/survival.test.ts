/** A source agent that is killed goes on where it was: nothing is compared, nothing is sent twice but what was on its way. */
import { rawFromText } from '@understudy/base';
import { PAGE } from '@understudy/interceptor/memory';
import { describe, expect, it } from 'vitest';
import { Wire } from './observers.ts';
import { Pair } from './pair.ts';
import { atRest, protecting, turn } from './protecting.ts';
import { SeededRandom } from './random.ts';
import { Workload } from './workload.ts';

const name = rawFromText;

describe('a killed source agent', () => {
  it('[SRM3] has in the ring what it had drained: no mirror, no comparison, and each block is sent once', async () => {
    const { pair, file, before, mirrors } = await protecting();
    let sent = 0;
    for (let kill = 0; kill < 20; kill += 1) {
      pair.contents.changed(file);
      pair.fs.write(file, (kill % 40) * PAGE, new Uint8Array(PAGE).fill(kill + 2));
      // Drained, and dead before anything of it was sent.
      pair.source.drain();
      await pair.killSource();
      pair.connect();
      turn(pair, atRest(pair));
      sent += pair.source.job.path.scm.sentBytes;
      expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
    }
    expect(mirrors()).toBe(before);
    expect(sent).toBeLessThanOrEqual(20 * (PAGE * 1.2 + 200));
  });

  it('[SRM3] [TCM2] does not send again what the target received and did not get to acknowledge', async () => {
    const { pair, file, before, mirrors } = await protecting();
    pair.contents.changed(file);
    for (let i = 0; i < 30; i += 1) pair.fs.write(file, i * PAGE, new Uint8Array(PAGE).fill(9));
    for (let i = 0; i < 5; i += 1) {
      pair.pumpSource();
      while (pair.deliver('target')) pair.applySome(64);
    }
    pair.applySome(64);
    await pair.killSource();
    pair.connect();
    turn(pair, atRest(pair));
    expect(pair.differences()).toEqual([]);
    expect(mirrors()).toBe(before);
    expect(pair.source.job.path.scm.sentBytes).toBe(0);
  });

  it('[SRM1] [SRM3] finds in the store what the ring could not keep, and sends it in order', async () => {
    const { pair, top, file, before, mirrors } = await protecting({ ringBytes: 64 * 1024 });
    pair.cut();
    pair.contents.changed(file);
    for (let i = 0; i < 60; i += 1) {
      pair.fs.write(file, (i % 40) * PAGE, new Uint8Array(PAGE).fill(100 + i));
      pair.fs.rename(top, name(i % 2 === 0 ? 'n0' : 'n1'), top, name(i % 2 === 0 ? 'n1' : 'n0'));
      pair.pumpSource();
      if (i % 25 === 24) await pair.killSource();
    }
    expect(pair.source.store.bytes).toBeGreaterThan(100_000);
    expect(pair.source.interceptor.status().dirtyNotes).toBe(0);
    await pair.killSource();
    pair.connect();
    turn(pair, atRest(pair));
    expect([pair.state(), pair.differences(), mirrors()]).toEqual(['protected', [], before]);
    expect(pair.source.store.bytes).toBe(0);
  });

  it('[SRM2] sends exactly the ranges that a full store could not hold', async () => {
    const { pair, file } = await protecting({ ringBytes: 64 * 1024, storeBytes: 60_000 });
    pair.cut();
    pair.contents.changed(file);
    for (let i = 0; i < 200; i += 1) {
      pair.fs.write(file, (i % 7) * PAGE, new Uint8Array(PAGE).fill(i % 250));
      pair.pumpSource();
    }
    await pair.killSource();
    const { dirty } = pair.source.job.path.srm;
    expect(dirty.items().map(({ kind }) => kind)).toEqual(['ranges']);
    expect(dirty.reasons()[0]?.reason).toBe('queue-disk-full');
    pair.connect();
    turn(pair, atRest(pair));
    expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
    expect(pair.source.job.path.scm.sentBytes).toBeLessThan(8 * PAGE * 1.2 + 20_000);
  });

  it.each([
    ['under its name', false, false],
    ['and got another name', true, false],
    ['of which the ring had no room for a record', false, true],
  ])('[SRM2] sends a file once that came while the line was down %s', async (_, renamed, noted) => {
    const { pair, top } = await protecting({ ringBytes: 64 * 1024, storeBytes: 60_000 });
    pair.cut();
    const file = pair.fs.create(top, name('came'));
    const pages = 40;
    for (let i = 0; i < pages; i += 1) {
      pair.fs.write(file, i * PAGE, new Uint8Array(PAGE).fill(i + 1));
      pair.pumpSource();
    }
    if (renamed) pair.fs.rename(top, name('came'), top, name('stays'));
    pair.pumpSource();
    const { dirty } = pair.source.job.path.srm;
    if (noted) dirty.addNode(0, file, 'ring-full');
    expect(new Set(dirty.items().map(({ kind }) => kind))).toEqual(new Set(noted ? ['entry', 'node'] : ['entry']));
    const { sentBytes } = pair.source.job.path.scm;
    pair.connect();
    turn(pair, atRest(pair));
    expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
    expect(pair.source.job.path.scm.sentBytes - sentBytes).toBeLessThan(pages * PAGE * 1.2);
  });

  it('[SRM1] a hole in the store is said, and everything is compared instead of guessed', async () => {
    const { pair, file } = await protecting({ ringBytes: 64 * 1024, memoryBytes: 100_000 });
    pair.cut();
    pair.contents.changed(file);
    for (let i = 0; i < 160; i += 1) {
      pair.fs.write(file, (i % 40) * PAGE, new Uint8Array(PAGE).fill(i));
      pair.pumpSource();
    }
    expect(pair.source.store.damage(0.9)).toBe(true);
    pair.connect();
    turn(pair, atRest(pair));
    expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
    expect(pair.events.some((event) => event.startsWith('queue-damaged'))).toBe(true);
  });

  it('[SRM3] compares where what it had kept is gone', async () => {
    const { pair, file, before, mirrors } = await protecting();
    pair.contents.changed(file);
    pair.fs.write(file, 0, new Uint8Array(PAGE).fill(77));
    await pair.killSource(false);
    pair.connect();
    turn(pair, atRest(pair));
    expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
    expect(mirrors()).toBe(before + 1);
  });
});

describe('a killed source agent of a job whose nodes have to be known', () => {
  const worlds = [
    ['rules that exclude names', { scopes: ['exclude-name'] }],
    ['rules that include directories', { scopes: ['include-directories'] }],
    ['rules that include files', { scopes: ['include-files'] }],
    ['a root beneath a wider one', { scopes: ['whole'], within: true }],
    ['a root beneath a wider one, with rules', { scopes: ['exclude-with-exception'], within: true }],
  ] as const;

  for (const [what, world] of worlds)
    it(`[SRM3] goes on without a mirror: ${what}`, async () => {
      const { pair } = await protecting(world);
      const random = new SeededRandom(17);
      const changed = (node: Parameters<typeof pair.contents.changed>[0]) => pair.contents.changed(node);
      const work = new Workload({ fs: pair.fs, tops: pair.tops, fixed: pair.fixed, random, changed });
      const mirrors = () => pair.events.filter((event) => event.startsWith('mirror-ended')).length;
      const before = mirrors();
      for (let kill = 0; kill < 30; kill += 1) {
        for (let i = 0; i < 12; i += 1) {
          work.step();
          if (random.chance(0.3)) pair.pumpSource();
          if (random.chance(0.3)) pair.deliver('target');
        }
        await pair.killSource();
        // Nothing is compared as a whole, neither by a mirror nor by a repair.
        expect(pair.source.job.path.srm.dirty.items().filter(({ kind }) => kind === 'root')).toEqual([]);
        if (random.chance(0.5)) pair.connect();
        if (random.chance(0.5)) turn(pair, atRest(pair));
      }
      pair.connect();
      turn(pair, atRest(pair));
      expect([pair.state(), pair.differences(), mirrors()]).toEqual(['protected', [], before]);
      expect(pair.events.filter((event) => /refused|trouble/.test(event))).toEqual([]);
    });

  for (const [what, world] of worlds)
    it(`[MIR3] takes up its mirror where it was: ${what}`, async () => {
      const wire = new Wire();
      const random = new SeededRandom(5);
      const calm = { memoryBytes: 1 << 19, ringBytes: 1 << 20, disk: 'good' } as const;
      const pair = new Pair({ random, ...calm, ...world, tamper: wire.see });
      const [top = pair.fs.root] = pair.tops;
      for (const directory of ['n1', 'n2'].map((of) => pair.fs.mkdir(top, name(of))))
        for (let i = 0; i < 60; i += 1) {
          const file = pair.fs.create(directory, name(`n1-${i}`));
          pair.fs.write(file, 0, new Uint8Array(2 * PAGE).fill(i + 1));
        }
      await pair.source.start();
      pair.connect();
      const inside = pair.sourceImage().filter((line) => line.includes(' size ')).length * 2 * PAGE;
      for (let kill = 0; kill < 4; kill += 1) {
        const before = wire.contentBytes;
        turn(pair, () => wire.contentBytes > before + inside / 8);
        expect(pair.state()).not.toBe('protected');
        await pair.killSource();
        pair.connect();
      }
      turn(pair, atRest(pair));
      expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
      // What was under way at each kill, and not all of it four times more.
      expect(wire.contentBytes / inside).toBeLessThan(1.3);
    });
});

describe('a target that loses power', () => {
  it('[TCM5] [MIR2] compares block by block what the cut may have taken, though size and time are as they should be', async () => {
    const random = new SeededRandom(5);
    const { pair, file } = await protecting({ power: random, journalBytes: 1 << 26 });
    const [replica] = pair.target.replicas;
    const before = pair.replicaImage();
    // Names, sizes and times of the last moment, and of what no checkpoint had synced no byte.
    pair.powerCutTarget((n) => n - 1);
    const [entry] = replica?.list(replica.root) ?? [];
    expect([entry?.attributes.size, pair.differences().length > 0]).toEqual([40 * PAGE, true]);
    const reads = pair.source.job.path.scm.sentBytes;
    pair.connect();
    turn(pair, atRest(pair));
    expect([pair.state(), pair.differences(), pair.replicaImage()]).toEqual(['protected', [], before]);
    expect(pair.fs.attributes(file)?.size).toBe(40 * PAGE);
    expect(pair.source.job.path.scm.sentBytes - reads).toBeLessThan(41 * PAGE * 1.1 + 20_000);
    expect(pair.events.some((event) => event.startsWith('mirror-ended: The mirror ended: 0 files'))).toBe(false);
  });

  it('[promise] [TCM4] takes the recovery point back to what it still has, and then on again', async () => {
    const random = new SeededRandom(5);
    const { pair, file } = await protecting({ power: random, journalBytes: 1 << 26 });
    pair.targetDisk(true, true);
    const checkpointed = pair.target.applied ?? 0;
    for (let i = 0; i < 20; i += 1) {
      pair.contents.changed(file);
      pair.fs.write(file, i * PAGE, new Uint8Array(100).fill(i));
      pair.advance(2000);
      pair.pumpSource();
      turn(pair, atRest(pair));
      pair.pumpSource();
    }
    const { recovery } = pair.source.job;
    const claimed = recovery.timeMs ?? 0;
    expect(recovery.position).toBeGreaterThan(checkpointed);
    pair.powerCutTarget((n) => n - 1);
    pair.connect();
    pair.pumpSource();
    expect(recovery.position).toBeLessThanOrEqual(checkpointed);
    expect(recovery.timeMs).toBeLessThan(claimed);
    turn(pair, atRest(pair));
    pair.pumpSource();
    expect(pair.differences()).toEqual([]);
    expect(recovery.timeMs).toBeGreaterThanOrEqual(claimed);
  });
});
