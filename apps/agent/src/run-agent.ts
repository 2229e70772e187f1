/**
 * An agent, put together: its base (home, identity, trust), its jobs as a source, its jobs as a target, its port.
 * In: options of the command line. Out: the ready line, then service until a signal. The one place where the engine meets the world.
 */
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import { bootId, openSourceTree } from '@understudy/filesystem';
import { openFuseInterceptor, WatchInterceptor, whyFuseCannotRun } from '@understudy/interceptor';
import { StartError } from './home/start-error.ts';
import { jobControl } from './jobs/job-control.ts';
import { Interceptors } from './jobs/source/interceptors.ts';
import { SourceJobs } from './jobs/source/source-jobs.ts';
import { sourceSurroundings } from './jobs/source/surroundings.ts';
import { JobStore } from './jobs/stored-job.ts';
import { TargetJobs } from './jobs/target/target-jobs.ts';
import { type AgentBase, type AgentOptions, openAgentBase, serveAgent } from './listen/index.ts';
import { VERSION } from './version.ts';

export interface RunAgentOptions {
  readonly home: string;
  readonly listen?: string | undefined;
  readonly name?: string | undefined;
  readonly config?: string | undefined;
}

/** Runs until SIGINT or SIGTERM; answers with the exit code. */
export async function runAgent(options: RunAgentOptions): Promise<number> {
  try {
    const base = await openAgentBase({ ...options, version: VERSION } satisfies AgentOptions);
    return await serve(base);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`understudy: ${error.message}\n`);
    return error.exitCode;
  }
}

async function serve(base: AgentBase): Promise<number> {
  const boot = bootId();
  // A replica inside the protected folder is only possible where both are seen by one kernel through one set of mounts.
  const machine = `${boot}/${readlinkSync('/proc/self/ns/mnt')}`;
  const interceptors = makeInterceptors(base);
  const surroundings = sourceSurroundings({ base, interceptors, machine });
  const sources = new SourceJobs(new JobStore(base.home.jobs), surroundings);
  const targets = new TargetJobs({
    version: base.version,
    home: base.home.path,
    machine,
    bootId: boot,
    event: (event, job) => base.events.raise({ ...event, job }),
  });
  try {
    const served = await serveAgent(base, {
      jobs: jobControl(sources),
      onReplication: (link, peer) => targets.accept(link, peer.fingerprint),
    });
    await sources.restore();
    process.stdout.write(`listening ${served.address} fingerprint ${base.identity.fingerprint}\n`);
    const signal = await endSignal();
    base.logger.info({ signal }, 'the agent is stopping');
    await served.close();
    return 0;
  } finally {
    await sources.close(true);
    targets.close();
    await base.close();
  }
}

function makeInterceptors(base: AgentBase): Interceptors {
  const home = brand<RawName>(Buffer.from(base.home.path).toString('latin1'));
  const filesOf = (rootFd: number, path: RawName) => openSourceTree({ rootFd, path });
  return new Interceptors(
    {
      fuse: {
        available: () => {
          const why = whyFuseCannotRun();
          return Promise.resolve({ can: why === null, why: why ?? '' });
        },
        open: () =>
          openFuseInterceptor({
            directory: join(base.home.path, 'fsi'),
            ringBytes: powerOfTwo(base.settings['ring.size']),
            filesOf,
            homes: [home],
          }),
      },
      watch: {
        available: () => Promise.resolve({ can: true, why: '' }),
        open: () => Promise.resolve(new WatchInterceptor({ openFiles: (rootPath) => openSourceTree({ rootPath }) })),
      },
    },
    (interceptor) => {
      interceptor.onEvent((event) =>
        base.events.raise({ severity: event.severity, code: `interceptor-${event.kind}`, sentence: event.sentence }),
      );
    },
  );
}

/** The ring's size has to be one; the next larger serves. */
function powerOfTwo(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}

function endSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(signal));
  });
}
