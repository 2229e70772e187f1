/**
 * An agent, put together: its base (home, identity, trust), its jobs as a source, its jobs as a target, its port.
 * In: options of the command line. Out: the ready line, then service until a signal. The one place where the engine meets the world.
 */
import { readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import { bootId, createNodeCodec, type NodeIndex, openSourceTree, unmountViews } from '@understudy/filesystem';
import { openFuseInterceptor, WatchInterceptor, whyFuseCannotRun } from '@understudy/interceptor';
import { JobHistory } from './history/job-history.ts';
import { StartError } from './home/start-error.ts';
import { allStatuses, jobControl } from './jobs/job-control.ts';
import { type RestoreParts, Restores } from './jobs/restore/restores.ts';
import { Interceptors } from './jobs/source/interceptors.ts';
import { SourceJobs } from './jobs/source/source-jobs.ts';
import { sourceSurroundings } from './jobs/source/surroundings.ts';
import { JobStore } from './jobs/stored-job.ts';
import { Cutover } from './jobs/takeover/migrate/cutover.ts';
import { epochWord } from './jobs/takeover/reverse/epoch-word.ts';
import { reverseRole } from './jobs/takeover/reverse/reverse-role.ts';
import { type RoleParts, SwappedRoles } from './jobs/takeover/reverse/swapped-roles.ts';
import { runCommand } from './jobs/takeover/run-command.ts';
import { servicesHere } from './jobs/takeover/services-here.ts';
import { takeoverParts } from './jobs/takeover/takeover-parts.ts';
import { Takeovers } from './jobs/takeover/takeovers.ts';
import { JobTests, testParts } from './jobs/takeover/test-failover/job-tests.ts';
import { TestFailovers } from './jobs/takeover/test-failover/test-failover.ts';
import { kernelGuard } from './jobs/target/guard/replica-guard.ts';
import { pastCalls } from './jobs/target/past/past-calls.ts';
import { viewOwnerOf } from './jobs/target/past/target-past.ts';
import { TargetJobs, type TargetSurroundings } from './jobs/target/target-jobs.ts';
import { type AgentBase, type AgentOptions, openAgentBase, serveAgent } from './listen/index.ts';
import { keepHeapLean } from './service/lean-heap.ts';
import { VERSION } from './version.ts';
import { OwnEpochs } from './witness/index.ts';

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
  const ends: Ends = [() => base.close()];
  try {
    const { address, restored } = await putTogether(base, ends);
    await restored;
    process.stdout.write(`listening ${address} fingerprint ${base.identity.fingerprint}\n`);
    const signal = await ending;
    base.logger.info({ signal }, 'the agent is stopping');
    return 0;
  } finally {
    await inReverse(ends, (error) => base.logger.error({ err: error }, 'something did not end in order'));
  }
}

export type Ends = (() => Promise<void> | void)[];

