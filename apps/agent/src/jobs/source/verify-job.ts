/**
 * A verification of a running job, by call or by schedule. In: the job, with repair or without, who asks. Out: what was found, after the
 * repair where there is one; a report that is kept either way. Promise: a wait always ends: with the job, with the caller, or done.
 */
import { brand, printable, type RawName, rawFromText, rawToText } from '@understudy/base';
import type { Difference as EngineDifference, JobEvent, JobState, Reason, Verification } from '@understudy/engine';
import { type Difference, ManagementError, type VerificationReport, type VerifyResult } from '@understudy/wire';
import { messageOf } from '../../home/start-error.ts';
import type { Running } from './known-job.ts';
import { COMPARED } from './opening.ts';
import type { VerificationReports } from './verification-reports.ts';
import { VerifySchedule } from './verify-schedule.ts';

export interface VerifyAsked {
  readonly name: string;
  readonly repair: boolean;
  /** Differences to be listed. */
  readonly limit: number;
  /** Null: the schedule. */
  readonly by: string | null;
  /** How its event calls it; absent: by who asked. */
  readonly called?: string;
  readonly signal: AbortSignal;
}

/** Differences that the event names. */
const NAMED = 3;

/** Throws ManagementError where it cannot be done, or does not come to its end. */
export async function verifyJob(
  running: Running,
  asked: VerifyAsked,
  reports: VerificationReports,
): Promise<VerifyResult> {
  refuseIdle(running.runner.state(), asked.name);
  const startedAt = new Date().toISOString();
  const keep = (outcome: Pick<VerificationReport, 'brokenOff' | 'result'>) =>
    reports.add({ startedAt, endedAt: new Date().toISOString(), by: asked.by, repair: asked.repair, ...outcome });
  try {
    const result = await verified(running, asked);
    keep({ brokenOff: null, result });
    return { ...result, differences: result.differences.slice(0, asked.limit), truncated: result.count > asked.limit };
  } catch (error) {
    if (!(error instanceof ManagementError && error.code === 'busy'))
      keep({ brokenOff: messageOf(error).slice(0, 4096), result: null });
    throw error;
  }
}

async function verified(running: Running, asked: VerifyAsked): Promise<VerifyResult> {
  const { job } = running.runner;
  const verification = await ended(running, asked);
  if (verification.lost)
    throw new ManagementError(
      'failed',
      `The verification of ${asked.name} was broken off: a mirror or a repair began, or the link was lost. Try again.`,
    );
  const position = String(job.path.scm.applied);
  const { differences, findings, progress, inMotion } = verification;
  const paths = running.roots.map((root) => root.path);
  running.runner.options.event(eventOf(asked, running, verification));
  const left = asked.repair && findings.count > 0 ? await repaired(running, asked) : findings.count;
  return {
    differences: differences.map((difference) => named(difference, paths)),
    truncated: findings.more > 0,
    count: findings.count,
    filesChecked: progress.filesDone,
    bytesChecked: progress.bytesDone,
    position,
    repaired: asked.repair ? Math.max(0, findings.count - orphansLeft(running, findings.differences) - left) : 0,
    inMotion: [...inMotion],
    inMotionCount: progress.inMotion,
  };
}

/** Orphans stay where the job only reports them. */
function orphansLeft({ runner }: Running, differences: readonly EngineDifference[]): number {
  if (runner.job.runs.options.orphans !== 'report') return 0;
  return differences.filter(({ what, detail }) => what === 'extra' && detail !== '').length;
}

/** Waits until the verification is done or lost, the caller is gone, or the job ends. */
function ended({ runner, interception }: Running, { name, repair, signal }: VerifyAsked): Promise<Verification> {
  const { job } = runner;
  return new Promise<Verification>((resolve, reject) => {
    const forget = runner.ends.add((reason) => reject(brokenOff(name, 'verification', reason)));
    const started = job.startVerification((verification) => {
      forget();
      runner.keep();
      resolve(verification);
    }, repair);
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
    signal.addEventListener('abort', gone, { once: true });
    interception.wake();
  });
}

