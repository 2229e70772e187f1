import { describe, expect, it } from 'vitest';
import type { Job } from '../../source/known-job.ts';
import { newJob } from '../../source/known-job.ts';
import type { StoredJob } from '../../stored-job.ts';
import type { RoleDoor } from './door.ts';
import { Serving } from './serving.ts';

function scene(fails: { leaving?: string; staying?: string } = {}) {
  const said: string[] = [];
  const reverse = { purpose: 'failback', begun: true } as StoredJob['reverse'];
  const job = newJob({ reverse } as StoredJob);
  const door: Pick<RoleDoor, 'save' | 'freeze' | 'event'> = {
    save: (one: Job, change) => {
      one.stored = { ...one.stored, ...change };
      said.push(`stopped ${String(one.stored.reverse?.stopped ?? false)}`);
    },
    freeze: (_job, on) => said.push(`frozen ${on}`),
    event: (_job, code, _severity, sentence) => said.push(`${code}: ${sentence}`),
  };
  const act = (what: 'leaving' | 'staying') => async () => {
    said.push(what);
    if (fails[what] !== undefined) throw new Error(fails[what]);
  };
  const serving = new Serving({ door: door as RoleDoor, leaving: act('leaving'), staying: act('staying') });
  return { serving, job, said };
}

describe('what serves until the switch', () => {
  it('[FO1] is noted as stopped before the first of it is stopped, and as serving once all of it does', async () => {
    const { serving, job, said } = scene();
    await serving.stop(job);
    await serving.goOn(job);
    expect(said).toEqual(['stopped true', 'leaving', 'frozen false', 'staying', 'stopped false']);
    said.length = 0;
    await serving.goOn(job);
    expect(said).toEqual(['frozen false']);
  });

  it('serves again where only some of it could be stopped', async () => {
    const { serving, job, said } = scene({ leaving: 'two hangs' });
    await expect(serving.stop(job)).rejects.toThrow('two hangs');
    await serving.goOn(job);
    expect(said.slice(-2)).toEqual(['staying', 'stopped false']);
  });

  it('says by name what does not serve again, and tries it at the next occasion', async () => {
    const { serving, job, said } = scene({ staying: 'The service one could not be started.' });
    await serving.stop(job);
    await serving.goOn(job);
    expect(said.at(-1)).toMatch(/^failback-not-served: .*The service one could not be started\. Start it by hand\.$/);
    expect(job.stored.reverse?.stopped).toBe(true);
  });
});
