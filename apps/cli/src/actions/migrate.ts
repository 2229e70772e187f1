/**
 * A cut-over from the command line. In: a job both of whose servers answer. Out: whether it is ready; or the source held, the last operation
 * on the target, and the target's failover. Promised: the target is not asked to take over before everything is there, and where it does
 * not come to that the source's applications write on.
 */
import { formatBytes } from '@understudy/base';
import type { CallResult, JobStatus, TakeoverPlan } from '@understudy/wire';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { planText } from '../screen/takeover.ts';
import { counted, duration, json, sentence } from '../text.ts';
import { confirm } from './confirm.ts';
import { answering, follow } from './failover.ts';
import { type FoundJob, findJob, knownServers, survey } from './find.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';

export interface MigrateOptions extends GlobalOptions {
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly timeout?: number | undefined;
}

interface Ends {
  readonly source: FoundJob;
  readonly target: FoundJob;
}

interface Readiness {
  readonly status: JobStatus;
  readonly plan: TakeoverPlan;
  /** Why not; empty: it is ready. */
  readonly reasons: readonly { readonly code: string; readonly sentence: string }[];
}

const PLAIN = { data: 'apply' as const, point: null, risks: [] };
/** Beyond what the last operations may take. */
const CALL_MS = 30_000;
/** So long the source is asked what it had not sent: it hears of its successor when its link is made anew. */
const HEARD_MS = 15_000;
const LOOK_MS = 250;

export function lookReady(io: Io, written: string, options: MigrateOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const ends = await bothEnds(session, written);
    const ready = await readinessOf(ends);
    io.out(options.json === true ? json(jsonOf(ready)) : textOf(ready, ends));
    return ready.reasons.length === 0 ? ExitCode.done : ExitCode.no;
  });
}

export function cutOver(io: Io, written: string, options: MigrateOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const ends = await bothEnds(session, written);
    const ready = await readinessOf(ends);
    io.out(textOf(ready, ends));
    if (ready.reasons.length > 0) return ExitCode.no;
    const { name, source, target } = ready.status;
    const question = `nothing is written to ${name} on ${source} any more, and ${target} takes over: do it?`;
    await confirm(io, question, options.yes === true);
    const held = await hold(ends.source, options.timeout ?? 30_000);
    io.out(`${source} writes no more; everything up to position ${held.position} is applied on ${target}\n`);
    const code = await takeOver(session, ends);
    if (code === ExitCode.done) await tellLeftBehind(session, ends.source);
    return code;
  });
}

export function cancelCutover(io: Io, written: string, options: MigrateOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, written);
    const asked = { name: job.status.name, sure: options.yes === true };
    await answering(() => connection.call('job.letWrite', asked));
    io.out(`${job.status.name}: the cut-over is broken off, applications on ${job.status.source} write on\n`);
    return ExitCode.done;
  });
}

// ------------------------------------------------------------------------------------------------------ within

/** Where one of the two cannot be asked there is nothing to be agreed upon. */
async function bothEnds(session: Session, written: string): Promise<Ends> {
  const found = await findJob(session, written);
  const { id, name, source, target } = found.job.status;
  const { answers } = await survey(session, await knownServers(session), (connection) =>
    connection.call('job.list', {}),
  );
  const ends = answers.flatMap(({ server, connection, answer }) =>
    answer.jobs
      .filter(({ status }) => id !== undefined && status.id === id)
      .map((job) => ({ server, connection, job })),
  );
  const from = ends.find(({ job }) => job.status.role !== 'target');
  const to = ends.find(({ job }) => job.status.role === 'target');
  if (from === undefined)
    throw new CommandError(
      ExitCode.unreachable,
      `a cut-over begins on ${source}, which could not be asked; if it is down, "understudy failover ${name}" is what there is`,
    );
  if (to === undefined)
    throw new CommandError(
      ExitCode.unreachable,
      `a cut-over ends on ${target}, which could not be asked, or keeps no replica of ${name} yet; look at "understudy servers"`,
    );
  return { source: from, target: to };
}

async function readinessOf({ source, target }: Ends): Promise<Readiness> {
  const { name } = source.job.status;
  const plan = await answering(() => target.connection.call('job.failoverPlan', { name, ...PLAIN }));
  const status = await source.connection.call('job.status', { name });
  const reasons = plan.obstacles.map((one) => ({ code: one.code, sentence: one.sentence }));
  if (status.state !== 'protected') {
    const why = status.reason === null ? '' : ` ${status.reason.sentence}`;
    reasons.unshift({ code: 'not-protected', sentence: `On ${status.source} the job is ${status.state}.${why}` });
  }
  return { status, plan, reasons };
}

