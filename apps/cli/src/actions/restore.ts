/**
 * A restore from the command line. In: a job, where to. Out: the plan, a person's yes, how it goes until it is over. Promised: the agent
 * that keeps the replica is asked and nobody else, since the source may have nothing left; nothing is done before it was shown and answered.
 */
import { rawPathFromText, SdkError } from '@understudy/sdk';
import type { RestorePlan, RestoreStatus } from '@understudy/wire';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { duration, json, sentence, shown } from '../text.ts';
import { confirm } from './confirm.ts';
import { answering, findTarget } from './failover.ts';
import type { FoundJob } from './find.ts';
import { makeKnown } from './job-create.ts';
import { Progress } from './progress.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';

export interface Place {
  readonly server: string;
  readonly directory: string;
}

export interface RestoreOptions extends GlobalOptions {
  readonly to?: Place | undefined;
  readonly overwrite?: true | undefined;
  readonly risk?: readonly string[] | undefined;
  readonly dryRun?: true | undefined;
  readonly json?: true | undefined;
  readonly yes?: true | undefined;
  readonly wait?: boolean | undefined;
  readonly timeout?: number | undefined;
}

/** The other server is asked, and the replica opened. */
const CALL_MS = 120_000;
const LOOK_MS = 500;

const keeperOf = (session: Session, written: string): Promise<FoundJob> =>
  findTarget(session, written, 'a restore comes from');

export function restore(io: Io, written: string, options: RestoreOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const found = await keeperOf(session, written);
    const { name } = found.job.status;
    const asked = { name, ...(await choiceOf(session, found, options)) };
    const { connection } = found;
    const plan = await answering(() => connection.call('job.restorePlan', asked, { timeoutMs: CALL_MS }));
    io.out(options.json === true ? json(plan) : planText(plan));
    if (options.dryRun === true) return plan.obstacles.length === 0 ? ExitCode.done : ExitCode.no;
    if (plan.obstacles.length > 0) return refuse(io, plan);
    const where = `${plan.server} (${plan.places.map(shown).join(', ')})`;
    await confirm(io, `what is kept of ${name} is copied to ${where}: do it?`, options.yes === true);
    const status = await answering(() => connection.call('job.restore', asked, { timeoutMs: CALL_MS }));
    if (options.wait === false) {
      io.out(`${restoreLine(status)}\n`);
      return ExitCode.done;
    }
    return await untilOver(session, found, options.timeout ?? 86_400_000);
  });
}

export function cancelRestore(io: Io, written: string, options: GlobalOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await keeperOf(session, written);
    const asked = { name: job.status.name };
    const status = await answering(() => connection.call('job.restoreCancel', asked, { timeoutMs: CALL_MS }));
    io.out(`${restoreLine(status)}\n`);
    return ExitCode.done;
  });
}

// ------------------------------------------------------------------------------------------------------ within

async function choiceOf(session: Session, { server: keeper, connection }: FoundJob, options: RestoreOptions) {
  const choice = { overwrite: options.overwrite === true, risks: [...(options.risk ?? [])] };
  if (options.to === undefined) return { ...choice, to: null };
  const server = await session.profile.server(options.to.server);
  const atTarget = await session.connect(server);
  await makeKnown(session, { source: keeper, target: server, atSource: connection, atTarget });
  const { name, address, fingerprint } = server;
  return {
    ...choice,
    to: { server: { name, address, fingerprint }, directory: rawPathFromText(options.to.directory) },
  };
}

function planText({ name, server, steps, obstacles, notes }: RestorePlan): string {
  const lines = [`Restore of ${name} to ${server}:`];
  for (const [index, step] of steps.entries()) lines.push(`${String(index + 1).padStart(3)}. ${step}`);
  for (const note of notes) lines.push(`Note: ${note}`);
  for (const { sentence: said, risk } of obstacles)
    lines.push(`In the way: ${said}${risk === null ? '' : ` (--risk ${risk})`}`);
  return `${lines.join('\n')}\n`;
}

function refuse(io: Io, { name, obstacles }: RestorePlan): ExitCode {
  const risks = obstacles.flatMap(({ risk }) => (risk === null ? [] : [`--risk ${risk}`]));
  const hint = risks.length === obstacles.length ? ` Taken knowingly: ${risks.join(' ')}` : '';
  const said = obstacles.map((one) => sentence(one.sentence)).join(' ');
  io.err(`${sentence(`${name} is not restored: ${said}${hint}`)}\n`);
  return ExitCode.no;
}

function restoreLine({ name, server, places, phase, mirror, reason }: RestoreStatus): string {
  const where = `${server} (${places.map(shown).join(', ')})`;
  if (phase === 'done') return `${name}: what was kept of it lies on ${where}`;
  const how = phase === 'copying' ? `${mirror?.percent ?? 0} % copied to ${where}` : `${phase}, to ${where}`;
  return `${name}: ${how}${reason === null ? '' : `. ${sentence(reason.sentence)}`}`;
}

/** A link that breaks is made anew: the copy does not depend on it. */
async function untilOver(session: Session, { server, job }: FoundJob, timeout: number): Promise<ExitCode> {
  const { io } = session;
  const progress = new Progress(io);
  const { name } = job.status;
  const until = Date.now() + timeout;
  try {
    for (;;) {
      const status = await lookAt(session, server, name);
      if (status !== null && status.phase !== 'copying') return over(io, progress, status);
      if (status !== null) progress.show(restoreLine(status));
      if (Date.now() > until)
        throw new CommandError(
          ExitCode.timeout,
          `${name} is not restored after ${duration(timeout)}; it goes on${status === null ? '' : `. ${sentence(restoreLine(status))}`}`,
        );
      if (io.signal.aborted) return ExitCode.timeout;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    progress.end();
  }
}

/** Null: it cannot be asked now. */
async function lookAt(session: Session, server: FoundJob['server'], name: string): Promise<RestoreStatus | null> {
  try {
    const connection = await session.open(server);
    try {
      return (await connection.call('job.restoreStatus', { name })).restore;
    } finally {
      connection.close();
    }
  } catch (error) {
    if (error instanceof SdkError && error.agentCode === null) return null;
    throw error;
  }
}

function over(io: Io, progress: Progress, status: RestoreStatus): ExitCode {
  progress.end();
  io.out(`${restoreLine(status)}\n`);
  return status.phase === 'done' ? ExitCode.done : ExitCode.no;
}
