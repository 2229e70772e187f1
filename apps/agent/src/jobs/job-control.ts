/**
 * What management may ask of the jobs here, as calls: the thin layer between the port, the source's jobs (source-jobs.ts) and what is kept
 * of others' (takeovers.ts). A job of which this agent is the source stands before one of the same name of which it keeps the replica.
 */
import type { JobState } from '@understudy/engine';
import { type CallArguments, type CallResult, type JobStatus, ManagementError } from '@understudy/wire';
import type { JobHistory } from '../history/job-history.ts';
import type { CallContext, JobControl } from '../listen/job-control.ts';
import type { Restores } from './restore/restores.ts';
import type { SourceJobs } from './source/source-jobs.ts';
import { brokenOff, verifyJob } from './source/verify-job.ts';
import type { Cutover } from './takeover/migrate/cutover.ts';
import type { SwappedRoles } from './takeover/reverse/swapped-roles.ts';
import type { Takeovers } from './takeover/takeovers.ts';
import type { JobTests } from './takeover/test-failover/job-tests.ts';
import type { PastCalls } from './target/past/past-calls.ts';

export interface JobControlParts {
  readonly jobs: SourceJobs;
  readonly takeovers: Takeovers;
  readonly tests: Pick<JobTests, 'run'>;
  readonly past: PastCalls;
  readonly roles: SwappedRoles;
  readonly cutover: Cutover;
  readonly restores: Restores;
  readonly history: Pick<JobHistory, 'answer' | 'remove'>;
}

export function jobControl(parts: JobControlParts): JobControl {
  const { jobs, takeovers, tests, past, roles, cutover, history } = parts;
  return {
    ...past,
    ...restoring(parts),
    validate: async (definition) => ({ problems: await jobs.validate(definition) }),
    create: (definition) => jobs.create(definition),
    get: (name) => Promise.resolve().then(() => jobs.kept(name)),
    edit: (asked) => jobs.edit(asked),
    start: (name, _context, options) => jobs.start(name, options),
    stop: (name) => jobs.stop(name),
    pause: (name) => Promise.resolve().then(() => jobs.pause(name, true)),
    resume: (name) => Promise.resolve().then(() => jobs.pause(name, false)),
    delete: async (name) => {
      const { id } = jobs.status(name);
      await jobs.delete(name);
      if (id !== undefined) history.remove(id);
    },
    history: (asked) => Promise.resolve().then(() => history.answer(asked, statusOf(asked.name, jobs, takeovers))),
    list: () => Promise.resolve().then(() => ({ jobs: allJobs(jobs, takeovers) })),
    status: (name) => Promise.resolve().then(() => statusOf(name, jobs, takeovers)),
    mirror: (asked) => Promise.resolve().then(() => jobs.mirror(asked)),
    mirrorChange: ({ name, change }) => Promise.resolve().then(() => jobs.mirrorChange(name, change)),
    brake: (asked) => jobs.brake(asked),
    verifications: (asked) => Promise.resolve().then(() => verifications(jobs, asked)),
    verify: (asked, context) => verify(jobs, asked, context),
    flush: (asked, context) => flush(jobs, asked, context),
    onStatus: (listener) => {
      const ends = [
        jobs.onStatus((name, status) => listener(name, status === null ? null : withFailover(status, takeovers))),
        takeovers.onStatus((name, status) => {
          if (!jobs.names().includes(name)) listener(name, status);
        }),
      ];
      return () => {
        for (const end of ends) end();
      };
    },
    failoverPlan: (asked) => Promise.resolve().then(() => takeovers.plan(asked)),
    failover: (asked, { caller }) => Promise.resolve().then(() => takeovers.failover(asked, caller.slice(0, 64))),
    testFailover: (name, { caller }) => tests.run(name, caller.slice(0, 64)),
    failoverCancel: (name, { caller }) => Promise.resolve().then(() => takeovers.cancel(name, caller.slice(0, 64))),
    unsent: (name) => Promise.resolve().then(() => roles.unsent(name)),
    failback: (name) => roles.failback(name),
    reverse: (name) => roles.reverse(name),
    undoFailover: (asked) => roles.undo(asked),
    holdWrites: ({ name, timeoutMs }) => Promise.resolve().then(() => cutover.hold(roles.job(name), timeoutMs)),
    letWrite: ({ name, sure }) =>
      Promise.resolve().then(() => {
        cutover.cancel(roles.job(name), sure);
        return jobs.status(name);
      }),
  };
}

