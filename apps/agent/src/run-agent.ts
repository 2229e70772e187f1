/**
 * An agent, put together: its base (home, identity, trust), its jobs as a source, its jobs as a target, its port.
 * In: options of the command line. Out: the ready line, then service until a signal. The one place where the engine meets the world.
 */
import { readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import { bootId, createNodeCodec, type NodeIndex, openSourceTree } from '@understudy/filesystem';
import { openFuseInterceptor, WatchInterceptor, whyFuseCannotRun } from '@understudy/interceptor';
import { StartError } from './home/start-error.ts';
import { jobControl } from './jobs/job-control.ts';
import { Interceptors } from './jobs/source/interceptors.ts';
import { SourceJobs } from './jobs/source/source-jobs.ts';
import { sourceSurroundings } from './jobs/source/surroundings.ts';
import { JobStore } from './jobs/stored-job.ts';
import { kernelGuard } from './jobs/target/guard/replica-guard.ts';
import { TargetJobs, type TargetSurroundings } from './jobs/target/target-jobs.ts';
import { type AgentBase, type AgentOptions, openAgentBase, serveAgent } from './listen/index.ts';
import { keepHeapLean } from './service/lean-heap.ts';
import { VERSION } from './version.ts';

export interface RunAgentOptions {
  readonly home: string;
  readonly listen?: string | undefined;
  readonly name?: string | undefined;
  readonly config?: string | undefined;
}

/** Runs until SIGINT or SIGTERM; answers with the exit code. */
export async function runAgent(options: RunAgentOptions): Promise<number> {
  keepHeapLean();
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
  // From the first moment on: what is protected must be let go of in order, whenever the signal comes.
  const ending = endSignal();
  const ends: (() => Promise<void> | void)[] = [() => base.close()];
  try {
    const boot = bootId();
    // A replica inside the protected folder is only possible where both are seen by one kernel through one set of mounts.
    const machine = `${boot}/${readlinkSync('/proc/self/ns/mnt')}`;
    const targets = new TargetJobs(targetSurroundings(base, boot, machine));
    ends.push(() => targets.close());
    const interceptors = makeInterceptors(base);
    const sources = new SourceJobs(new JobStore(base.home.jobs), sourceSurroundings({ base, interceptors, machine }));
    ends.push(() => sources.close(true));
    const served = await serveAgent(base, {
      jobs: jobControl(sources),
      onReplication: (link, peer) => targets.accept(link, peer.fingerprint),
    });
    ends.push(() => served.close());
    await sources.restore();
    process.stdout.write(`listening ${served.address} fingerprint ${base.identity.fingerprint}\n`);
    const signal = await ending;
    base.logger.info({ signal }, 'the agent is stopping');
    return 0;
  } finally {
    await inReverse(ends, (error) => base.logger.error({ err: error }, 'something did not end in order'));
  }
}

/** What was opened last ends first; one that fails does not keep the others open. */
async function inReverse(ends: readonly (() => Promise<void> | void)[], failed: (error: unknown) => void) {
  for (const end of [...ends].reverse()) {
    try {
      await end();
    } catch (error) {
      failed(error);
    }
  }
}

function targetSurroundings(base: AgentBase, bootId: string, machine: string): TargetSurroundings {
  const { settings } = base;
  return {
    version: base.version,
    home: base.home.path,
    machine,
    bootId,
    guard: kernelGuard,
    replicas: {
      allow: settings['replicas.allow'].map((path) => brand<RawName>(Buffer.from(path).toString('latin1'))),
      forbidden: {
        devices: settings['replicas.devices'] === 'refuse',
        setuid: settings['replicas.setuid'] === 'refuse',
      },
    },
    journal: {
      memoryBytes: settings['journal.memory'],
      folder: settings['journal.folder'],
      limits: {
        diskBytes: settings['journal.disk'],
        minFreeBytes: settings['journal.minimum-free'],
        alertShare: settings['journal.alert'] / 100,
      },
    },
    keepAsideBytes: settings['keep-aside.disk'],
    event: (event, job) => base.events.raise({ ...event, job }),
    fault: (error, job) => base.logger.error({ err: error, job }, 'a fault of the agent itself'),
  };
}

function makeInterceptors(base: AgentBase): Interceptors {
  const home = brand<RawName>(Buffer.from(base.home.path).toString('latin1'));
  const filesOf = (rootFd: number, path: RawName, index: NodeIndex) =>
    openSourceTree({ rootFd, path, codec: createNodeCodec(index) });
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
        // The driver's list of what it has mounted: something on it was left by an agent that ended.
        leftOver: () => (statSync(join(base.home.path, 'fsi', 'roots'), { throwIfNoEntry: false })?.size ?? 0) > 0,
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
    { intervalMs: base.settings['audit.interval'], limitMs: base.settings['audit.limit'] },
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
