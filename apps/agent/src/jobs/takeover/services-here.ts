/**
 * The job's services on its source: before a cut-over away from it, and when the job has come home. In: the job's failover options. Out: what
 * serves here is stopped, the last first; or what does not serve is started. Promise: what cannot be asked is let be; of each it is known
 * that it may be stopped before it is; nothing is started twice.
 */
import { join } from 'node:path';
import type { FailoverOptions, Service } from '@understudy/wire';
import type { StoredJob } from '../stored-job.ts';
import type { RunCommand } from './run-command.ts';
import { checkOf, serves, startService, stopService } from './steps/services.ts';

export interface ServicesHere {
  /** Names of what it is about to stop go to `stopping`, each before. Throws StepError where one will not stop. */
  stop(job: StoredJob, stopping: (name: string) => void): Promise<void>;
  /** In the order of the job; all are tried. Throws StepError where one will not start: of the first. */
  start(job: StoredJob, names: readonly string[]): Promise<void>;
  /** Names of services of which something tells whether they serve, and of those of which nothing does; in the order of the job. */
  tellable(job: StoredJob): { readonly asked: readonly string[]; readonly unasked: readonly string[] };
}

export function servicesHere(home: string, run: RunCommand, action: 'migrate' | 'home'): ServicesHere {
  const contextOf = ({ id, definition }: StoredJob) => {
    const env = { UNDERSTUDY_JOB: definition.name, UNDERSTUDY_JOB_ID: id, UNDERSTUDY_ACTION: action };
    const output = join(home, `${action}-${id}.out`);
    const { signal } = new AbortController();
    return {
      signal,
      again: true,
      run: (command: readonly string[], { timeoutMs }: { readonly timeoutMs: number }) =>
        run(command, { timeoutMs, env, output }),
    };
  };
  return {
    async stop(job, stopping) {
      const context = contextOf(job);
      for (const service of [...servicesOf(job)].reverse()) {
        if (!(await serves(service, context))) continue;
        stopping(service.name);
        await stopService(service, context);
      }
    },
    async start(job, names) {
      const context = contextOf(job);
      const failed: unknown[] = [];
      for (const service of servicesOf(job))
        if (names.includes(service.name))
          await startService(service, context).catch((error: unknown) => failed.push(error));
      if (failed.length > 0) throw failed[0];
    },
    tellable(job) {
      const all = servicesOf(job);
      const namesOf = (some: readonly Service[]) => some.map(({ name }) => name);
      const asked = all.filter((service) => checkOf(service) !== null);
      return { asked: namesOf(asked), unasked: namesOf(all.filter((service) => !asked.includes(service))) };
    },
  };
}

const servicesOf = ({ definition }: StoredJob): readonly Service[] =>
  (definition.failover as FailoverOptions | null | undefined)?.services ?? [];
