import { pair } from '@understudy/sdk';
import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { paints } from '../paint.ts';
import { json, table } from '../text.ts';
import { survey } from './find.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';

export interface PairCommandOptions extends GlobalOptions {
  readonly code: string;
  readonly name?: string | undefined;
}

export function pairServer(io: Io, address: string, options: PairCommandOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const server = await pair(session.profile, { address, code: options.code, name: options.name });
    io.out(`paired with ${server.name} at ${server.address} as ${server.role}\nfingerprint ${server.fingerprint}\n`);
    return ExitCode.done;
  });
}

export interface ServersOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
  readonly check?: boolean | undefined;
  readonly forget?: string | undefined;
}

export function listServers(io: Io, options: ServersOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    if (options.forget !== undefined) return await forget(session, options.forget);
    const servers = await session.profile.servers();
    const answers = options.check === true ? await check(session) : null;
    if (options.json === true) {
      const listed = servers.map((server) => ({ ...server, ...(answers?.get(server.name) ?? {}) }));
      io.out(json({ servers: listed }));
      return ExitCode.done;
    }
    if (servers.length === 0) {
      io.err('no server is paired yet; run "understudy pair HOST:PORT --code CODE"\n');
      return ExitCode.done;
    }
    const paint = paints(io.colour);
    const head = ['NAME', 'ADDRESS', 'ROLE', ...(answers === null ? [] : ['ANSWERS']), 'FINGERPRINT'];
    const rows = servers.map((server) => {
      const answer = answers?.get(server.name);
      const word = answer === undefined ? 'no' : answer.reachable ? `version ${answer.version}` : 'no';
      return [server.name, server.address, server.role, ...(answers === null ? [] : [word]), server.fingerprint];
    });
    io.out(table([head, ...rows], (cell, _column, row) => (row === 0 ? paint.dim(cell) : cell)));
    return ExitCode.done;
  });
}

type Answer =
  | { readonly reachable: true; readonly version: string }
  | { readonly reachable: false; readonly why: string };

async function check(session: Session): Promise<Map<string, Answer>> {
  const servers = await session.profile.servers();
  const { answers, unreachable } = await survey(session, servers, (connection) => connection.call('agent.info', {}));
  const found = new Map<string, Answer>();
  for (const { server, answer } of answers) found.set(server.name, { reachable: true, version: answer.version });
  for (const { server, error } of unreachable) {
    found.set(server.name, { reachable: false, why: error.message });
    session.note(`${server.name} could not be asked: ${error.message}`);
  }
  return found;
}

async function forget(session: Session, name: string): Promise<ExitCode> {
  const server = await session.profile.server(name);
  await session.profile.removeServer(server.name);
  session.io.out(
    `${server.name} (${server.address}) is forgotten here; its jobs go on, and it still knows this client\n`,
  );
  return ExitCode.done;
}
