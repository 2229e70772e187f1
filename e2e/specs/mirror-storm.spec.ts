import { expect } from 'vitest';
import {
  describeWithFuse,
  mountsBelow,
  replicaOf,
  sized,
  staged,
  startLoad,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

for (const compare of ['everything', 'attributes'] as const) {
  describeWithFuse(`a storm during a mirror (${compare})`, () => {
    staged(
      `[MIR1] the trees are equal after a storm during the mirror by ${compare}`,
      ['alpha', 'beta'],
      async (stage) => {
        const source = stage.folder('source', 'stormy');
        const to = stage.folder('replica');
        const replica = replicaOf(to, source);
        const calm = stage.folder('source', 'stormy', 'calm');
        await startLoad('many-files', [calm, String(sized(40_000, 6000)), '--bytes', '3000']).finished();
        const storms = [1, 2].map((seed) => ({
          seed: String(seed),
          folder: stage.folder('source', 'stormy', `storm-${seed}`),
        }));
        const job = {
          name: 'storm',
          source: 'alpha',
          target: 'beta',
          include: [source],
          to,
          intercept: 'fuse',
        } as const;

        if (compare === 'attributes') {
          // A replica that is almost right already: a second mirror onto what the first brought.
          await stage.client.protect({ ...job, extra: ['--brake', 'off'] });
          await stage.client.mirror('storm', '--compare', 'attributes');
        } else {
          await stage.client.create({ ...job, extra: ['--brake', 'off', '--start'] });
          await until('the source is mounted over', () => mountsBelow(source).length > 0, { everyMs: 2 });
        }
        const loads = storms.map(({ seed, folder }) =>
          startLoad('storm', [folder, '--seed', seed, '--pace-us', '300']),
        );
        await stage.client.reach('storm', 'protected', '120s');
        await until('the storms have done some thousand operations', () => {
          for (const load of loads) load.assertRunning();
          return loads.every((load) => load.progress >= 2);
        });
        for (const load of loads) await load.stop();

        await stage.client.reach('storm', 'protected', '120s');
        await stage.client.flush('storm');
        expect(await treeDifferences(source, replica)).toEqual([]);
        const { state, mirror } = await stage.client.status('storm');
        expect({ state, percent: mirror.percent }).toEqual({ state: 'protected', percent: 100 });
      },
    );
  });
}
