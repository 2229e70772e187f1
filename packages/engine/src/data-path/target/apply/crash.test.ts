import { Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, ModelSource } from '../testing/model-source.ts';
import { Play } from '../testing/play.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';

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
          expect(rig.limbo().filter((name) => !name.startsWith('aside-'))).toHaveLength(play.nameless.length);
          expect(rig.replies).toEqual([]);
          expect(rig.apply.condition.state).toBe('ok');
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 2000) },
    );
  });
});
