/**
 * profile: who this client is and which servers it knows. In: a folder. Out: an identity, a list of servers. Promised: two clients at
 * once lose nothing, a damaged file is kept aside and said so, the key is readable by its owner alone.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { serverNameSchema } from '@understudy/wire';
import { didYouMean } from '../did-you-mean.ts';
import { errnoOf, reasonOf, SdkError } from '../errors.ts';
import { type ClientIdentity, loadOrMakeIdentity, readIdentity } from './identity.ts';
import { withLock } from './lock.ts';
import { type KnownServer, readServers, saveServers, setDamagedAside } from './servers.ts';

/** `--profile`, else UNDERSTUDY_PROFILE, else `~/.config/understudy`. */
export function profileFolder(option: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  // An empty variable or option is as good as none; resolved it would be the working directory.
  const chosen = [option, environment.UNDERSTUDY_PROFILE].find((text) => text !== undefined && text !== '');
  return path.resolve(chosen ?? path.join(os.homedir(), '.config', 'understudy'));
}

export interface ProfileOptions {
  /** Told once for each thing that was found damaged: a sentence. */
  readonly onNotice?: (sentence: string) => void;
  readonly lockWaitMs?: number;
}

/**
 * The client's memory: who it is (`identity.pem`, 0600) and which servers it trusts (`servers.json`). Shared by the command line and
 * the console; every change happens under a lock and by atomic replace.
 */
export class Profile {
  readonly folder: string;
  readonly #notice: (sentence: string) => void;
  readonly #lockWaitMs: number;

  constructor(folder: string, options: ProfileOptions = {}) {
    this.folder = folder;
    this.#notice = options.onNotice ?? (() => {});
    this.#lockWaitMs = options.lockWaitMs ?? 5000;
  }

  get serversFile(): string {
    return path.join(this.folder, 'servers.json');
  }

  get identityFile(): string {
    return path.join(this.folder, 'identity.pem');
  }

  async identity(): Promise<ClientIdentity> {
    const present = readIdentity(this.identityFile);
    if (present !== null) return present;
    return await this.#locked(async () => {
      const { identity, notices } = await loadOrMakeIdentity(this.identityFile);
      for (const notice of notices) this.#notice(notice);
      return identity;
    });
  }

  /** The servers by name; after damage the list is empty and a notice was given. */
  async servers(): Promise<readonly KnownServer[]> {
    const found = readServers(this.serversFile);
    if (found.state === 'read') return found.servers;
    return await this.#locked(() => this.#readLocked());
  }

  async server(name: string): Promise<KnownServer> {
    const servers = await this.servers();
    const exact = servers.find((server) => server.name === name);
    if (exact !== undefined) return exact;
    const alike = servers.filter((server) => server.name.toLowerCase() === name.toLowerCase());
    if (alike.length === 1 && alike[0] !== undefined) return alike[0];
    const names = servers.map((server) => server.name);
    if (alike.length > 1)
      throw new SdkError(
        'ambiguous',
        `"${name}" may be ${alike.map((server) => server.name).join(' or ')}; write one of them exactly`,
      );
    throw new SdkError('unknown-server', unknownServer(name, names));
  }

  /** Adds a server, or replaces the one of the same name. */
  async putServer(server: KnownServer): Promise<void> {
    if (!serverNameSchema.safeParse(server.name).success)
      throw new SdkError(
        'bad-argument',
        `"${server.name}" cannot be a server's name; use 1 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit`,
      );
    await this.#change((servers) => [...servers.filter((other) => other.name !== server.name), server]);
  }

  async removeServer(name: string): Promise<void> {
    await this.#change((servers) => servers.filter((server) => server.name !== name));
  }

  async #change(edit: (servers: readonly KnownServer[]) => readonly KnownServer[]): Promise<void> {
    await this.#locked(async () => {
      const servers = this.#readLocked();
      try {
        saveServers(this.serversFile, edit(servers));
      } catch (error) {
        throw unusable(this.serversFile, error);
      }
    });
  }

  #readLocked(): readonly KnownServer[] {
    const notice = setDamagedAside(this.serversFile);
    if (notice !== null) this.#notice(notice);
    const found = readServers(this.serversFile);
    return found.state === 'read' ? found.servers : [];
  }

  async #locked<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      makeFolder(this.folder);
      const lock = path.join(this.folder, 'lock');
      return await withLock(lock, async () => await work(), { waitMs: this.#lockWaitMs });
    } catch (error) {
      throw error instanceof SdkError || errnoOf(error) === null ? error : unusable(this.folder, error);
    }
  }
}

function unusable(what: string, error: unknown): SdkError {
  return new SdkError(
    'profile-unusable',
    `${what} cannot be used: ${reasonOf(error)}; give another folder with --profile or UNDERSTUDY_PROFILE`,
    { cause: error },
  );
}

function unknownServer(name: string, names: readonly string[]): string {
  if (names.length === 0)
    return `there is no server "${name}": none is paired yet; run "understudy pair HOST:PORT --code CODE" first`;
  const meant = didYouMean(name, names);
  const hint = meant === null ? `known are ${names.join(', ')}` : `did you mean ${meant}?`;
  return `there is no server "${name}"; ${hint}`;
}

/** As `mkdir -p`. Node's own tries for ever where the kernel takes no directory though the one above is there (/proc). */
function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EEXIST' && fs.statSync(folder).isDirectory()) return;
    const above = path.dirname(folder);
    if (code !== 'ENOENT' || fs.existsSync(above)) throw error;
    makeFolder(above);
    makeFolder(folder);
  }
}
