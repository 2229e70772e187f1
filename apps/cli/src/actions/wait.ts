import { keepSubscribed, type SdkError } from '@understudy/sdk';
import type { JobStatus } from '@understudy/wire';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { statusLine } from '../screen/words.ts';
import { duration } from '../text.ts';
import type { JobStateName } from '../values.ts';
import { findJob } from './find.ts';
import { Progress } from './progress.ts';
import { type GlobalOptions, withSession } from './session.ts';
import { linked } from './watch.ts';

export interface WaitOptions extends GlobalOptions {
  readonly until: JobStateName;
  readonly timeout: number;
}

/** Ends with the event that brings the state; a connection lost meanwhile is taken up again. */
export function waitForState(io: Io, name: string, options: WaitOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const found = await findJob(session, name);
    const abort = linked(io.signal);
    const progress = new Progress(io);
    let last: JobStatus | null = found.job.status;
    let down: SdkError | null = null;
    let reached = false;
    const timer = setTimeout(() => abort.abort(), options.timeout);
    try {
      await keepSubscribed({
        topic: 'job-status',
        params: () => ({ name: found.job.status.name }),
        onPayload: ({ status }) => {
          if (reached) return;
          last = status;
          reached = status?.state === options.until;
          if (status === null || reached) abort.abort();
          else progress.show(statusLine(status, Date.now()));
        },
        onLink: (error) => {
          down = error;
          if (error !== null) progress.show(error.message);
        },
        open: () => session.open(found.server),
        signal: abort.signal,
      });
    } finally {
      clearTimeout(timer);
      progress.end();
    }
    return finish(io, name, options, { last, down, reached });
  });
}

interface Outcome {
  readonly last: JobStatus | null;
  readonly down: SdkError | null;
  readonly reached: boolean;
}

function finish(io: Io, name: string, options: WaitOptions, { last, down, reached }: Outcome): ExitCode {
  if (last === null) throw new CommandError(ExitCode.no, `${name} was deleted before it was ${options.until}`);
  if (reached) {
    io.out(`${statusLine(last, Date.now())}\n`);
    return ExitCode.done;
  }
  const link = down === null ? '' : ` (${down.message})`;
  throw new CommandError(
    ExitCode.timeout,
    `${name} is not ${options.until} after ${duration(options.timeout)}${link}. ${statusLine(last, Date.now())}`,
  );
}
