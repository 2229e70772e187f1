/** The way home on the command line: what was never sent, undo-failover, failback, reverse. */
import { formatBytes } from '@understudy/base';
import { SdkError } from '@understudy/sdk';
import type { JobStatus, UnsentEntry, UnsentList } from '@understudy/wire';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { statusLine } from '../screen/words.ts';
import { counted, duration, json, shown } from '../text.ts';
import { confirm } from './confirm.ts';
import { type FoundJob, findJob, knownServers, survey } from './find.ts';
import { Progress } from './progress.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';

/** A mount is taken away and made, and the other server asked. */
const CALL_MS = 120_000;
const LOOK_MS = 500;
const LISTED = 50;

const WHAT: Readonly<Record<UnsentEntry['kind'], string>> = {
  ranges: 'changed',
  doubtful: 'may have been changed when the power went',
  file: 'changed',
  metadata: 'owner, mode, times or attributes',
  made: 'made here',
  named: 'got this name here',
  removed: 'removed here',
  since: 'changed beneath it',
  everything: 'nobody knows what: everything is compared',
};

export interface UnsentOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
}

export function showUnsent(io: Io, name: string, options: UnsentOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const list = await formerList(session, await findJob(session, name));
    if (options.json === true) io.out(json(list.unsent));
    else if (list.unsent === null) io.out(`${list.why}\n`);
    else io.out(textOf(list.unsent));
    return ExitCode.done;
  });
}

export interface HomeOptions extends GlobalOptions {
  readonly yes?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly timeout?: number | undefined;
}

export function failback(io: Io, name: string, options: HomeOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const found = await findJob(session, name);
    const { source, target } = found.job.status;
    await tellUnsent(session, found);
    if (options.dryRun === true) {
      io.out(planOf(found.job.status));
      return ExitCode.done;
    }
    await confirm(
      io,
      `${target} becomes the replica of ${source}, and then the primary again: do it?`,
      options.yes === true,
    );
    const status = await ask(found, 'job.failback');
    io.out(`${statusLine(status, Date.now())}\n`);
    if (options.wait === false) return ExitCode.done;
    return await untilHome(session, found, options.timeout);
  });
}

export function reverseJob(io: Io, name: string, options: HomeOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const found = await findJob(session, name);
    const { source, target } = found.job.status;
    await tellUnsent(session, found);
    if (options.dryRun === true) {
      io.out(`${steps([...towards(source, target), `${source} stays the primary, and ${target} its target`])}`);
      return ExitCode.done;
    }
    await confirm(io, `${source} stays the primary, and ${target} becomes its target: do it?`, options.yes === true);
    io.out(`${statusLine(await ask(found, 'job.reverse'), Date.now())}\n`);
    return ExitCode.done;
  });
}

export interface UndoOptions extends HomeOptions {
  readonly discardChanges?: boolean | undefined;
}

export function undoFailover(io: Io, name: string, options: UndoOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    const { source, target } = job.status;
    if (options.dryRun === true) {
      const given =
        options.discardChanges === true
          ? `what was changed on ${source} is put aside there`
          : `it is made sure that nothing was changed on ${source}`;
      io.out(
        steps([
          given,
          `nobody writes on ${source} any more`,
          `${target} is told that it is the primary again`,
          `${source} keeps the replica again`,
        ]),
      );
      return ExitCode.done;
    }
    await confirm(io, `${target} becomes the primary again, as if nothing had been: do it?`, options.yes === true);
    const asked = { name: job.status.name, discard: options.discardChanges === true };
    const { sentence, asideAt } = await answered(connection.call('job.undoFailover', asked, { timeoutMs: CALL_MS }));
    io.out(`${sentence}\n`);
    for (const place of asideAt) session.note(`what was given up lies in ${shown(place)} on ${source}`);
    return ExitCode.done;
  });
}

// ------------------------------------------------------------------------------------------------------ within

async function ask({ connection, job }: FoundJob, call: 'job.failback' | 'job.reverse'): Promise<JobStatus> {
  return answered(connection.call(call, { name: job.status.name }, { timeoutMs: CALL_MS }));
}

