import type { JobStatus } from '@understudy/wire';
import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { render } from '../screen/render.ts';
import { json } from '../text.ts';
import { type FoundJob, findEnds, speaker } from './find.ts';
import { type GlobalOptions, withSession } from './session.ts';
import { watchLines, watchScreen } from './watch.ts';

export interface StatusOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
  readonly watch?: boolean | undefined;
}

export function showStatus(io: Io, name: string, options: StatusOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const ends = await findEnds(session, name, () => true);
    const found = speaker(ends);
    if (options.watch === true) {
      if (io.isTerminal && options.json !== true) return await watchScreen(session, found);
      return await watchLines(session, found, options.json === true);
    }
    const status = withOtherEnd(found.job.status, ends);
    if (options.json === true) io.out(json(status));
    else {
      const { events } = await found.connection.call('events.list', { job: status.name, limit: 5 });
      io.out(render(status, io.columns(), { nowMs: Date.now(), events, colour: io.colour }));
    }
    return ExitCode.done;
  });
}

/** What only the target knows: its monitor, a failover, and when the last one was tried. */
function withOtherEnd(status: JobStatus, ends: readonly FoundJob[]): JobStatus {
  if (status.failover !== undefined) return status;
  const failover = ends.find(({ job }) => job.status.role === 'target')?.job.status.failover;
  return failover === undefined ? status : { ...status, failover };
}
