import { expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  elapse,
  type Load,
  replicaOf,
  sized,
  staged,
  startLoad,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

const JOB = 'kills';

/** The load goes on: every application has come through the pause. */
async function goesOn(load: Load, after: string): Promise<void> {
  const before = Number(load.lines.at(-1) ?? 0);
  await until(`the applications go on after ${after}`, () => {
    load.assertRunning();
    return Number(load.lines.at(-1) ?? 0) > before + 200;
  });
}

async function killInterceptor(stage: Bootstrap, load: Load, which: 'fsid' | 'holder', times: number): Promise<void> {
  for (let turn = 1; turn <= times; turn += 1) {
    const alive = await until(`a ${which} is alive`, () => stage.interceptorProcesses('alpha')[which][0]);
    process.kill(alive, 'SIGKILL');
    await until(`a new ${which} has taken over (${turn})`, () =>
      stage.interceptorProcesses('alpha')[which].some((pid) => pid !== alive),
    );
    await goesOn(load, `${which} was killed the ${turn}. time`);
    // Both within a second are covered only where systemd keeps the descriptors, so this waits the second out.
    await elapse(1050);
  }
}

async function killAgent(stage: Bootstrap, load: Load, name: string, times: number): Promise<void> {
  for (let turn = 1; turn <= times; turn += 1) {
    const agent = stage.agent(name);
    await agent.kill();
    await goesOn(load, `agent ${name} was killed the ${turn}. time`);
    await agent.start();
    await goesOn(load, `agent ${name} was started the ${turn}. time`);
    await stage.client.reach(JOB, 'protected', '120s');
  }
}

async function underLoad(stage: Bootstrap, body: (load: Load) => Promise<void>): Promise<void> {
  const source = stage.folder('source', 'kills');
  const to = stage.folder('replica');
  const replica = replicaOf(to, source);
  await stage.client.protect({ name: JOB, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' });
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
        await killInterceptor(stage, load, 'fsid', sized(20, 5));
        await killInterceptor(stage, load, 'holder', sized(20, 5));
      });
    },
    900_000,
  );

  staged(
    '[FSI5] [TCM5] a killed source agent costs no application an error and catches up',
    ['alpha', 'beta'],
    async (stage) => {
      await underLoad(stage, (load) => killAgent(stage, load, 'alpha', sized(5, 2)));
    },
    900_000,
  );

  staged(
    '[TCM5] a killed target agent costs no application an error and catches up',
    ['alpha', 'beta'],
    async (stage) => {
      await underLoad(stage, (load) => killAgent(stage, load, 'beta', sized(5, 2)));
    },
    900_000,
  );
});