function restoring({
  restores,
}: JobControlParts): Pick<JobControl, 'restorePlan' | 'restore' | 'restoreStatus' | 'restoreCancel'> {
  return {
    restorePlan: (asked) => restores.plan(asked),
    restore: (asked, { caller }) => restores.order(asked, caller.slice(0, 64)),
    restoreStatus: (name) => Promise.resolve().then(() => ({ restore: restores.status(name) })),
    restoreCancel: (name, { caller }) => restores.cancel(name, caller.slice(0, 64)),
  };
}

/** Of a job that this server has taken over: what became of the failover. */
function withFailover(status: JobStatus, takeovers: Takeovers): JobStatus {
  const failover = status.id === undefined ? undefined : takeovers.failoverOf(status.id);
  return failover === undefined ? status : { ...status, failover };
}

/** Both ends that are here, for what is kept of each over time. */
export const allStatuses = (jobs: SourceJobs, takeovers: Takeovers): JobStatus[] =>
  allJobs(jobs, takeovers).map(({ status }) => status);

function allJobs(jobs: SourceJobs, takeovers: Takeovers): CallResult<'job.list'>['jobs'] {
  const own = jobs.list().map((job) => ({ ...job, status: withFailover(job.status, takeovers) }));
  const known = new Set(own.map(({ status }) => status.id));
  return [...own, ...takeovers.list().filter(({ status }) => !known.has(status.id))];
}

function statusOf(name: string, jobs: SourceJobs, takeovers: Takeovers): JobStatus {
  const isOther = !jobs.names().includes(name) && takeovers.has(name);
  return isOther ? takeovers.status(name) : withFailover(jobs.status(name), takeovers);
}

async function verify(
  jobs: SourceJobs,
  { name, repair, limit }: CallArguments<'job.verify'>,
  { signal, caller }: CallContext,
): Promise<CallResult<'job.verify'>> {
  return verifyJob(jobs.drained(name), { name, repair, limit, by: caller.slice(0, 64), signal }, jobs.reports(name));
}

function verifications(jobs: SourceJobs, { name, number, limit }: CallArguments<'job.verifications'>) {
  const reports = jobs.reports(name);
  if (number === undefined) return { reports: reports.list(limit) };
  const report = reports.find(number);
  if (report !== null) return { reports: [report] };
  throw new ManagementError('refused', `No report ${number} of a verification of ${name} is kept.`);
}

/** A barrier: everything intercepted before the call. */
function flush(
  jobs: SourceJobs,
  asked: CallArguments<'job.flush'>,
  context: CallContext,
): Promise<CallResult<'job.flush'>> {
  const { runner, interception } = jobs.drained(asked.name);
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void) => {
      clearTimeout(timer);
      forget();
      settled();
    };
    const forget = runner.ends.add((reason) => settle(() => reject(brokenOff(asked.name, 'flush', reason))));
    const timer = setTimeout(() => settle(() => reject(late(asked, runner.state()))), asked.timeoutMs);
    const gone = () => settle(() => reject(new ManagementError('failed', 'The caller has gone.')));
    context.signal.addEventListener('abort', gone, { once: true });
    runner.job.flush((at, unrepairable) =>
      settle(() =>
        unrepairable === 0 ? resolve({ position: String(at) }) : reject(lacking(asked.name, at, unrepairable)),
      ),
    );
    interception.wake();
  });
}

function lacking(name: string, at: number, count: number): ManagementError {
  const paths = count === 1 ? '1 path' : `${count} paths`;
  return new ManagementError(
    'failed',
    `${name} is applied on its target up to position ${at}, but for ${paths} that could not be brought over; ` +
      `\`understudy events --job ${name}\` names them and the cause.`,
  );
}

function late({ name, timeoutMs }: CallArguments<'job.flush'>, { state, reason }: JobState): ManagementError {
  const why = reason === null ? '' : ` (${reason.sentence})`;
  return new ManagementError(
    'timeout',
    `${name} did not bring everything to its target within ${timeoutMs} ms: it is ${state}${why}. ` +
      `It goes on; look at \`understudy status ${name}\`.`,
  );
}
