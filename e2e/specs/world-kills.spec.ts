/**
 * Two servers in network namespaces of their own, a mixed load with a database on one, and one process of the product killed over
 * and over, each time at a random moment: while it protects, while it dials, reads a journal, repairs. Nothing waits for the job to
 * be well again before the next kill. The bytes are measured as in the spec of the line.
 */
import { describe } from 'vitest';
import {
  describeWithFuse,
  elapse,
  openWorld,
  protectWorld,
  sized,
  staged,
  Town,
  until,
  WORLD,
  type World,
  whyNoLine,
} from '../bootstrap/index.ts';

const why = whyNoLine();
if (why !== null) console.warn(`SKIPPED killed processes between two servers: ${why}`);

const aMoment = (mostMs: number) => elapse(Math.random() * mostMs);

async function killAgents({ stage }: World, town: Town, name: string): Promise<void> {
  const times = sized(50, 3);
  for (let turn = 1; turn <= times; turn += 1) {
    const agent = stage.agent(name);
    await aMoment(2500);
    await agent.kill();
    await aMoment(500);
    await town.goesOn(`agent ${name} was killed the ${turn}. time`);
    await agent.start();
  }
}

/** One at a time: holder and fsid within the same second are covered only where a service manager keeps their descriptors. */
async function killServers({ stage }: World, town: Town): Promise<void> {
  const times = sized(50, 4);
  for (let turn = 1; turn <= times; turn += 1) {
    await aMoment(800);
    const alive = await until('an fsid is alive', () => stage.interceptorProcesses('alpha').fsid[0]);
    process.kill(alive, 'SIGKILL');
    await until(`a new fsid has taken over (${turn})`, () =>
      stage.interceptorProcesses('alpha').fsid.some((pid) => pid !== alive),
    );
    await town.goesOn(`fsid was killed the ${turn}. time`);
  }
}

const cases: readonly (readonly [string, string, (world: World, town: Town) => Promise<void>])[] = [
  ['[TCM5] the target agent', `${sized(50, 3)} times`, (world, town) => killAgents(world, town, 'beta')],
  ['[FSI5] [SRM3] the source agent', `${sized(50, 3)} times`, (world, town) => killAgents(world, town, 'alpha')],
  ['[FSI5] fsid', `${sized(50, 4)} times`, killServers],
];

describe.skipIf(why !== null)('two servers', () => {
  describeWithFuse('and killed processes', () => {
    for (const [whom, howOften, storm] of cases) {
      staged(
        `${whom} killed ${howOften} at random moments under load`,
        [],
        async (stage) => {
          const world = await openWorld(stage);
          await protectWorld(world);
          const town = await Town.open(world);
          await storm(world, town);
          await stage.client.reach(WORLD, 'protected', '120s');
          await town.settles(`${whom} killed ${howOften}`);
        },
        1_200_000,
      );
    }
  });
});
