import { formatBytes } from '@understudy/base';
import { textOfAnswer } from '@understudy/sdk';
import type { Difference, VerificationReport, VerifyResult } from '@understudy/wire';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { counted, grouped, json, sentence, shown } from '../text.ts';
import { type FoundJob, findJob } from './find.ts';
import { Progress } from './progress.ts';
import { type GlobalOptions, withSession } from './session.ts';

export interface VerifyOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
  readonly repair?: boolean | undefined;
}

export interface VerificationsOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
  readonly number?: number | undefined;
}

const MOST_LISTED = 10_000;

export function verifyJob(io: Io, name: string, options: VerifyOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const found = await findJob(session, name);
    const progress = new Progress(io);
    let result: VerifyResult;
    try {
      if (io.isTerminal) await followProgress(found, progress);
      // As long as it takes: a large set is read on both sides. A lost connection ends the wait.
      const params = { name: found.job.status.name, limit: MOST_LISTED, repair: options.repair === true };
      result = await found.connection.call('job.verify', params, { timeoutMs: null });
    } finally {
      progress.end();
    }
    if (options.json === true) io.out(json(result));
    else tell(io, result);
    return answerOf(result);
  });
}

/** No: something differs, and was not sent. */
const answerOf = ({ count, repaired }: VerifyResult): ExitCode => (count <= repaired ? ExitCode.done : ExitCode.no);

/** What the last verification that came to its end found. */
export function showLast(io: Io, name: string, options: VerifyOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    const { reports } = await connection.call('job.verifications', { name: job.status.name, limit: 100 });
    const report = reports.find(({ result }) => result !== null);
    if (report?.result === null || report === undefined)
      throw new CommandError(ExitCode.agent, `${name} has not been verified yet; run: understudy verify ${name}`);
    if (options.json === true) io.out(json(report));
    else {
      io.out(`${heading(report)}\n`);
      tell(io, report.result);
    }
    return answerOf(report.result);
  });
}

export function showVerifications(io: Io, name: string, options: VerificationsOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    const { number } = options;
    const params = { name: job.status.name, ...(number === undefined ? {} : { number }) };
    const answer = await connection.call('job.verifications', params);
    if (options.json === true) io.out(json(answer));
    else if (answer.reports.length === 0) io.out(`no verification of ${name} is kept\n`);
    else for (const report of answer.reports) showReport(io, report, number !== undefined);
    return ExitCode.done;
  });
}

function showReport(io: Io, report: VerificationReport, inFull: boolean): void {
  const { result } = report;
  io.out(`${heading(report)}\n`);
  if (result === null) return;
  if (inFull) tell(io, result);
  else io.out(`  ${summary(result)}\n`);
}

function heading({ number, startedAt, endedAt, by, repair, brokenOff }: VerificationReport): string {
  const seconds = Math.max(0, Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000));
  const who = by === null ? 'by schedule' : `by ${sentence(by)}`;
  const how = brokenOff === null ? `took ${seconds} s` : `broken off: ${sentence(brokenOff)}`;
  return `#${number}  ${startedAt}  ${who}${repair ? ', with repair' : ''}; ${how}`;
}

async function followProgress(found: FoundJob, progress: Progress): Promise<void> {
  await found.connection.subscribe('job-status', { name: found.job.status.name }, ({ status }) => {
    if (status?.verification === undefined) return;
    const { percent, differences } = status.verification;
    const so = differences === 0 ? 'no difference so far' : `${counted(differences, 'difference')} so far`;
    progress.show(`verifying ${status.name}: ${Math.floor(percent)} % · ${so}`);
  });
}

function tell(io: Io, result: VerifyResult): void {
  for (const difference of result.differences) io.out(`${line(difference)}\n`);
  if (result.truncated) io.out(`… and ${grouped(result.count - result.differences.length)} more\n`);
  for (const path of result.inMotion ?? []) io.out(`${shown(path)}: changed all the time and was not compared\n`);
  io.out(`${summary(result)}\n`);
}

function summary(result: VerifyResult): string {
  const found = result.count === 0 ? 'no differences' : counted(result.count, 'difference');
  const sent = result.repaired === 0 ? '' : `, ${grouped(result.repaired)} of them sent again`;
  const moving = result.inMotionCount ?? 0;
  const motion = moving === 0 ? '' : `; ${counted(moving, 'thing')} in motion not compared`;
  const checked = `${counted(result.filesChecked, 'file')} and ${formatBytes(result.bytesChecked)} checked`;
  return `${found}${sent}; ${checked} up to position ${result.position}${motion}`;
}

function line(difference: Difference): string {
  const path = shown(textOfAnswer(difference.path, difference.pathBytes));
  return `${path}: ${WHAT[difference.what] ?? `${sentence(difference.what)} differs`}${difference.detail === '' ? '' : ` (${sentence(difference.detail)})`}`;
}

const WHAT: Readonly<Record<string, string>> = {
  missing: 'missing on the target',
  extra: 'only on the target',
  times: 'times differ',
  xattrs: 'extended attributes differ',
  'link-target': 'link target differs',
};
