/** Rules that change while the job runs: what comes in is sent, what goes out stays, and nothing else is touched. */
import { rawFromText } from '@understudy/base';
import type { Difference, OrphanChoice } from '@understudy/engine';
import { describe, expect, it } from 'vitest';
import { Wire } from './observers.ts';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
import { SCOPE_KINDS, type ScopeKind } from './scopes.ts';
import { Workload } from './workload.ts';

const name = rawFromText;
const BYTES = 64 * 1024;

class Scene {
  readonly wire = new Wire();
  readonly pair: Pair;

  constructor(first: ScopeKind, seed = 1) {
    this.pair = new Pair({
      ...{
        random: new SeededRandom(seed),
        memoryBytes: 1 << 26,
        ringBytes: 1 << 24,
        disk: 'good',
        scopes: [first],
      },
      tamper: this.wire.see,
    });
  }

  get top() {
    return this.pair.tops[0] ?? this.pair.fs.root;
  }

  edit(kind: ScopeKind): void {
    this.pair.editRules([kind]);
  }

  crank(): void {
    const { pair } = this;
    pair.pumpSource();
    pair.connect();
    while (pair.deliver('target')) pair.applySome(64);
    pair.applySome(64);
    while (pair.deliver('source')) pair.pumpSource();
    pair.advance(100);
  }

  /** Until the job is protected again; with a mirror by command before, if one is wanted. */
  settle(): void {
    this.crank();
    for (let i = 0; i < 3000 && this.pair.state() !== 'protected'; i += 1) this.crank();
    expect(this.pair.state()).toBe('protected');
  }

  write(path: string, byte: number): void {
    const { fs } = this.pair;
    const file = fs.resolve(name(path)) ?? fs.create(this.top, name(path.slice('/data/'.length)));
    fs.write(file, 0, new Uint8Array(BYTES).fill(byte));
    this.pair.contents.changed(file);
  }

  /** First byte of a file on the replica; null: it is not there. */
  replicaByte(...names: string[]): number | null {
    const [files] = this.pair.target.replicas;
    if (files === undefined) return null;
    let handle = files.root;
    for (const one of names) {
      const entry = files.entry(handle, name(one));
      if (entry === null) return null;
      handle = entry.handle;
    }
    return files.read(handle, 0, 1)?.[0] ?? null;
  }
}

async function sceneWith(first: ScopeKind): Promise<Scene> {
  const scene = new Scene(first);
  scene.write('/data/n0', 10);
  scene.write('/data/n5', 15);
  const folder = scene.pair.fs.mkdir(scene.top, name('n6'));
  const inner = scene.pair.fs.create(folder, name('inner'));
  scene.pair.fs.write(inner, 0, new Uint8Array(BYTES).fill(16));
  await scene.pair.source.start();
  scene.settle();
  return scene;
}

