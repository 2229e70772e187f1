import { formatBytes } from '@understudy/base';
import { type Connection, rawPathFromText, SdkError } from '@understudy/sdk';
import type { Points } from '@understudy/wire';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { counted, duration, json, table } from '../text.ts';
import { knownServers, survey, tellUnreachable } from './find.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';

export interface PointsOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
}

export function showPoints(io: Io, name: string, options: PointsOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { points } = await keeper(session, name);
    if (options.json === true) io.out(json(points));
    else tell(io, points);
    return ExitCode.done;
  });
}

export function showView(
  io: Io,
  name: string,
  { directory, at }: { readonly directory: string; readonly at: string },
  options: GlobalOptions,
): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { job, connection, points } = await keeper(session, name);
    const asked = { name: job, at, directory: base64(directory) };
    const { time, position } = await answered(connection.call('job.view', asked));
    io.out(`${points.server}:${directory} shows ${job} as it was at ${time} (position ${position})\n`);
    return ExitCode.done;
  });
}

export function endView(io: Io, name: string, directory: string, options: GlobalOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { job, connection } = await keeper(session, name);
    await answered(connection.call('job.endView', { name: job, directory: base64(directory) }));
    return ExitCode.done;
  });
}

const base64 = (path: string): string => rawPathFromText(path).bytes;

/** A no is an answer, and no error of the agent. */
async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof SdkError && error.agentCode === 'refused') throw new CommandError(ExitCode.no, error.message);
    throw error;
  }
}

interface Keeper {
  readonly job: string;
  readonly connection: Connection;
  readonly points: Points;
}

/** The server that keeps the replica: all are asked, for the source need not be there any more. */
async function keeper(session: Session, written: string): Promise<Keeper> {
  const slash = written.indexOf('/');
  const job = written.slice(slash + 1);
  const servers = slash === -1 ? await knownServers(session) : [await session.profile.server(written.slice(0, slash))];
  const refusals: SdkError[] = [];
  const surveyed = await survey(
    session,
    servers,
    async (connection) => {
      try {
        return await connection.call('job.points', { name: job });
      } catch (error) {
        if (!(error instanceof SdkError) || error.agentCode === null) throw error;
        if (error.agentCode !== 'unknown-job') refusals.push(error);
        return null;
      }
    },
    (answer) => answer !== null,
  );
  const [found, ...others] = surveyed.answers.flatMap(({ connection, answer }) =>
    answer === null ? [] : [{ job, connection, points: answer }],
  );
  if (found !== undefined && others.length === 0) return found;
  if (found !== undefined) {
    const where = [found, ...others].map(({ points }) => `${points.server}/${job}`).join(' or ');
    throw new CommandError(ExitCode.usage, `${others.length + 1} servers keep a replica of ${job}; write ${where}`);
  }
  const [refusal] = refusals;
  if (refusal !== undefined) throw new CommandError(ExitCode.no, refusal.message);
  tellUnreachable(session, surveyed);
  throw new CommandError(
    ExitCode.usage,
    `no paired server keeps a replica of a job named ${job}; pair the target, or look at \`understudy jobs\``,
  );
}

function tell(io: Io, points: Points): void {
  const rows = points.points.map(({ time, position, bytes, reason, uncertain }) => [
    time,
    position,
    formatBytes(bytes),
    [
      reason === 'before-brake' ? 'before the brake' : '',
      uncertain === 0 ? '' : `${counted(uncertain, 'file')} not as it was`,
    ]
      .filter((part) => part !== '')
      .join(', '),
  ]);
  if (rows.length === 0) io.out('no moment is kept: they begin when the first mirror has ended\n');
  else io.out(table([['TIME', 'POSITION', 'KEPT', ''], ...rows], (cell) => cell));
  for (const { directory, time } of points.views) io.out(`${points.server}:${directory} shows ${time}\n`);
  const limit = `${formatBytes(points.limitBytes)}, ${duration(points.ageMs)}`;
  const reach = points.ageMs === 0 ? 'as far as the brake needs it' : `up to ${limit}`;
  io.out(`${formatBytes(points.keptBytes)} kept on ${points.server}, ${reach}\n`);
}
