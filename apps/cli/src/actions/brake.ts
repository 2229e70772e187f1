import { SdkError } from '@understudy/sdk';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { statusLine } from '../screen/words.ts';
import { findJob } from './find.ts';
import { type GlobalOptions, withSession } from './session.ts';

/** Taking a replica back takes as long as what is undone had taken. */
const DECIDE_TIMEOUT_MS = 600_000;

/** Nothing to decide is an answer, and no error of the agent. */
export function decideBrake(
  io: Io,
  name: string,
  decision: 'go-on' | 'halt-here',
  options: GlobalOptions,
): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    try {
      const asked = { name: job.status.name, decision };
      const status = await connection.call('job.brake', asked, { timeoutMs: DECIDE_TIMEOUT_MS });
      io.out(`${statusLine(status, Date.now())}\n`);
    } catch (error) {
      if (error instanceof SdkError && error.agentCode === 'refused')
        throw new CommandError(ExitCode.no, error.message);
      throw error;
    }
    return ExitCode.done;
  });
}