describe('rules changed while the job runs', () => {
  it('[MIR6] what goes out stays on the target as it was, is named, and is followed no more', async () => {
    const scene = await sceneWith('whole');
    scene.wire.contentBytes = 0;
    scene.edit('exclude-name');
    expect(scene.pair.state()).not.toBe('protected');
    scene.settle();
    expect(scene.wire.contentBytes).toBe(0);
    expect([scene.replicaByte('n5'), scene.replicaByte('n6', 'inner')]).toEqual([15, 16]);
    expect(scene.pair.events.join('\n')).toMatch(/2 names on the target are outside the rules now .*: n5, n6\./);
    scene.write('/data/n5', 99);
    scene.write('/data/n0', 20);
    scene.settle();
    expect([scene.replicaByte('n0'), scene.replicaByte('n5')]).toEqual([20, 15]);
  });

  it.each(['report', 'move', 'delete'] as const)(
    '[MIR6] [MIR4] a later mirror leaves it in place as well where orphans are to be: %s',
    async (orphans: OrphanChoice) => {
      const scene = await sceneWith('whole');
      scene.edit('exclude-name');
      scene.settle();
      scene.pair.source.job.startMirror('checksum', { orphans });
      scene.settle();
      expect([scene.replicaByte('n5'), scene.replicaByte('n6', 'inner')]).toEqual([15, 16]);
      // What the source does not have any more either is an orphan like any other.
      scene.pair.fs.unlink(scene.top, name('n5'));
      scene.pair.source.job.startMirror('checksum', { orphans });
      scene.settle();
      expect([scene.replicaByte('n5'), scene.replicaByte('n6', 'inner')]).toEqual([
        orphans === 'report' ? 15 : null,
        16,
      ]);
    },
  );

  it('[MIR6] [VER2] is no difference to a verification, as long as the source has it, too', async () => {
    const scene = await sceneWith('whole');
    const { job } = scene.pair.source;
    job.runs.setOptions({ ...job.runs.options, orphans: 'move' });
    const verified = () => {
      const found: Difference[] = [];
      job.startVerification(({ differences }) => found.push(...differences));
      for (let i = 0; i < 300 && job.verification !== null; i += 1) scene.crank();
      return found.map(({ path, what }) => `${what} ${Buffer.from(path, 'base64')}`);
    };
    scene.edit('exclude-name');
    scene.settle();
    expect([verified(), job.runs.differences]).toEqual([[], null]);
    scene.pair.fs.unlink(scene.top, name('n5'));
    expect(verified()).toEqual(['extra n5']);
    expect(job.runs.differences).toMatchObject({ count: 1, paths: ['/data/n5'] });
  });

  it('[MIR6] what comes in is sent, and only that', async () => {
    const scene = await sceneWith('exclude-name');
    expect(scene.replicaByte('n5')).toBeNull();
    scene.wire.contentBytes = 0;
    scene.edit('whole');
    scene.settle();
    expect(scene.pair.differences()).toEqual([]);
    expect(scene.wire.contentBytes).toBe(2 * BYTES);
    scene.write('/data/n5', 77);
    scene.settle();
    expect(scene.pair.differences()).toEqual([]);
  });

  it('[MIR6] out and in again: what stayed is compared and only what differs is sent', async () => {
    const scene = await sceneWith('whole');
    scene.edit('exclude-name');
    scene.settle();
    scene.write('/data/n5', 50);
    scene.settle();
    scene.wire.contentBytes = 0;
    scene.edit('whole');
    scene.settle();
    expect(scene.pair.differences()).toEqual([]);
    expect(scene.wire.contentBytes).toBe(BYTES);
  });

  it('[MIR6] [MIR3] in the middle of a mirror: it begins again under the new rules', async () => {
    const scene = new Scene('exclude-name');
    for (let i = 0; i < 20; i += 1) scene.write(`/data/f${i}`, i);
    scene.write('/data/n5', 5);
    await scene.pair.source.start();
    for (let i = 0; i < 3; i += 1) scene.crank();
    expect(scene.pair.state()).not.toBe('protected');
    scene.edit('whole');
    scene.settle();
    expect(scene.pair.differences()).toEqual([]);
  });

  it('[MIR6] a job with another number of roots does not take them', async () => {
    const scene = await sceneWith('whole');
    expect(() => scene.pair.source.job.changeRules([])).toThrow(/rules for 0 roots/);
    expect(scene.pair.state()).toBe('protected');
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    '[MIR6] seed %i: applications at work, rules changed again and again: all that is inside arrives',
    async (seed) => {
      const random = new SeededRandom(seed);
      const scene = new Scene(random.pick(SCOPE_KINDS) ?? 'whole', seed);
      const { pair } = scene;
      const changed = (node: Parameters<typeof pair.contents.changed>[0]) => pair.contents.changed(node);
      const work = new Workload({ fs: pair.fs, tops: pair.tops, fixed: pair.fixed, random, changed });
      for (let i = 0; i < 40; i += 1) work.step();
      await pair.source.start();
      for (let round = 0; round < 6; round += 1) {
        for (let i = random.below(60); i > 0; i -= 1) {
          work.step();
          if (random.chance(0.3)) scene.crank();
          if (random.chance(0.02)) pair.cut();
        }
        scene.edit(random.pick(SCOPE_KINDS) ?? 'whole');
      }
      scene.settle();
      expect(pair.source.failures).toEqual([]);
      expect(missing(pair)).toEqual([]);
    },
  );
});

/** Of the source's set, what the replica does not have as it is. Names that stayed may be further names of a file that is inside. */
function missing(pair: Pair): string[] {
  const bare = (line: string) => line.replace(/ links \d+/, '').replace(/ as \S*/, '');
  const here = new Set(pair.replicaImage().map(bare));
  return pair
    .sourceImage()
    .map(bare)
    .filter((line) => !here.has(line));
}
