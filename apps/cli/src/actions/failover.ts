/**
 * A failover from the command line. In: a job, what was chosen. Out: the plan, the person's word, the target's steps as they are done.
 * Promised: the target's agent is asked and nobody else, since the source may be dead; nothing is done before it was shown and answered.
 */
import { type Connection, keepSubscribed, SdkError } from '@understudy/sdk';
import type { JobStatus, TakeoverPlan, TakeoverStatus } from '@understudy/wire';
import { CommandError, ExitCode, usageError } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { planText, stepLine } from '../screen/takeover.ts';
import { statusLine } from '../screen/words.ts';
import { json, sentence } from '../text.ts';
import { type FoundJob, findEnds } from './find.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';
import { tryFailover } from './test-failover.ts';
import { linked } from './watch.ts';

export interface FailoverCommand extends GlobalOptions {
  readonly data?: 'apply' | 'discard' | undefined;
  readonly point?: string | undefined;
  readonly risk?: readonly string[] | undefined;
  readonly dryRun?: true | undefined;
  readonly json?: true | undefined;
  readonly yes?: true | undefined;
  readonly skip?: true | undefined;
}

const ORDER_TIMEOUT_MS = 120_000;

export function failOver(io: Io, written: string, options: FailoverCommand): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const found = await findTarget(session, written);
    const { status } = found.job;
    const { name } = status;
    const choice = choiceOf(options);
    const halted = standsStill(status);
    if (options.skip === true && halted === null)
      throw usageError(`no failover of ${name} stands at a step that could be skipped`);
    if (halted === null) {
      const plan = await answering(() => found.connection.call('job.failoverPlan', { name, ...choice }));
      if (options.json === true) io.out(json(plan));
      else io.out(planText(plan, status));
      if (plan.obstacles.length > 0) return refuse(io, plan, options);
      if (options.dryRun === true) return ExitCode.done;
    } else if (options.dryRun === true) {
      io.out(halted.steps.map((step) => `${stepLine(step)}\n`).join(''));
      return ExitCode.done;
    }
    await confirm(io, name, options);
    const asked = { name, ...choice, sourceIsDown: true, skip: options.skip === true };
    await answering(() => found.connection.call('job.failover', asked, { timeoutMs: ORDER_TIMEOUT_MS }));
    return follow(session, found);
  });
}

export function cancelFailover(io: Io, written: string, options: GlobalOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const found = await findTarget(session, written);
    const { name } = found.job.status;
    await answering(() => found.connection.call('job.failoverCancel', { name }));
    return follow(session, found);
  });
}

/** A refusal is an answer here, too: nothing was tried. */
export function testFailover(io: Io, written: string, options: GlobalOptions & { readonly json?: true | undefined }) {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findTarget(session, written);
    return await answering(() => tryFailover(io, connection, job.status.name, options.json === true));
  });
}

/** The end of the job that keeps the replica, or has taken over. */
export async function findTarget(
  session: Session,
  written: string,
  what = 'a failover is carried out by',
): Promise<FoundJob> {
  const isTarget = ({ status }: FoundJob['job']) => status.role === 'target' || status.failover !== undefined;
  const ends = await findEnds(session, written, isTarget);
  const target = ends.find(({ job }) => isTarget(job));
  if (target !== undefined) return target;
  const { target: name } = ends[0]?.job.status ?? { target: 'its target' };
  throw new CommandError(
    ExitCode.unreachable,
    `${what} ${name}, which could not be asked, or has not been linked to this job yet; look at "understudy servers"`,
  );
}

function choiceOf({ data, point, risk }: FailoverCommand) {
  const risks = [...(risk ?? [])];
  if (point !== undefined) return { data: 'rewind' as const, point, risks };
  return { data: data ?? ('apply' as const), point: null, risks };
}

/** Halted behind the point of no return: it goes on with that step. Null: it begins anew, or it never began. */
function standsStill({ failover }: JobStatus): TakeoverStatus | null {
  const takeover = failover?.takeover ?? null;
  return takeover?.phase === 'halted' && takeover.steps.some(({ state }) => state === 'failed') && isPast(takeover)
    ? takeover
    : null;
}

function isPast({ steps }: TakeoverStatus): boolean {
  return steps.some(({ step, state }) => step === 'intercept' && state !== 'waiting');
}

function refuse(io: Io, { obstacles, name }: TakeoverPlan, { dryRun }: FailoverCommand): ExitCode {
  if (dryRun === true) return ExitCode.no;
  const risks = obstacles.map(({ risk }) => risk).filter((risk) => risk !== null);
  const hint =
    risks.length === obstacles.length ? `; taken knowingly: ${risks.map((risk) => `--risk ${risk}`).join(' ')}` : '';
  io.err(
    sentence(`${name} does not fail over: ${obstacles.length === 1 ? 'this stands' : 'these stand'} in the way${hint}`),
  );
  io.err('\n');
  return ExitCode.no;
}

/** FO3: that the source is down is a person's word. */
async function confirm(io: Io, name: string, { yes }: FailoverCommand): Promise<void> {
  if (yes === true) return;
  if (io.ask === undefined)
    throw usageError('nobody can be asked here: with --yes you say that the source is down, or may not write any more');
  const answer = await io.ask(`The source must be down, or may not write any more. Type the job's name to go on: `);
  if (answer.trim() !== name) throw new CommandError(ExitCode.no, 'nothing was done');
}

/** A refusal is an answer, and no error of the agent. */
export async function answering<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SdkError && (error.agentCode === 'refused' || error.agentCode === 'busy'))
      throw new CommandError(ExitCode.no, error.message);
    throw error;
  }
}

/** Shows each step as it ends, until a person is needed or it is over. */
export async function follow(session: Session, { server, job }: FoundJob): Promise<ExitCode> {
  const { io } = session;
  const abort = linked(io.signal);
  const shown = new Set<string>();
  let last: JobStatus | null = null;
  await keepSubscribed({
    topic: 'job-status',
    params: () => ({ name: job.status.name }),
    onPayload: ({ status }) => {
      const takeover = status?.failover?.takeover ?? null;
      if (takeover === null || last !== null) return;
      for (const step of takeover.steps) {
        const line = stepLine(step);
        if (step.state === 'waiting' || step.state === 'doing' || shown.has(line)) continue;
        shown.add(line);
        io.out(`${line}\n`);
      }
      if (takeover.phase === 'failing-over' || takeover.phase === 'taking-back') return;
      last = status;
      abort.abort();
    },
    onLink: (down) => {
      if (down !== null) session.note(`${down.message}; trying again`);
    },
    open: (): Promise<Connection> => session.open(server),
    signal: abort.signal,
  });
  return ended(io, last);
}

function ended(io: Io, status: JobStatus | null): ExitCode {
  const takeover = status?.failover?.takeover ?? null;
  if (status === null || takeover === null) return ExitCode.no;
  io.out(`${statusLine(status, Date.now())}\n`);
  if (takeover.phase !== 'halted') return ExitCode.done;
  io.err(`${sentence(takeover.advice.replaceAll('NAME', status.name))}\n`);
  return ExitCode.agent;
}
