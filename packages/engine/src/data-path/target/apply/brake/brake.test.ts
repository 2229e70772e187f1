import type { RawName } from '@understudy/base';
import { MirrorCompare, position, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../../../ports.ts';
import { bytesOf, DIRECTORY, type ModelNode, ModelSource, REGULAR } from '../../testing/model-source.ts';
import { Play } from '../../testing/play.ts';
import { Rig, ROOT_PATH } from '../../testing/rig.ts';

class Killed extends Error {}

const move = fc.record({ kind: fc.nat(999), a: fc.nat(999), b: fc.nat(999), c: fc.nat(999), d: fc.nat(999) });
/** Stretches of a second, a file old after three. */
const windowMs = 3000;

/** A source whose first mirror is over, and what its tree was at each position. */
function watched(): { source: ModelSource; trees: Map<number, Map<string, string>> } {
  const source = new ModelSource();
  const trees = new Map<number, Map<string, string>>();
  source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
  const attributes = source.attributes(source.root);
  source.say({ verb: Verb.root, node: source.root.id, data: bytesOf(ROOT_PATH), attributes });
  source.say({ verb: Verb.mirrorEnd });
  trees.set(source.records.length, source.tree());
  source.filter = (operation) => {
    trees.set(source.records.length + 1, source.tree());
    return [operation];
  };
  return { source, trees };
}

interface Bursting {
  readonly files: number;
  readonly batch: number;
  readonly stepMs: number;
}

/** Until all is applied or the brake holds; dies where the rig says. */
function applyAll(rig: Rig, source: ModelSource, { files, batch, stepMs }: Bursting): void {
  rig.records = source.records;
  if (rig.apply.stream.streamId === null) rig.hello({ next: position(1), brake: { files, share: 0, windowMs } });
  rig.hello({ next: position(rig.records.length + 1), brake: { files, share: 0, windowMs } });
  rig.send(rig.apply.stream.applied + 1);
  while (rig.accept.queued.records > 0 && rig.apply.brake.isHeld !== true) {
    rig.wallMs += stepMs;
    rig.step({ records: batch, bytes: 1 << 20 });
    rig.apply.brake.keepHouse();
  }
}

function decide(rig: Rig, source: ModelSource, how: Bursting): void {
  applyAll(rig, source, how);
  if (rig.apply.brake.state?.phase === 'held' || rig.apply.brake.state?.phase === 'rolling-back')
    rig.apply.brake.haltHere();
}

describe('the brake', () => {
  const bursts = { files: fc.integer({ min: 1, max: 4 }), batch: fc.integer({ min: 1, max: 9 }), stepMs: fc.nat(1500) };

  it('[SAFE4] halt here gives exactly the source as it was at the position that is said, whatever the operations', () => {
    let halts = 0;
    fc.assert(
      fc.property(
        fc.array(move, { minLength: 20, maxLength: 120 }),
        fc.record(bursts),
        fc.boolean(),
        (moves, how, filePaths) => {
          const { source, trees } = watched();
          const play = new Play(source);
          for (const one of moves) play.make(one);
          const rig = new Rig({ filePaths, brakes: true });
          applyAll(rig, source, how);
          const state = rig.apply.brake.state;
          if (state === null) {
            expect(rig.tree()).toEqual(source.tree());
            return;
          }
          expect(rig.tree()).toEqual(trees.get(state.at));
          expect(rig.apply.condition).toMatchObject({ state: 'held' });
          if (state.to === null) return;
          halts += 1;
          rig.apply.brake.haltHere();
          expect(rig.apply.stream.applied).toBe(state.to.position);
          expect(rig.tree()).toEqual(trees.get(state.to.position));
          // What is older can be gone back to still.
          expect(rig.limbo().filter((name) => /^undo-\d+-done/.test(name))).toEqual([]);
          expect(rig.aside().filter((path) => path.startsWith('orphans/'))).toEqual([]);
          expect(rig.apply.brake.points().every((point) => point.position <= rig.apply.stream.applied)).toBe(true);
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 500) },
    );
    expect(halts).toBeGreaterThan(20);
  });

  it('[SAFE4] the same when the agent is killed after any number of changes, while it applies and while it takes back', () => {
    let halts = 0;
    const kills = fc.array(fc.nat(80), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(move, { minLength: 20, maxLength: 100 }), fc.record(bursts), kills, (moves, how, after) => {
        const { source, trees } = watched();
        const play = new Play(source);
        for (const one of moves) play.make(one);
        const rig = new Rig({ brakes: true });
        for (const changes of after) {
          let left = changes;
          const die = (): void => {
            left -= 1;
            if (left < 0) throw new Killed();
          };
          rig.replica.beforeChange = die;
          rig.journal.beforeWrite = die;
          try {
            decide(rig, source, how);
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
          }
          rig.restart();
        }
        decide(rig, source, how);
        const state = rig.apply.brake.state;
        if (state?.phase === 'halted') halts += 1;
        expect(rig.tree()).toEqual(trees.get(rig.apply.stream.applied));
        expect(rig.replies).toEqual([]);
      }),
      { numRuns: Number(process.env.RUNS ?? 500) },
    );
    expect(halts).toBeGreaterThan(20);
  });

  it('[SAFE4] [TRM2] a disk that lets go of nothing costs no operation, and what was kept goes once it does', () => {
    const { source } = watched();
    const file = source.make(source.root, 'file', REGULAR);
    for (let i = 0; i < 40; i += 1) source.write(file, i, [i + 1]);
    const rig = new Rig({ brakes: true });
    const how = { files: 1000, batch: 2, stepMs: 1200 };
    rig.replica.beforeChange = (call) => {
      if (call === 'unlinkat') throw new FileError('EIO', call);
    };
    applyAll(rig, source, how);
    expect([rig.tree(), rig.apply.condition.state]).toEqual([source.tree(), 'ok']);
    const kept = rig.limbo().filter((name) => /^undo-\d+$/.test(name)).length;
    rig.replica.beforeChange = () => {};
    source.write(file, 0, [77]);
    applyAll(rig, source, how);
    expect(rig.limbo().filter((name) => /^undo-\d+$/.test(name)).length).toBeLessThan(kept / 2);
  });

  it('[SAFE4] a mode that is as it was is not set, for some file systems refuse every one', () => {
    const { source } = watched();
    const file = source.make(source.root, 'file', REGULAR);
    source.write(file, 0, [1, 2, 3]);
    const rig = new Rig({ brakes: true });
    const how = { files: 1000, batch: 100, stepMs: 1200 };
    applyAll(rig, source, how);
    const before = rig.tree();
    const point = rig.apply.brake.points().at(-1);
    source.write(file, 0, [9]);
    applyAll(rig, source, how);
    rig.replica.beforeChange = (call) => {
      if (call === 'fchmodat') throw new FileError('EPERM', call);
    };
    if (point === undefined) throw new Error('there is no moment to go back to');
    rig.apply.brake.rewind(point);
    expect(rig.tree()).toEqual(before);
  });
});

