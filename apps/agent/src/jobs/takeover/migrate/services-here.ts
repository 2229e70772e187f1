/**
 * The job's services on the server that is about to be moved away from. In: the job's failover options. Out: what serves here is stopped, the
 * last first; or what was stopped serves again. Promise: what does not serve here, or cannot be asked, is let be; of each it is known that it
 * may be stopped before it is.
 */
import { join } from 'node:path';
import type { FailoverOptions, Service } from '@understudy/wire';
import type { StoredJob } from '../../stored-job.ts';
import type { RunCommand } from '../run-command.ts';
import { serves, startService, stopService } from '../steps/services.ts';

export interface ServicesHere {
  /** Names of what it is about to stop go to `stopping`, each before. Throws StepError where one will not stop. */
  stop(job: StoredJob, stopping: (name: string) => void): Promise<void>;
  /** In the order of the job. Throws StepError where one will not start. */
  start(job: StoredJob, names: readonly string[]): Promise<void>;
}

export function servicesHere(home: string, run: RunCommand): ServicesHere {
  const contextOf = ({ id, definition }: StoredJob) => {
    const env = { UNDERSTUDY_JOB: definition.name, UNDERSTUDY_JOB_ID: id, UNDERSTUDY_ACTION: 'migrate' };
    const output = join(home, `migrate-${id}.out`);
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
      for (const service of servicesOf(job)) if (names.includes(service.name)) await startService(service, context);
    },
  };
}

const servicesOf = ({ definition }: StoredJob): readonly Service[] =>
  (definition.failover as FailoverOptions | null | undefined)?.services ?? [];