/** Waits for the repair; returns how many paths could not be brought over. */
function repaired({ runner, interception }: Running, { name }: VerifyAsked): Promise<number> {
  return new Promise((resolve, reject) => {
    const forget = runner.ends.add((reason) => reject(brokenOff(name, 'repair', reason)));
    runner.job.flush((_, unrepairable) => {
      forget();
      resolve(unrepairable);
    });
    interception.wake();
  });
}

/** Nothing would move until a person or the other server does something: better said now than waited for. */
function refuseIdle({ state, reason }: JobState, name: string): void {
  if (state !== 'paused' && state !== 'disconnected') return;
  throw new ManagementError('refused', `${name} cannot be verified while it is ${state}: ${reason?.sentence ?? ''}`);
}

export function brokenOff(name: string, what: string, reason: Reason): ManagementError {
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

export interface ScheduleParts {
  readonly name: string;
  readonly running: Running;
  readonly schedule: { readonly cron: string; readonly repair: boolean };
  readonly reports: VerificationReports;
  readonly event: (code: string, severity: 'information' | 'warning' | 'error', sentence: string) => void;
}

/** Verifies at the schedule's times until the job ends, or until what it returns is called; each leaves an event and a report. */
export function scheduleVerifications({ name, running, schedule, reports, event }: ScheduleParts): () => void {
  const { signal } = new AbortController();
  const { cron, repair } = schedule;
  const made = new VerifySchedule(cron, async () => {
    try {
      await verifyJob(running, { name, repair, limit: 0, by: null, signal }, reports);
    } catch (error) {
      event('not-verified', 'warning', `The scheduled verification did not come to its end: ${messageOf(error)}`);
    }
  });
  const forget = running.runner.ends.add(() => made.close());
  return () => {
    forget();
    made.close();
  };
}

/** A replica that others could write into is compared by itself; what that finds is repaired, an event and a report. */
export function compareOpenings({ name, running, reports }: Pick<ScheduleParts, 'name' | 'running' | 'reports'>): void {
  const { opening, options } = running.runner;
  const { signal } = new AbortController();
  const called = 'The verification of the replica that others could write into';
  let toldOf = 0;
  opening.compare = async ({ at, sentence }) => {
    // Not at each try.
    if (at !== toldOf)
      options.event({ code: 'replica-opened', severity: 'warning', sentence: `${sentence} ${COMPARED}` });
    toldOf = at;
    await verifyJob(running, { name, repair: true, limit: 0, by: 'the agent', called, signal }, reports);
  };
}

/** Said as soon as it is known: a repair may take its time, and says itself when it has ended. */
function eventOf(asked: VerifyAsked, running: Running, { findings, progress }: Verification): JobEvent {
  const { name, by, called = by === null ? 'The scheduled verification' : `The verification by ${by}` } = asked;
  const { filesDone, inMotion } = progress;
  const moving = inMotion === 0 ? '' : ` ${inMotion} things changed all the time and were not compared.`;
  const checked = `${called} checked ${filesDone} files and found `;
  if (findings.count === 0)
    return { code: 'verified', severity: 'information', sentence: `${checked}no differences.${moving}` };
  const paths = running.roots.map((root) => root.path);
  const first = findings.differences.slice(0, NAMED).map((difference) => named(difference, paths));
  const shown = first.map(({ path, what }) => `${printable(rawFromText(path))}: ${what}`).join(', ');
  const more = findings.count > first.length ? ` and ${findings.count - first.length} more` : '';
  const differences = findings.count === 1 ? '1 difference' : `${findings.count} differences`;
  const then = whatBecomes(asked, findings.count - orphansLeft(running, findings.differences));
  const sentence = `${checked}${differences} (${shown}${more}). ${then}; \`understudy verifications ${name}\` lists all.${moving}`;
  return { code: 'verified', severity: 'warning', sentence };
}

/** `mendable`: without the orphans that the job only reports. */
function whatBecomes({ name, repair }: VerifyAsked, mendable: number): string {
  if (mendable === 0) return 'Nothing of it came from the source, and it stays, as the job says';
  return repair ? 'What differs is sent again' : `\`understudy verify ${name} --repair\` sends what differs again`;
}
