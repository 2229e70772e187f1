import type { RawName } from '@understudy/base';
import { Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, DIRECTORY, ModelSource, REGULAR } from '../testing/model-source.ts';
import { Play } from '../testing/play.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';
import { isKeptFolder } from './keep-aside.ts';

class Killed extends Error {}

const move = fc.record({ kind: fc.nat(999), a: fc.nat(999), b: fc.nat(999), c: fc.nat(999), d: fc.nat(999) });

function rooted(): ModelSource {
  const source = new ModelSource();
  source.say({
    verb: Verb.root,
    node: source.root.id,
    data: bytesOf(ROOT_PATH),
    attributes: source.attributes(source.root),
  });
  return source;
}

describe('operations applied in order', () => {
  it("[TRM1] give the source's tree, whatever the operations", () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 120 }), fc.boolean(), (moves, filePaths) => {
        const play = new Play(rooted());
        for (const one of moves) play.make(one);
        const rig = new Rig({ filePaths });
        rig.run(play.source.records);
        expect(rig.tree()).toEqual(play.source.tree());
        expect(rig.limbo()).toHaveLength(play.nameless.length);
        expect(rig.replies).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('[TCM5] give the same tree when the agent is killed after any number of changes, again and again', () => {
    const kills = fc.array(fc.nat(60), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(move, { maxLength: 80 }),
        kills,
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (moves, after, batch, filePaths) => {
          const play = new Play(rooted());
          for (const one of moves) play.make(one);
          const rig = new Rig({ filePaths });
          for (const changes of after) {
            let left = changes;
            const die = (): void => {
              left -= 1;
              if (left < 0) throw new Killed();
            };
            rig.replica.beforeChange = die;
            rig.journal.beforeWrite = die;
            try {
              rig.run(play.source.records, { records: batch, bytes: 1 << 20 });
            } catch (error) {
              if (!(error instanceof Killed)) throw error;
            }
            rig.restart();
          }
          rig.run(play.source.records, { records: batch, bytes: 1 << 20 });
          expect(rig.tree()).toEqual(play.source.tree());
          expect(rig.limbo().filter((name) => !isKeptFolder(name as RawName))).toHaveLength(play.nameless.length);
          expect(rig.replies).toEqual([]);
          expect(rig.apply.condition.state).toBe('ok');
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 2000) },
    );
  });

  it('[TCM5] a file that left its directory before that was removed has its times after a replay, too', () => {
    const source = rooted();
    const play = new Play(source);
    const moves = [
      [0, 0, 341, 0, 0],
      [0, 0, 0, 0, 0],
      [302, 0, 463, 0, 0],
      [0, 21, 0, 0, 0],
      [828, 31, 0, 162, 0],
      [926, 442, 0, 0, 0],
    ];
    for (const [kind = 0, a = 0, b = 0, c = 0, d = 0] of moves) play.make({ kind, a, b, c, d });
    const verbs = [Verb.root, Verb.create, Verb.create, Verb.mkdir, Verb.create, Verb.rename, Verb.rmdir];
    expect(source.records.map(({ verb }) => verb)).toEqual(verbs);
    const rig = new Rig({ filePaths: false });
    const { replica } = rig;
    // Killed when all is done and no time is set.
    const setTimes = replica.setTimes.bind(replica);
    replica.setTimes = () => {
      throw new Killed();
    };
    expect(() => rig.run(source.records)).toThrow(Killed);
    replica.setTimes = setTimes;
    rig.restart();
    rig.run(source.records);
    expect(rig.tree()).toEqual(source.tree());
  });

  it.each([
    ['a directory', DIRECTORY],
    ['a file', REGULAR],
  ])('[TCM5] %s with attributes of its own is no beginning of what a replay makes there', (_, type) => {
    const source = rooted();
    source.make(source.root, 'new', type);
    const rig = new Rig({ filePaths: false });
    const { replica } = rig;
    replica.beforeChange = (call) => {
      if (call === 'mkdirat' || call === 'openat') throw new Killed();
    };
    expect(() => rig.run(source.records)).toThrow(Killed);
    replica.beforeChange = () => {};
    rig.restart();
    const name = 'new' as RawName;
    const attributes = { ...source.attributes(source.root), mode: type | 0o644 };
    const make = type === DIRECTORY ? replica.makeDirectory : replica.createFile;
    replica.setXattr(make.call(replica, replica.root, name, attributes), 'user.mine' as RawName, new Uint8Array([1]));
    rig.run(source.records);
    expect(rig.tree()).toEqual(source.tree());
    expect(rig.aside()).toEqual(['orphans/1970-01-01T00-00-00Z/new']);
  });
});
