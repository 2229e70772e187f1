import {
  type AgentInfo,
  MANAGEMENT_PROTOCOL,
  ManagementError,
  REPLICATION_PROTOCOL,
  type Role,
  roles,
  type TrustedClient,
} from '@understudy/wire';
import type { SettingList } from '../config/setting-list.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Identity } from '../identity/identity.ts';
import { introduce } from '../pairing/introduce.ts';
import type { PairingCodes } from '../pairing/pairing-codes.ts';
import type { TrustStore } from '../pairing/trust.ts';
import type { Caller, CallHandlers } from './dispatch.ts';

export interface AgentServices {
  readonly name: string;
  /** Product version. */
  readonly version: string;
  readonly home: string;
  readonly identity: Identity;
  readonly trust: TrustStore;
  readonly codes: PairingCodes;
  readonly events: EventLog;
  readonly settingList: SettingList;
  /** Known once the port is bound. */
  readonly listening: () => { readonly address: string; readonly port: number };
}

type AgentCalls = { [N in keyof CallHandlers as N extends `agent.${string}` ? N : never]: CallHandlers[N] };

export function agentHandlers(services: AgentServices): AgentCalls {
  const { trust } = services;
  return {
    'agent.info': async (_, caller) => info(services, caller),
    'agent.pair': async (params, caller) => pair(services, params, caller),
    'agent.createPairingCode': async (params, caller) => createCode(services, params, caller),
    'agent.introduce': (params, caller) =>
      introduce(params, { ...services, listenPort: services.listening().port, signal: caller.signal }),
    'agent.peers': async () => ({ peers: trust.peers() }),
    'agent.clients': async () => ({ clients: clients(trust) }),
    'agent.settings': async () => services.settingList.list(),
    'agent.changeSetting': async ({ key, value }, caller) => {
      const settings = services.settingList.change(key, value);
      services.events.raise({
        severity: 'information',
        code: 'setting-changed',
        sentence: `${caller.name} has set ${key} to ${value ?? 'its default'} in ${settings.file}; it holds from the next start of the agent on`,
      });
      return settings;
    },
    'agent.unpair': async ({ fingerprint }, caller) => {
      const entry = trust.find(fingerprint);
      if (entry === null || !trust.remove(fingerprint))
        throw new ManagementError('refused', `nobody with the certificate ${fingerprint} is trusted here`);
      services.events.raise({
        severity: 'warning',
        code: 'unpaired',
        sentence: `${entry.name} (${entry.role}) is no longer trusted; ${caller.name} asked for it`,
      });
      return {};
    },
  };
}

function info(services: AgentServices, caller: Caller): AgentInfo {
  const { address } = services.listening();
  const uptimeMs = process.uptime() * 1000;
  const details = {
    pid: process.pid,
    home: services.home,
    listen: address,
    // Together they are what the clock says here: whoever asks can tell by how much it differs from his own.
    startedAt: new Date(Date.now() - uptimeMs).toISOString(),
    uptimeMs,
    residentBytes: process.memoryUsage.rss(),
  };
  return {
    name: services.name,
    version: services.version,
    fingerprint: services.identity.fingerprint,
    protocols: { management: [MANAGEMENT_PROTOCOL], replication: [REPLICATION_PROTOCOL] },
    role: caller.role,
    // A peer is another machine's agent: where we live here is none of its business.
    details: isRole(caller.role) ? details : null,
  };
}

function pair(
  services: AgentServices,
  params: Parameters<AgentCalls['agent.pair']>[0],
  caller: Caller,
): Awaited<ReturnType<AgentCalls['agent.pair']>> {
  const { events, trust, codes, identity } = services;
  if (caller.pairing === null || caller.fingerprint === null)
    throw new ManagementError(
      'refused',
      'over the local socket there is nothing to pair: whoever may open it is an admin',
    );
  let redeemed: ReturnType<PairingCodes['redeem']>;
  try {
    redeemed = codes.redeem(caller.pairing, params.proof);
  } catch (error) {
    events.raise({
      severity: 'warning',
      code: 'pairing-refused',
      sentence: `${params.name} at ${caller.host} tried to pair with a wrong or spent code`,
      advice: 'If nobody of yours did, somebody is trying codes; five wrong ones end each code.',
    });
    throw error;
  }
  const address =
    redeemed.role === 'peer' && params.listenPort !== undefined && caller.host !== null
      ? `${caller.host.includes(':') ? `[${caller.host}]` : caller.host}:${params.listenPort}`
      : null;
  const former = redeemed.role === 'peer' ? trust.peerLike(params.name, null, caller.fingerprint) : null;
  trust.add({ fingerprint: caller.fingerprint, name: params.name, role: redeemed.role, address });
  events.raise({
    severity: former === null ? 'information' : 'warning',
    code: former === null ? 'paired' : 'fingerprint-changed',
    sentence:
      `${params.name} at ${caller.host} is trusted as ${redeemed.role} from now on (certificate ${caller.fingerprint})` +
      (former === null
        ? ''
        : `; an agent of this name with the certificate ${former.fingerprint} stays trusted beside it`),
  });
  return { proof: redeemed.proof, name: services.name, fingerprint: identity.fingerprint, role: redeemed.role };
}

function createCode(
  services: AgentServices,
  params: Parameters<AgentCalls['agent.createPairingCode']>[0],
  caller: Caller,
): Awaited<ReturnType<AgentCalls['agent.createPairingCode']>> {
  if (params.role !== 'peer' && caller.role !== 'admin')
    throw new ManagementError(
      'forbidden',
      `only an admin may ask for a code of role ${params.role}; ${caller.name} is ${caller.role}`,
    );
  const issued = services.codes.issue(params.role, params.ttlMs);
  services.events.raise({
    severity: 'information',
    code: 'pairing-code-issued',
    sentence: `a pairing code of role ${issued.role} was issued to ${caller.name}`,
  });
  return { code: issued.code, role: issued.role, expiresAt: new Date(issued.expiresAt).toISOString() };
}

function isRole(role: string | null): role is Role {
  return roles.some((known) => known === role);
}

function clients(trust: TrustStore): TrustedClient[] {
  const found: TrustedClient[] = [];
  for (const { name, fingerprint, role, since } of trust.list())
    if (isRole(role)) found.push({ name, fingerprint, role, since });
  return found;
}
