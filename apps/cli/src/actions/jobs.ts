import { rawPathFromText, textOfAnswer } from '@understudy/sdk';
import type { JobSummary } from '@understudy/wire';
import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { paints } from '../paint.ts';
import { mirrorWord, queueWord, recoveryAge, stateWord } from '../screen/words.ts';
import { json, table } from '../text.ts';
import { byJob, knownServers, speaker, survey, tellUnreachable } from './find.ts';
import { type GlobalOptions, withSession } from './session.ts';

export interface JobsOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
}

export function listJobs(io: Io, options: JobsOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const surveyed = await survey(session, await knownServers(session), (connection) =>
      connection.call('job.list', {}),
    );
    tellUnreachable(session, surveyed);
    const all = surveyed.answers.flatMap(({ server, answer }) =>
      answer.jobs.map((job) => ({ server: server.name, job })),
    );
    const jobs = byJob(all).map(speaker);
    if (options.json === true) {
      const unreachable = surveyed.unreachable.map(({ server, error }) => ({
        server: server.name,
        why: error.message,
      }));
      io.out(json({ jobs: jobs.map(({ server, job }) => ({ server, ...asJson(job) })), unreachable }));
      return ExitCode.done;
    }
    if (jobs.length === 0) {
      io.err('there are no jobs yet; make one with "understudy job create"\n');
      return ExitCode.done;
    }
    const now = Date.now();
    const plain = paints(false);
    const paint = paints(io.colour);
    const rows = jobs.map(({ job: { status } }) => [
      status.name,
      `${status.source} -> ${status.target}`,
      stateWord(status.state, plain),
      mirrorWord(status),
      queueWord(status),
      recoveryAge(status, now),
    ]);
    const head = ['NAME', 'PATH', 'STATE', 'MIRROR', 'QUEUE', 'RECOVERY POINT'];
    const text = table([head, ...rows], (cell, column, row) => {
      const state = jobs[row - 1]?.job.status.state;
      if (row === 0 || state === undefined) return paint.dim(cell);
      return column === 2 ? stateWord(state, paint) : cell;
    });
    io.out(text);
    return ExitCode.done;
  });
}

/** Status first, as `status --json` has it; then what the job protects, each rule as text and, where it is no UTF-8, in base64. */
function asJson({ status, definition }: JobSummary): object {
  const rule = (path: { text: string; bytes: string }) => {
    const text = textOfAnswer(path.text, path.bytes);
    return { path: text, ...(isUtf8(text) ? {} : { pathBytes: rawPathFromText(text).bytes }) };
  };
  return {
    ...status,
    include: definition.include.map(rule),
    exclude: definition.exclude.map(rule),
    to: definition.to === null ? null : rule(definition.to),
  };
}

function isUtf8(text: string): boolean {
  return !/[\uD800-\uDFFF]/u.test(text);
}
