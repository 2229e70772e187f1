/** What management may ask of the source's jobs, as calls: the thin layer between the port and source-jobs.ts. */
import { brand, type RawName, rawFromText, rawToText } from '@understudy/base';
import type { Difference as EngineDifference, JobState, Reason, Verification } from '@understudy/engine';
import { type CallArguments, type CallResult, type Difference, ManagementError } from '@understudy/wire';
import type { CallContext, JobControl } from '../listen/job-control.ts';
import type { SourceJobs } from './source/source-jobs.ts';

export function jobControl(jobs: SourceJobs): JobControl {
  return {
    validate: async (definition) => ({ problems: await jobs.validate(definition) }),
    create: (definition) => jobs.create(definition),
    start: (name) => jobs.start(name),
    stop: (name) => jobs.stop(name),
    pause: (name) => Promise.resolve().then(() => jobs.pause(name, true)),
    resume: (name) => Promise.resolve().then(() => jobs.pause(name, false)),
    delete: (name) => jobs.delete(name),
    list: () => Promise.resolve().then(() => ({ jobs: jobs.list() })),
    status: (name) => Promise.resolve().then(() => jobs.status(name)),
    mirror: (asked) => Promise.resolve().then(() => mirror(jobs, asked)),
    verify: (asked, context) => verify(jobs, asked, context),
    flush: (asked, context) => flush(jobs, asked, context),
    onStatus: (listener) => jobs.onStatus(listener),
  };
}

function mirror(jobs: SourceJobs, asked: CallArguments<'job.mirror'>) {
  if (asked.blockSize !== null)
    throw new ManagementError('unsupported-option', '--block-size is not implemented in this version; leave it out.');
  return jobs.mirror(asked.name, asked.compare);
}

async function verify(
  jobs: SourceJobs,
  asked: CallArguments<'job.verify'>,
  context: CallContext,
): Promise<CallResult<'job.verify'>> {
  if (asked.repair)
    throw new ManagementError('unsupported-option', '--repair is not implemented in this version; leave it out.');
  const running = jobs.drained(asked.name);
  const { job } = running.runner;
  const verification = await verified(running, asked.name, context);
  if (verification.lost)
    throw new ManagementError(
      'failed',
      `The verification of ${asked.name} was broken off: a mirror or a repair began, or the link was lost. Try again.`,
    );
  const { differences, moreDifferences, progress } = verification;
  const paths = running.roots.map((root) => root.path);
  return {
    differences: differences.slice(0, asked.limit).map((difference) => named(difference, paths)),
    truncated: differences.length > asked.limit || moreDifferences > 0,
    count: differences.length + moreDifferences,
    filesChecked: progress.filesDone,
    bytesChecked: progress.bytesDone,
    position: String(job.path.scm.applied),
    repaired: 0,
  };
}

type RunningJob = ReturnType<SourceJobs['drained']>;

/** Waits until the verification is done or lost, the caller is gone, or the job ends. */
function verified({ runner, interception }: RunningJob, name: string, context: CallContext): Promise<Verification> {
  refuseIdle(runner.state(), name);
  const { job } = runner;
  return new Promise<Verification>((resolve, reject) => {
    const forget = runner.onEnd((reason) => reject(ended(name, 'verification', reason)));
    const started = job.startVerification((verification) => {
      forget();
      resolve(verification);
    });
    if (started === null) {
      forget();
      const why = job.verification !== null ? 'a verification is running already' : 'its mirror is not complete';
      reject(new ManagementError('busy', `${name} cannot be verified now: ${why}. Wait for it and try again.`));
      return;
    }
    const gone = () => {
      started.markLost();
      interception.wake();
    };
    context.signal.addEventListener('abort', gone, { once: true });
    interception.wake();
  });
}

/** Nothing would move until a person or the other server does something: better said now than waited for. */
function refuseIdle({ state, reason }: JobState, name: string): void {
  if (state !== 'paused' && state !== 'disconnected') return;
  throw new ManagementError('refused', `${name} cannot be verified while it is ${state}: ${reason?.sentence ?? ''}`);
}

function ended(name: string, what: string, reason: Reason): ManagementError {
  return new ManagementError('failed', `The ${what} of ${name} was broken off: ${reason.sentence}`);
}

/** A difference with its absolute path on the source. */
function named(difference: EngineDifference, roots: readonly RawName[]): Difference {
  const beneath = Buffer.from(difference.path, 'base64').toString('latin1');
  const root = roots[difference.root] ?? '';
  const path = brand<RawName>(beneath === '' ? root : `${root}/${beneath}`);
  const text = rawToText(path).replace(/[\udc80-\udcff]/g, '\ufffd');
  const exact = rawFromText(text) === path;
  const { what, detail } = difference;
  return { path: text, what, detail, ...(exact ? {} : { pathBytes: Buffer.from(path, 'latin1').toString('base64') }) };
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
    const forget = runner.onEnd((reason) => settle(() => reject(ended(asked.name, 'flush', reason))));
    const timer = setTimeout(() => settle(() => reject(late(asked, runner.state()))), asked.timeoutMs);
    const gone = () => settle(() => reject(new ManagementError('failed', 'The caller has gone.')));
    context.signal.addEventListener('abort', gone, { once: true });
    runner.job.flush((at) => settle(() => resolve({ position: String(at) })));
    interception.wake();
  });
}

function late({ name, timeoutMs }: CallArguments<'job.flush'>, { state, reason }: JobState): ManagementError {
  const why = reason === null ? '' : ` (${reason.sentence})`;
  return new ManagementError(
    'timeout',
    `${name} did not bring everything to its target within ${timeoutMs} ms: it is ${state}${why}. ` +
      `It goes on; look at \`understudy status ${name}\`.`,
  );
}