describe('[SAFE4] a storm over old files', () => {
  const settings = { files: 5, share: 0.2, windowMs };
  const how = { ...settings, batch: 100, stepMs: 0 };
  const FILES = 8;
  const SIZE = 64;
  const nameOf = (i: number) => `file-${i}`;

  /** Files that are older than the window, of which each has its own content. */
  function old(): { rig: Rig; source: ModelSource; files: ModelNode[]; before: Map<string, string> } {
    const { source } = watched();
    const files = Array.from({ length: FILES }, (_, i) => source.make(source.root, nameOf(i), REGULAR));
    for (const [i, file] of files.entries())
      source.write(
        file,
        0,
        Array.from({ length: SIZE }, (_, at) => i + at),
      );
    const rig = new Rig({ brakes: true });
    applyAll(rig, source, how);
    rig.wallMs += 60_000;
    source.write(source.make(source.root, 'later', REGULAR), 0, [1]);
    applyAll(rig, source, how);
    rig.wallMs += 60_000;
    return { rig, source, files, before: rig.tree() };
  }
  type Old = ReturnType<typeof old>;
  const replace = ({ source }: Old, i: number): void => {
    source.write(source.make(source.root, 'new', REGULAR), 0, [9, i]);
    source.rename(source.root, 'new', source.root, nameOf(i));
  };
  const fileOf = ({ files }: Old, i: number): ModelNode => files[i] as ModelNode;
  const storms = {
    deleted: ({ source }: Old, i: number) => source.unlink(source.root, nameOf(i)),
    replaced: replace,
    truncated: (scene: Old, i: number) => scene.source.truncate(fileOf(scene, i), SIZE / 2),
    overwritten: (scene: Old, i: number) => scene.source.write(fileOf(scene, i), 0, Array(SIZE).fill(200 + i)),
  };
  const kinds = Object.entries(storms);
  const strikeAll = (scene: Old, strike: (scene: Old, i: number) => void): void => {
    for (let i = 0; i < FILES; i += 1) strike(scene, i);
    applyAll(scene.rig, scene.source, how);
  };

  it.each(kinds)(
    'of which the files are %s is held, and halt here brings back all that they held, over a restart',
    (loss, strike) => {
      const scene = old();
      const { rig, before } = scene;
      strikeAll(scene, strike);
      expect(rig.apply.brake.state).toMatchObject({ phase: 'held', code: 'brake' });
      expect(rig.apply.brake.state?.sentence).toContain(
        `5 old files lost their content within 3 s (5 ${loss}; «file-0»`,
      );
      expect(rig.accept.queued.records).toBeGreaterThan(0);
      rig.restart();
      rig.hello({ next: position(rig.records.length + 1), brake: settings });
      rig.apply.brake.haltHere();
      expect(rig.tree()).toEqual(before);
      expect(rig.apply.brake.state?.sentence).not.toContain('Except');
    },
  );

  it.each(kinds)('of which the files are %s goes on by hand, and what they held is kept still', (_loss, strike) => {
    const scene = old();
    const { rig, source, before } = scene;
    const point = rig.apply.brake.points().at(-1);
    if (point === undefined) throw new Error('there is no moment to go back to');
    strikeAll(scene, strike);
    rig.apply.brake.goOn(rig.apply.stream.applied);
    rig.drain();
    expect(rig.tree()).toEqual(source.tree());
    rig.apply.brake.rewind(point);
    expect(rig.tree()).toEqual(before);
  });

  it.each([
    [
      'more than half of each is left',
      (scene: Old, i: number) => scene.source.truncate(fileOf(scene, i), SIZE / 2 + 1),
    ],
    [
      'each has another name still',
      (scene: Old, i: number) => {
        scene.source.link(fileOf(scene, i), scene.source.root, `also-${i}`);
        replace(scene, i);
      },
    ],
    ['one file is meant again and again', (scene: Old) => replace(scene, 0)],
  ])('is none where %s', (_what, strike) => {
    const scene = old();
    strikeAll(scene, strike);
    expect([scene.rig.apply.brake.state, scene.rig.tree()]).toEqual([null, scene.source.tree()]);
  });
});

