import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { render } from '../screen/render.ts';
import { json } from '../text.ts';
import { findJob } from './find.ts';
import { type GlobalOptions, withSession } from './session.ts';
import { watchLines, watchScreen } from './watch.ts';

export interface StatusOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
  readonly watch?: boolean | undefined;
}

export function showStatus(io: Io, name: string, options: StatusOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const found = await findJob(session, name);
    if (options.watch === true) {
      if (io.isTerminal && options.json !== true) return await watchScreen(session, found);
      return await watchLines(session, found, options.json === true);
    }
    const { status } = found.job;
    if (options.json === true) io.out(json(status));
    else {
      const { events } = await found.connection.call('events.list', { job: status.name, limit: 5 });
      io.out(render(status, io.columns(), { nowMs: Date.now(), events, colour: io.colour }));
    }
    return ExitCode.done;
  });
}
