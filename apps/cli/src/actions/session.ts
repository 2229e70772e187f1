/**
 * actions: what the commands do. In: checked arguments, a profile. Out: calls of agents through the sdk, text or JSON, an exit code.
 * Promised: an action knows nothing of the command line's syntax, and every failure leaves it as a typed error with a sentence.
 */
import {
  type ClientIdentity,
  type Connection,
  connect,
  type KnownServer,
  Profile,
  profileFolder,
} from '@understudy/sdk';
import type { Io } from '../io.ts';
import { sentence } from '../text.ts';

export interface GlobalOptions {
  readonly profile?: string | undefined;
}

/** What one command does with servers: the profile, and connections that are opened when needed and closed at its end. */
export class Session {
  readonly io: Io;
  readonly profile: Profile;
  readonly #connections = new Map<string, Promise<Connection>>();
  #identity: Promise<ClientIdentity> | null = null;

  constructor(io: Io, options: GlobalOptions) {
    this.io = io;
    this.profile = new Profile(profileFolder(options.profile, io.env), { onNotice: (text) => this.note(text) });
  }

  /** For the person, beside the result: on standard error, so that a pipe gets the result alone. */
  note(text: string): void {
    this.io.err(`note: ${sentence(text)}\n`);
  }

  identity(): Promise<ClientIdentity> {
    this.#identity ??= this.profile.identity();
    return this.#identity;
  }

  connect(server: KnownServer): Promise<Connection> {
    const present = this.#connections.get(server.fingerprint);
    if (present !== undefined) return present;
    const connection = this.open(server);
    this.#connections.set(server.fingerprint, connection);
    return connection;
  }

  /** A connection of its own, which the caller closes. */
  async open(server: KnownServer): Promise<Connection> {
    return await connect(server, await this.identity());
  }

  async close(): Promise<void> {
    // One that is still being made is not waited for: the command has its answer, and ends.
    const notYet = new Promise<null>((resolve) => setImmediate(resolve, null));
    for (const connection of this.#connections.values()) {
      const opened = await Promise.race([connection.catch(() => null), notYet]);
      opened?.close();
    }
  }
}

export async function withSession<T>(
  io: Io,
  options: GlobalOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = new Session(io, options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
