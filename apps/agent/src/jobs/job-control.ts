/** What management may ask of the source's jobs, as calls: the thin layer between the port and source-jobs.ts. */
import type { JobState } from '@understudy/engine';
import { type CallArguments, type CallResult, ManagementError } from '@understudy/wire';
import type { CallContext, JobControl } from '../listen/job-control.ts';
import type { SourceJobs } from './source/source-jobs.ts';
import { brokenOff, verifyJob } from './source/verify-job.ts';

export function jobControl(jobs: SourceJobs): JobControl {
  return {
    validate: async (definition) => ({ problems: await jobs.validate(definition) }),
    create: (definition) => jobs.create(definition),
    get: (name) => Promise.resolve().then(() => jobs.kept(name)),
    edit: (asked) => jobs.edit(asked),
    start: (name, _context, adopt) => jobs.start(name, adopt),
    stop: (name) => jobs.stop(name),
    pause: (name) => Promise.resolve().then(() => jobs.pause(name, true)),
    resume: (name) => Promise.resolve().then(() => jobs.pause(name, false)),
    delete: (name) => jobs.delete(name),
    list: () => Promise.resolve().then(() => ({ jobs: jobs.list() })),
    status: (name) => Promise.resolve().then(() => jobs.status(name)),
    mirror: (asked) => Promise.resolve().then(() => jobs.mirror(asked)),
    mirrorChange: ({ name, change }) => Promise.resolve().then(() => jobs.mirrorChange(name, change)),
    brake: (asked) => jobs.brake(asked),
    verifications: (asked) => Promise.resolve().then(() => verifications(jobs, asked)),
    verify: (asked, context) => verify(jobs, asked, context),
    flush: (asked, context) => flush(jobs, asked, context),
    onStatus: (listener) => jobs.onStatus(listener),
  };
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
    const forget = runner.onEnd((reason) => settle(() => reject(brokenOff(asked.name, 'flush', reason))));
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