const queueOf = ({ status, plan }: Readiness) => ({
  source: { operations: status.replication.queuedOperations, bytes: status.replication.queuedBytes },
  target: plan.queue,
});

function jsonOf(ready: Readiness): object {
  const { status, plan, reasons } = ready;
  const { name, state, recoveryPoint } = status;
  const queue = queueOf(ready);
  return { name, ready: reasons.length === 0, reasons, state, queue, lagMs: recoveryPoint.latencyMs, plan };
}

function textOf(ready: Readiness, ends: Ends): string {
  const { status, plan, reasons } = ready;
  const { name, source, target, mirror, recoveryPoint } = status;
  const queue = queueOf(ready);
  const waiting = ({ operations, bytes }: { operations: number; bytes: number }) =>
    `${counted(operations, 'operation')}, ${formatBytes(bytes)}`;
  const lag = recoveryPoint.latencyMs === null ? 'not known' : duration(recoveryPoint.latencyMs);
  const lines = [
    `${name} on ${source}: ${status.state}, mirror ${mirror.percent} %, ${target} is behind by ${lag}.`,
    `Waiting on ${source}: ${waiting(queue.source)}; on ${target}: ${waiting(queue.target)}.`,
    ...reasons.map((reason) => `Not yet: ${sentence(reason.sentence)}`),
  ];
  const services = servicesOf(ends.source.job).map((service) => service.name);
  const stop =
    services.length === 0
      ? `Stop what writes on ${source}`
      : `What serves on ${source} of ${services.join(', ')} is stopped by it; stop what else writes there`;
  const verdict =
    reasons.length === 0
      ? `${name} is ready to be cut over. ${stop}, then: understudy migrate ${name} --cutover`
      : `${name} is not ready to be cut over.`;
  return `${lines.join('\n')}\n${planText({ ...plan, obstacles: [] }, status)}${verdict}\n`;
}

function hold({ connection, job }: FoundJob, timeoutMs: number): Promise<CallResult<'job.holdWrites'>> {
  const asked = { name: job.status.name, timeoutMs };
  const stopping = servicesOf(job).reduce((sum, service) => sum + service.timeoutMs, 0);
  return answering(() => connection.call('job.holdWrites', asked, { timeoutMs: timeoutMs + stopping + CALL_MS }));
}

const servicesOf = ({ definition }: FoundJob['job']) => definition.failover?.services ?? [];

async function takeOver(session: Session, { source, target }: Ends): Promise<ExitCode> {
  const { name } = source.job.status;
  const letWrite = () => source.connection.call('job.letWrite', { name });
  try {
    // It does not write: that is more than a person's word.
    const asked = { name, ...PLAIN, sourceIsDown: true, skip: false };
    await answering(() => target.connection.call('job.failover', asked, { timeoutMs: CALL_MS }));
  } catch (error) {
    await letWrite().catch((late: Error) =>
      session.note(`${source.server.name} was not told to go on: ${late.message}`),
    );
    throw error;
  }
  const code = await follow(session, target);
  if (code === ExitCode.done) return code;
  const { failover } = await target.connection.call('job.status', { name });
  const epoch = failover?.takeover?.steps.find(({ step }) => step === 'epoch')?.state;
  // Before its epoch has begun nobody but the source may write, and it goes on.
  if (epoch === 'waiting') await letWrite();
  return code;
}

/** That nothing was left behind is the source's own word. */
async function tellLeftBehind(session: Session, { connection, job }: FoundJob): Promise<void> {
  const { io } = session;
  const { name, source, target } = job.status;
  for (const until = Date.now() + HEARD_MS; ; ) {
    const { unsent } = await connection.call('job.unsent', { name });
    if (unsent !== null) {
      const count = unsent.entries.length + unsent.more;
      if (count === 0) io.out(`Nothing was left behind on ${source}.\n`);
      else session.note(`${source} names ${counted(count, 'place')} that it had not sent: "understudy unsent ${name}"`);
      break;
    }
    if (Date.now() > until) {
      session.note(`${source} has not heard yet that ${target} has taken over; it writes nothing meanwhile`);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  io.out(
    `${target} is the primary of ${name}, and ${source} is kept as it was: "understudy undo-failover ${name}" goes back while nothing ` +
      `was changed, "understudy failback ${name}" brings home what was.\n`,
  );
}
