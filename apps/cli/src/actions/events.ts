import { type KnownServer, keepSubscribed } from '@understudy/sdk';
import type { AgentEvent, EventFilter } from '@understudy/wire';
import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { paints } from '../paint.ts';
import { eventText, json } from '../text.ts';
import { findJob, knownServers, survey, tellUnreachable } from './find.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';
import { linked } from './watch.ts';

export interface EventsOptions extends GlobalOptions {
  readonly server?: string | undefined;
  readonly job?: string | undefined;
  readonly severity?: 'information' | 'warning' | 'error' | undefined;
  readonly limit: number;
  readonly follow?: boolean | undefined;
  readonly json?: boolean | undefined;
}

interface Told {
  readonly server: string;
  readonly event: AgentEvent;
}

export function showEvents(io: Io, options: EventsOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { servers, filter } = await choose(session, options);
    const surveyed = await survey(session, servers, (connection) =>
      connection.call('events.list', { ...filter, limit: options.limit }),
    );
    tellUnreachable(session, surveyed);
    const told = surveyed.answers
      .flatMap(({ server, answer }) => answer.events.map((event): Told => ({ server: server.name, event })))
      .sort((a, b) => (a.event.time === b.event.time ? a.event.id - b.event.id : a.event.time < b.event.time ? -1 : 1))
      .slice(-options.limit);
    if (options.follow !== true && options.json === true) {
      const unreachable = surveyed.unreachable.map(({ server, error }) => ({
        server: server.name,
        why: error.message,
      }));
      io.out(json({ events: told.map(flat), unreachable }));
      return ExitCode.done;
    }
    for (const one of told) tell(io, one, options.json === true);
    if (options.follow !== true) return ExitCode.done;
    const last = new Map(surveyed.answers.map(({ server, answer }) => [server.name, answer.last]));
    await follow(session, options, { servers, filter, last });
    return ExitCode.done;
  });
}

interface Choice {
  readonly servers: readonly KnownServer[];
  readonly filter: EventFilter;
}

async function choose(session: Session, options: EventsOptions): Promise<Choice> {
  const severity = options.severity === undefined ? {} : { severity: options.severity };
  const server = options.server === undefined ? null : await session.profile.server(options.server);
  if (options.job === undefined)
    return { servers: server === null ? await knownServers(session) : [server], filter: severity };
  const written = server === null ? options.job : `${server.name}/${options.job}`;
  const found = await findJob(session, written);
  return { servers: [found.server], filter: { ...severity, job: found.job.status.name } };
}

async function follow(
  session: Session,
  options: EventsOptions,
  { servers, filter, last }: Choice & { readonly last: Map<string, number> },
): Promise<void> {
  const { signal } = linked(session.io.signal);
  await Promise.all(
    servers.map((server) =>
      keepSubscribed({
        topic: 'events',
        params: () => {
          const after = last.get(server.name);
          return after === undefined ? filter : { ...filter, after };
        },
        onPayload: (event) => {
          last.set(server.name, event.id);
          tell(session.io, { server: server.name, event }, options.json === true);
        },
        onLink: (down) => {
          if (down !== null) session.note(`${down.message}; trying again`);
        },
        open: () => session.open(server),
        signal,
      }),
    ),
  );
}

function flat({ server, event }: Told): unknown {
  return { server, ...event };
}

function tell(io: Io, told: Told, asJson: boolean): void {
  if (asJson) {
    io.out(json(flat(told), 0));
    return;
  }
  const { server, event } = told;
  const paint = paints(io.colour);
  const colour = { information: (text: string) => text, warning: paint.yellow, error: paint.red }[event.severity];
  const about = event.job === null ? server : `${server}/${event.job}`;
  io.out(`${paint.dim(event.time)}  ${colour(event.severity.padEnd(11))}  ${about}  ${eventText(event)}\n`);
}
