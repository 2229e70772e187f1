/**
 * Processes of the product that are killed under a load. In: a stage, a load, whom to kill and how often. Promised: each kill hits a
 * process that was alive and took part, and the load went on after it.
 */
import type { Bootstrap } from './bootstrap.ts';
import { elapse, until } from './until.ts';
import type { Load } from './workload.ts';

/** What is killed, and under which load. */
export interface Killing {
  readonly stage: Bootstrap;
  readonly load: Load;
  readonly times: number;
}

/** The load goes on: every application has come through the pause. */
export async function goesOn(load: Load, after: string): Promise<void> {
  const before = Number(load.lines.at(-1) ?? 0);
  await until(`the applications go on after ${after}`, () => {
    load.assertRunning();
    return Number(load.lines.at(-1) ?? 0) > before + 200;
  });
}

export async function killInterceptor({ stage, load, times }: Killing, which: 'fsid' | 'holder'): Promise<void> {
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

/** After each start the job has to protect again. */
export async function killAgent({ stage, load, times }: Killing, name: string, job: string): Promise<void> {
  for (let turn = 1; turn <= times; turn += 1) {
    const agent = stage.agent(name);
    await agent.kill();
    await goesOn(load, `agent ${name} was killed the ${turn}. time`);
    await agent.start();
    await goesOn(load, `agent ${name} was started the ${turn}. time`);
    await stage.client.reach(job, 'protected', '120s');
  }
}