describe('[MIR6] a directory that a rename took out of the set', () => {
  const settings = { files: 3, share: 0, windowMs: 3000 };
  /** Old files in folders, which leave it. */
  function leaving(): { rig: Rig; before: Map<string, string> } {
    const { source } = watched();
    const folders = ['first', 'second'].map((name) => {
      const folder = source.make(source.root, name, DIRECTORY);
      const inner = source.make(folder, 'inner', DIRECTORY);
      for (let i = 0; i < 2; i += 1) source.write(source.make(inner, `file-${i}`, REGULAR), 0, [i + 1]);
      source.link(inner.children.get('file-0') as ModelNode, source.root, `outer-${name}`);
      return folder;
    });
    source.filter = (operation) => [operation];
    const rig = new Rig({ brakes: true });
    const how = { ...settings, batch: 100, stepMs: 0 };
    applyAll(rig, source, how);
    rig.wallMs += 60_000;
    source.write(source.make(source.root, 'later', REGULAR), 0, [1]);
    applyAll(rig, source, how);
    const before = rig.tree();
    rig.wallMs += 60_000;
    for (const [i, name] of ['first', 'second'].entries()) {
      source.say({ verb: Verb.detach, parent: source.root.id, name: name as RawName, timeMs: rig.wallMs });
      source.say({ verb: Verb.forget, node: folders[i]?.id ?? source.root.id, timeMs: rig.wallMs });
    }
    applyAll(rig, source, how);
    return { rig, before };
  }

  it('is put back to where it was with all its names by halt here, also when the agent is killed on the way', () => {
    const whole = leaving();
    expect(whole.rig.apply.brake.state).toMatchObject({ phase: 'held', code: 'brake' });
    expect(whole.rig.apply.brake.state?.sentence).toContain('moved-out');
    // The one has left, with the name that is not also in the set; with the other it was too much.
    expect(whole.rig.aside()).toEqual([expect.stringMatching(/^kept\/[^/]*\/first\/inner\/file-1$/)]);
    for (let changes = 0; changes < 40; changes += 1) {
      const { rig, before } = leaving();
      let left = changes;
      rig.replica.beforeChange = () => {
        left -= 1;
        if (left < 0) throw new Killed();
      };
      try {
        rig.apply.brake.haltHere();
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        rig.restart();
        rig.hello({ next: position(rig.records.length + 1), brake: settings });
        if (rig.apply.brake.state?.phase !== 'halted') rig.apply.brake.haltHere();
      }
      expect(rig.tree()).toEqual(before);
      expect(rig.aside().filter((path) => path.includes('file'))).toEqual([]);
    }
  });

  it('goes for good once nobody can go back, over a restarted agent, and an event says how much and why', () => {
    const { rig } = leaving();
    rig.apply.brake.goOn(rig.apply.stream.applied);
    rig.drain();
    expect(rig.aside().length).toBeGreaterThan(0);
    rig.restart();
    rig.hello({ next: position(rig.records.length + 1), brake: settings });
    rig.apply.brake.keepHouse();
    expect(rig.aside().length).toBeGreaterThan(0);
    for (let i = 0; i < 20; i += 1) {
      rig.wallMs += 1000;
      rig.apply.brake.keepHouse();
    }
    rig.step();
    expect(rig.aside()).toEqual([]);
    expect(rig.tree().has('/outer-first')).toBe(true);
    expect(rig.events.filter(({ kind }) => kind === 'kept-removed')).toMatchObject([
      { sentence: expect.stringMatching(/^6 files and folders \(2 B\) .* they are kept for 3 s/) },
    ]);
  });
});
