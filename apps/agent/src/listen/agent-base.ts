import { formatAddress, parseAddress, serverNameSchema } from '@understudy/wire';
import { type Config, openConfig, type Written } from '../config/config-file.ts';
import { SettingList } from '../config/setting-list.ts';
import type { Settings } from '../config/settings.ts';
import { EventLog } from '../events/event-log.ts';
import { type Logger, openTechnicalLog, type TechnicalLog } from '../events/technical-log.ts';
import { type Home, openHome } from '../home/home.ts';
import { errnoOf, messageOf, StartError } from '../home/start-error.ts';
import { type Identity, openIdentity } from '../identity/identity.ts';
import { PairingCodes } from '../pairing/pairing-codes.ts';
import type { TrustEntry } from '../pairing/trust.ts';
import { TrustStore } from '../pairing/trust.ts';
import {
  DEFAULT_LINK_SETTINGS,
  type LinkSettings,
  type ReplicationLink,
} from '../ports/replication-link/replication-link.ts';
import { WitnessStore } from '../witness/witness-store.ts';
import { agentHandlers } from './agent-handlers.ts';
import { fileHandlers } from './file-handlers.ts';
import type { JobControl } from './job-control.ts';
import { jobHandlers, topicHandlers } from './job-handlers.ts';
import { Listener } from './listener.ts';
import { type LocalSocket, openLocalSocket } from './local-socket.ts';
import { presetHandlers } from './preset-handlers.ts';
import { witnessHandlers } from './witness-handlers.ts';

export interface AgentOptions {
  readonly home: string;
  /** Product version. */
  readonly version: string;
  /** These stand before the configuration file. */
  readonly listen?: string | undefined;
  readonly name?: string | undefined;
  /** Instead of HOME/agent.yaml; must exist. */
  readonly config?: string | undefined;
}

/** What an agent is before it does any work: its home, who it is, whom it trusts, where it writes what happens. */
export interface AgentBase {
  readonly version: string;
  readonly name: string;
  readonly home: Home;
  readonly identity: Identity;
  readonly settings: Settings;
  readonly settingList: SettingList;
  readonly trust: TrustStore;
  readonly codes: PairingCodes;
  readonly events: EventLog;
  readonly logger: Logger;
  readonly linkSettings: LinkSettings;
  /** The last thing of all. */
  close(): Promise<void>;
}

/** Throws StartError. The home is locked from here until `close`. */
export async function openAgentBase(options: AgentOptions): Promise<AgentBase> {
  const home = await openHome(options.home);
  let log: TechnicalLog | null = null;
  try {
    const config: Config = openConfig(options.config ?? home.config, options.config !== undefined);
    const settings = withOverrides(config.settings, options);
    const identity = await openIdentity(home.identity);
    const trust = new TrustStore(home.trust);
    const events = new EventLog({ folder: home.logs, bytes: settings['events.size'] });
    log = await openTechnicalLog(home.logs, settings);
    const { logger } = log;
    const opened = log;
    return {
      version: options.version,
      name: settings.name,
      home,
      identity,
      settings,
      settingList: new SettingList(config, optionsOf(options)),
      trust,
      codes: new PairingCodes(),
      events,
      logger,
      linkSettings: {
        ...DEFAULT_LINK_SETTINGS,
        pingMs: settings['replication.ping'],
        deadMs: settings['replication.dead'],
      },
      close: async () => {
        events.close();
        await opened.close();
        await home.release();
      },
    };
  } catch (error) {
    await log?.close();
    await home.release();
    if (error instanceof StartError || errnoOf(error) === '') throw error;
    throw new StartError('home-unusable', `the home ${home.path} cannot be used: ${messageOf(error)}`);
  }
}

function withOverrides(settings: Settings, options: AgentOptions): Settings {
  const { listen, name } = options;
  if (listen !== undefined && parseAddress(listen) === null)
    throw new StartError(
      'listen-invalid',
      `${listen} is no address to listen at: write HOST:PORT, such as 0.0.0.0:7320`,
    );
  if (name !== undefined && !serverNameSchema.safeParse(name).success)
    throw new StartError(
      'listen-invalid',
      `${JSON.stringify(name)} cannot be a server's name: use up to 64 letters, digits, dots, dashes and underscores`,
    );
  return { ...settings, ...(listen === undefined ? {} : { listen }), ...(name === undefined ? {} : { name }) };
}

const optionsOf = ({ listen, name }: AgentOptions): Written => ({
  ...(listen === undefined ? {} : { listen }),
  ...(name === undefined ? {} : { name }),
});

export interface ServedAgent {
  /** `HOST:PORT`, with the port that was bound where 0 was asked for. */
  readonly address: string;
  readonly port: number;
  readonly listener: Listener;
  /** No more calls and links; the base stays open. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly jobs: JobControl;
  /** A trusted agent wants to replicate to here; the link is the receiver's from then on. */
  readonly onReplication: (link: ReplicationLink, peer: TrustEntry) => void;
}

/** Opens the port and the local socket. Throws StartError. */
export async function serveAgent(base: AgentBase, options: ServeOptions): Promise<ServedAgent> {
  let bound = { address: base.settings.listen, port: 0 };
  const { name, version, identity, trust, codes, events, logger, settings, settingList } = base;
  const home = base.home.path;
  const services = { name, version, home, identity, trust, codes, events, settingList, listening: () => bound };
  const handlers = {
    calls: {
      ...agentHandlers(services),
      ...witnessHandlers(new WitnessStore(base.home.path)),
      ...jobHandlers(options.jobs, events),
      ...presetHandlers(),
      ...fileHandlers(),
    },
    topics: topicHandlers(options.jobs, events),
  };
  const listener = new Listener({
    identity,
    trust,
    handlers,
    events,
    logger,
    strangers: settings['limits.strangers'],
    handshakeMs: settings['limits.handshake'],
    link: base.linkSettings,
    onReplication: options.onReplication,
  });
  const wanted = parseAddress(settings.listen);
  if (wanted === null) throw new StartError('listen-invalid', `${settings.listen} is no address`);
  const address = await listener.listen(wanted);
  bound = { address: formatAddress(address), port: address.port };
  let local: LocalSocket;
  try {
    local = await openLocalSocket(base.home.socket, handlers, logger);
  } catch (error) {
    await listener.close();
    throw new StartError('listen-failed', `the local socket ${base.home.socket} cannot be opened: ${messageOf(error)}`);
  }
  return {
    ...bound,
    listener,
    close: async () => {
      await Promise.all([listener.close(), local.close()]);
    },
  };
}
