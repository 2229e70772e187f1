import { type Connection, didYouMean, type KnownServer, SdkError } from '@understudy/sdk';
import type { JobSummary } from '@understudy/wire';
import { CommandError, ExitCode, usageError } from '../exit-code.ts';
import type { Session } from './session.ts';

export interface FoundJob {
  readonly server: KnownServer;
  readonly connection: Connection;
  readonly job: JobSummary;
}

export interface Unreachable {
  readonly server: KnownServer;
  readonly error: SdkError;
}

export interface Surveyed<T> {
  readonly answers: readonly { readonly server: KnownServer; readonly connection: Connection; readonly answer: T }[];
  readonly unreachable: readonly Unreachable[];
}

/** How long the others may take once an answer is enough: a target that hangs must not keep its source's status from being seen. */
const GRACE_MS = 1500;

/**
 * Asks servers at once; who cannot be reached or does not trust us is listed, not fatal. Where an answer is `enough`, who has not
 * answered a little later is not waited for, and not listed.
 */
export async function survey<T>(
  session: Session,
  servers: readonly KnownServer[],
  ask: (connection: Connection) => Promise<T>,
  enough: (answer: T) => boolean = () => false,
): Promise<Surveyed<T>> {
  const answers: { server: KnownServer; connection: Connection; answer: T }[] = [];
  const unreachable: Unreachable[] = [];
  let grace: NodeJS.Timeout | undefined;
  let waited = () => {};
  const patience = new Promise<void>((resolve) => {
    waited = resolve;
  });
  const all = servers.map(async (server) => {
    try {
      const connection = await session.connect(server);
      const answer = await ask(connection);
      answers.push({ server, connection, answer });
      if (enough(answer)) grace ??= setTimeout(waited, GRACE_MS);
    } catch (error) {
      if (!(error instanceof SdkError)) throw error;
      unreachable.push({ server, error });
    }
  });
  await Promise.race([Promise.all(all), patience]);
  clearTimeout(grace);
  const byName = (a: { server: KnownServer }, b: { server: KnownServer }) => (a.server.name < b.server.name ? -1 : 1);
  return { answers: [...answers].sort(byName), unreachable: [...unreachable].sort(byName) };
}

export async function knownServers(session: Session): Promise<readonly KnownServer[]> {
  const servers = await session.profile.servers();
  if (servers.length > 0) return servers;
  throw usageError('no server is paired yet; run "understudy pair HOST:PORT --code CODE" first');
}

/** Says which servers did not answer; where none did, that is the command's end. */
export function tellUnreachable(session: Session, surveyed: Surveyed<unknown>): void {
  const { answers, unreachable } = surveyed;
  const first = unreachable[0];
  if (answers.length === 0 && first !== undefined) {
    if (unreachable.length === 1) throw first.error;
    const all = unreachable.map(({ server, error }) => `  ${server.name}: ${error.message}`).join('\n');
    throw new CommandError(ExitCode.unreachable, `none of ${unreachable.length} servers could be asked:\n${all}`);
  }
  for (const { server, error } of unreachable) session.note(`${server.name} could not be asked: ${error.message}`);
}

/**
 * The one job of this name among all servers of the profile. `SERVER/NAME` asks one server only. Both ends of a job know it: the source
 * speaks for it, or the target where the source cannot be asked or where the target has taken over.
 */
export async function findJob(session: Session, written: string): Promise<FoundJob> {
  return speaker(await findEnds(session, written, () => true));
}

/** Each end of the one job of that name that could be asked. `enough`: this end is what is looked for. */
export async function findEnds(
  session: Session,
  written: string,
  enough: (job: JobSummary) => boolean,
): Promise<readonly FoundJob[]> {
  const slash = written.indexOf('/');
  const name = slash === -1 ? written : written.slice(slash + 1);
  const servers = slash === -1 ? await knownServers(session) : [await session.profile.server(written.slice(0, slash))];
  const surveyed = await survey(
    session,
    servers,
    (connection) => connection.call('job.list', {}),
    ({ jobs }) => jobs.some((job) => job.status.name === name && enough(job)),
  );
  const all = surveyed.answers.flatMap(({ server, connection, answer }) =>
    answer.jobs.map((job) => ({ server, connection, job })),
  );
  const found = byJob(all.filter(({ job }) => job.status.name === name));
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  if (first !== undefined) {
    const where = found.map((ends) => `${speaker(ends).server.name}/${name}`).join(' or ');
    throw usageError(`there are ${found.length} jobs named ${name}; write ${where}`);
  }
  throw notFound(
    name,
    all.map(({ job }) => job.status.name),
    surveyed,
  );
}

/** The ends of each job together. One without an identity is a job by itself. */
export function byJob<T extends { readonly job: JobSummary }>(all: readonly T[]): T[][] {
  const groups = new Map<unknown, T[]>();
  for (const one of all) {
    const key = one.job.status.id ?? one;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** Who has the higher epoch writes; of two with the same the source knows more. */
export function speaker<T extends { readonly job: JobSummary }>(ends: readonly T[]): T {
  const epoch = ({ job: { status } }: T) => status.epoch ?? 1;
  const isTarget = ({ job: { status } }: T) => (status.role === 'target' ? 1 : 0);
  const [first] = [...ends].sort((one, other) => epoch(other) - epoch(one) || isTarget(one) - isTarget(other));
  if (first === undefined) throw new Error('a job has an end');
  return first;
}

function notFound(name: string, names: readonly string[], surveyed: Surveyed<unknown>): Error {
  const { answers, unreachable } = surveyed;
  const first = unreachable[0];
  if (answers.length === 0 && unreachable.length === 1 && first !== undefined) return first.error;
  const meant = didYouMean(name, names);
  const known = names.length === 0 ? 'there are no jobs yet' : `known are ${[...new Set(names)].sort().join(', ')}`;
  const hint = meant === null ? known : `did you mean ${meant}?`;
  if (first === undefined) return usageError(`there is no job "${name}"; ${hint}`);
  const silent = unreachable.map(({ server, error }) => `  ${server.name}: ${error.message}`).join('\n');
  const asked = answers.length === 0 ? '' : ` on ${answers.map(({ server }) => server.name).join(', ')} (${hint})`;
  return new CommandError(
    ExitCode.unreachable,
    `job "${name}" was not found${asked}; these servers could not be asked:\n${silent}`,
  );
}