/** A whole agent on its base, which listens. `ends`: gets what has to be closed, the last first. `restored`: all that ran before runs again. */
export async function putTogether(base: AgentBase, ends: Ends) {
  const boot = bootId();
  // A replica inside the protected folder is only possible where both are seen by one kernel through one set of mounts.
  const machine = `${boot}/${readlinkSync('/proc/self/ns/mnt')}`;
  // What a killed agent left: nobody answers there any more.
  unmountViews(viewOwnerOf(base.home.path));
  const interceptors = makeInterceptors(base);
  const surroundings = sourceSurroundings({ base, interceptors, machine });
  const sources = new SourceJobs(new JobStore(base.home.jobs), surroundings);
  const mounts = promised();
  const targets: TargetJobs = new TargetJobs({
    ...targetSurroundings(base, boot, machine),
    ready: mounts.known,
    sentAway: (jobId, epoch) => takeovers.sentAway(jobId, epoch),
    primary: (hello, peer) => restores.refusal(hello.jobId) ?? roles.primary(hello, peer),
    spared: (jobId, path, isDirectory) => roles.spared(jobId, path, isDirectory),
    comeBack: (hello, peer) => roles.comeBack(hello, peer),
    protectedHere: (hello) => roles.protectedHere(hello),
  });
  ends.push(() => targets.close());
  const reverse = reverseRole(() => roles);
  const tests = new TestFailovers(testParts(base, targets));
  ends.push(() => tests.close());
  const waiting = givingWay(tests, (jobId) => restores.giveWay(jobId));
  const takeovers: Takeovers = new Takeovers(takeoverParts(base, targets, { tests: waiting, reverse }));
  ends.push(() => takeovers.close());
  const jobTests = new JobTests({ base, targets, takeovers, tests });
  ends.push(() => jobTests.close());
  const restores = makeRestores(base, { targets, takeovers, surroundings });
  ends.push(() => restores.close());
  ends.push(() => sources.close(true));
  const roles: SwappedRoles = swappedRoles(base, { sources, targets, say: surroundings.say, takeovers });
  ends.push(() => roles.close());
  const cutover = new Cutover(sources.door, servicesHere(base.home.path, runCommand, 'migrate'));
  ends.push(() => cutover.close());
  const history = keepHistory(base, sources, takeovers);
  ends.push(() => history.close());
  const past = pastCalls(targets, base.name, (jobId) => takeovers.isTaken(jobId));
  const served = await serveAgent(base, {
    jobs: jobControl({ jobs: sources, takeovers, tests: jobTests, past, roles, cutover, restores, history }),
    onReplication: (link, peer) => targets.accept(link, peer.fingerprint),
  });
  ends.push(() => served.close());
  cutover.restore();
  const restored = sources.restore().then(() => {
    mounts.nowKnown();
    roles.restore();
    takeovers.restore();
    history.start();
    return Promise.all([jobTests.start(), restores.restore()]);
  });
  return { address: served.address, restored, sources, targets, roles, takeovers, history };
}

function swappedRoles(base: AgentBase, rooms: Pick<RoleParts, 'sources' | 'targets' | 'say' | 'takeovers'>) {
  const epochs = epochWord({ identity: base.identity, own: new OwnEpochs(base.home.path) });
  const services = servicesHere(base.home.path, runCommand, 'home');
  return new SwappedRoles({ ...rooms, trust: base.trust, epochs, services });
}

function keepHistory(base: AgentBase, sources: SourceJobs, takeovers: Takeovers): JobHistory {
  return new JobHistory({
    home: base.home.path,
    statuses: () => allStatuses(sources, takeovers),
    event: (event) => base.events.raise(event),
    fault: (error) => base.logger.warn({ err: error }, 'the history of the jobs cannot be kept or read'),
  });
}

function promised() {
  let nowKnown = () => {};
  const known = new Promise<void>((resolve) => {
    nowKnown = resolve;
  });
  return { known, nowKnown };
}

/** What makes way for a real failover. */
function givingWay(tests: TestFailovers, restore: (jobId: string) => Promise<void>) {
  const stop = async (jobId: string) => {
    await restore(jobId);
    await tests.stop(jobId);
  };
  return { status: (jobId: string) => tests.status(jobId), stop };
}

function makeRestores(
  base: AgentBase,
  {
    targets,
    takeovers,
    surroundings,
  }: Pick<RestoreParts, 'targets' | 'surroundings'> & { readonly takeovers: Takeovers },
): Restores {
  return new Restores({
    agentName: base.name,
    fingerprint: base.identity.fingerprint,
    home: base.home.path,
    targets,
    surroundings,
    isTaken: (jobId) => takeovers.isTaken(jobId),
    addressOf: (fingerprint) => base.trust.find(fingerprint)?.addresses[0] ?? null,
    jobs: new JobStore(base.home.jobs),
    openFiles: (rootPath) => openSourceTree({ rootPath }),
  });
}

/** What was opened last ends first; one that fails does not keep the others open. */
export async function inReverse(ends: Readonly<Ends>, failed: (error: unknown) => void) {
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
    undo: { ageMs: settings['undo.age'], size: settings['undo.size'] },
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