/** That it cannot be done now is an answer, and no error of the agent. */
async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof SdkError && error.agentCode === 'refused') throw new CommandError(ExitCode.no, error.message);
    throw error;
  }
}

/** Of whichever server was the source when another one took over: behind a failback that is the one that speaks for the job. */
async function formerList(
  session: Session,
  found: FoundJob,
): Promise<{ readonly unsent: UnsentList | null; readonly why: string }> {
  const { id, name, target } = found.job.status;
  const { answers } = await survey(session, await knownServers(session), async (connection) => {
    const same = (await connection.call('job.list', {})).jobs.find(({ status }) => status.id === id);
    if (same === undefined || same.status.role === 'target') return null;
    return (await connection.call('job.unsent', { name: same.status.name })).unsent;
  });
  const others = answers.filter(({ server }) => server.fingerprint !== found.server.fingerprint);
  const unsent = answers.find(({ answer }) => answer !== null)?.answer ?? null;
  if (unsent !== null) return { unsent, why: '' };
  const asked =
    others.length === 0
      ? `${target} could not be asked`
      : `no server that could be asked has anything of ${name} that was never sent`;
  return { unsent: null, why: asked };
}

async function tellUnsent(session: Session, found: FoundJob): Promise<void> {
  const { unsent, why } = await formerList(session, found);
  session.io.out(unsent === null ? `Never sent: ${why}.\n` : textOf(unsent));
}

function textOf(list: UnsentList): string {
  const all = list.entries.length + list.more;
  if (all === 0) return 'Never sent: nothing.\n';
  const lines = list.entries.slice(0, LISTED).map(({ kind, path, size }) => {
    const bytes = size === 0 ? '' : `, ${formatBytes(size)}`;
    return `  ${shown(path)}: ${WHAT[kind]}${bytes}`;
  });
  const more = all > LISTED ? [`  and ${all - LISTED} more (--json has them)`] : [];
  const where = list.asideAt.map((place) => `  put aside in ${shown(place)}`);
  const head = `Never sent: ${counted(all, 'place')}, ${formatBytes(list.size)}; it is put aside before anything is overwritten.`;
  return `${[head, ...lines, ...more, ...where].join('\n')}\n`;
}

const towards = (source: string, target: string): string[] => [
  `${target} stops its own job, is read-only, and puts aside what was never sent`,
  `${target} becomes the replica of ${source}: both are compared by checksum, and what differs is sent, while work goes on`,
];

function planOf({ source, target }: JobStatus): string {
  return steps([
    ...towards(source, target),
    `when both are equal, nobody writes on ${source} any more, and the rest is sent`,
    `${target} becomes the primary, in a new epoch`,
    `${source} keeps the replica again; what is written on ${target} meanwhile is sent`,
  ]);
}

const steps = (all: readonly string[]): string => all.map((one, i) => `${i + 1}. ${one}\n`).join('');

/** Until the server that had taken over has the job no more. */
async function untilHome(session: Session, found: FoundJob, timeout = 3_600_000): Promise<ExitCode> {
  const { io } = session;
  const progress = new Progress(io);
  const { name, target } = found.job.status;
  const until = Date.now() + timeout;
  try {
    for (;;) {
      const { jobs } = await found.connection.call('job.list', {});
      const status = jobs.find(({ status: { id } }) => id === found.job.status.id)?.status;
      if (status === undefined || status.state === 'stopped' || status.source !== found.job.status.source) break;
      progress.show(statusLine(status, Date.now()));
      // Between two runs of it, with the roles changing, a job stands still for a moment and says so.
      const isStarting = status.reason?.code === 'starting';
      if (status.state === 'halted' && !isStarting) throw new CommandError(ExitCode.no, statusLine(status, Date.now()));
      if (Date.now() > until)
        throw new CommandError(
          ExitCode.timeout,
          `${name} is not home after ${duration(timeout)}; it goes on. ${statusLine(status, Date.now())}`,
        );
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if (io.signal.aborted) return ExitCode.timeout;
    }
  } finally {
    progress.end();
  }
  io.out(`${name}: ${target} is the primary again\n`);
  return ExitCode.done;
}
