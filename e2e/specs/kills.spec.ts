import { expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  goesOn,
  killAgent,
  killInterceptor,
  type Load,
  replicaOf,
  sized,
  staged,
  startLoad,
  treeDifferences,
} from '../bootstrap/index.ts';

const JOB = 'kills';

async function underLoad(stage: Bootstrap, body: (load: Load) => Promise<void>): Promise<void> {
  const source = stage.folder('source', 'kills');
  const to = stage.folder('replica');
  const replica = replicaOf(to, source);
  // The storm takes away and replaces most of what there is, which is what the brake is there to hold.
  const extra = ['--brake', 'off'];
  const job = { name: JOB, source: 'alpha', target: 'beta', include: [source], to, extra };
  await stage.client.protect({ ...job, intercept: 'fuse' });
  const load = startLoad('mixed', [stage.folder('source', 'kills', 'mixed'), '--pace-us', '1500']);
  const storm = startLoad('storm', [stage.folder('source', 'kills', 'storm'), '--pace-us', '1000']);
  await goesOn(load, 'its start');
  await body(load);
  const said = await load.stop();
  await storm.stop();
  console.info(`applications under kills: ${said}`);
  await stage.client.reach(JOB, 'protected', '120s');
  await stage.client.flush(JOB);
  expect(await treeDifferences(source, replica)).toEqual([]);
}

describeWithFuse('killed processes', () => {
  staged(
    '[FSI5] fsid and holder killed in turn cost no application an error',
    ['alpha', 'beta'],
    async (stage) => {
      await underLoad(stage, async (load) => {
        await killInterceptor({ stage, load, times: sized(20, 3) }, 'fsid');
        await killInterceptor({ stage, load, times: sized(20, 3) }, 'holder');
      });
    },
    900_000,
  );

  staged(
    '[FSI5] [TCM5] a killed source agent costs no application an error and catches up',
    ['alpha', 'beta'],
    async (stage) => {
      await underLoad(stage, (load) => killAgent({ stage, load, times: sized(5, 2) }, 'alpha', JOB));
    },
    900_000,
  );

  staged(
    '[TCM5] a killed target agent costs no application an error and catches up',
    ['alpha', 'beta'],
    async (stage) => {
      await underLoad(stage, (load) => killAgent({ stage, load, times: sized(5, 2) }, 'beta', JOB));
    },
    900_000,
  );
});
