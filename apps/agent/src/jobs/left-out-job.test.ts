/** Two jobs of one source, one of which does not come back with the other after a death of the agent. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type RealAgent, Scene, whyNoRealAgents } from './testing/real-agents.ts';

const why = whyNoRealAgents();
if (why !== null) process.stderr.write(`left-out-job.test.ts is skipped: ${why}\n`);

let scene: Scene | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

const idOf = (agent: RealAgent, name: string): string => {
  const jobs = readdirSync(join(agent.home, 'jobs')).filter((file) => file.endsWith('.json'));
  const found = jobs.find(
    (file) => JSON.parse(readFileSync(join(agent.home, 'jobs', file), 'utf8')).definition.name === name,
  );
  return found?.replace('.json', '') ?? '';
};

describe.skipIf(why !== null)('a job that is left out', { timeout: 60_000 }, () => {
  it('[FSI6] [SRM3] what happened while only the other ran reaches its replica all the same', async () => {
    scene = new Scene();
    const [one, two, to] = [scene.folder('one'), scene.folder('two'), scene.folder('replicas')];
    const [alpha, beta] = [await scene.agent('alpha'), await scene.agent('beta')];
    for (const [name, source] of [
      ['one', one],
      ['two', two],
    ] as const) {
      writeFileSync(join(source, 'first'), 'before the mirror');
      await alpha.protect(beta, name, source, to);
      await alpha.until(name, ({ state }) => state === 'protected');
    }
    const id = idOf(alpha, 'two');
    const state = join(alpha.home, 'queue', id, 'state.json');
    const complete = () => JSON.parse(readFileSync(state, 'utf8')).memory.complete;
    await vi.waitFor(() => expect(complete()).toBe(true), { timeout: 5000 });
    await alpha.end('SIGKILL');

    // Its start fails for a reason of its own, while the ring is read for the other.
    const positions = join(alpha.home, 'jobs', `${id}.positions`);
    const kept = readFileSync(positions);
    writeFileSync(positions, 'damaged');
    await alpha.start();
    writeFileSync(join(two, 'while left out'), 'recorded, and given to nobody');
    writeFileSync(join(one, 'beside'), 'recorded, and sent');
    await alpha.until('one', ({ state }) => state === 'protected');
    await alpha.flush('one');
    expect((await alpha.status('two')).state).toBe('halted');
    if (process.env.OLD !== '1')
      expect((await alpha.events()).map(({ code, job }) => `${job} ${code}`)).toContain('two left-out');
    await alpha.end('SIGKILL');

    writeFileSync(positions, kept);
    await alpha.start();
    await alpha.until('two', ({ state }) => state === 'protected');
    await alpha.flush('two');
    expect(await scene.differences(two, join(to, two))).toEqual([]);
    expect(await scene.differences(one, join(to, one))).toEqual([]);
  });
});
