import {
  type CallArguments,
  type CallResult,
  formatAddress,
  ManagementError,
  normalizePairingCode,
  parseAddress,
} from '@understudy/wire';
import type { EventSink } from '../events/event-log.ts';
import { ConnectError } from '../identity/connect-pinned.ts';
import type { Identity } from '../identity/identity.ts';
import { type AgentClient, openAgentClient } from './agent-client.ts';
import { agentProofHolds, pairingSession, proofOf } from './pairing-codes.ts';
import type { TrustStore } from './trust.ts';

export interface IntroduceOptions {
  readonly identity: Identity;
  readonly trust: TrustStore;
  readonly events: EventSink;
  /** What this agent calls itself, and where it listens. */
  readonly name: string;
  readonly listenPort: number;
  readonly signal?: AbortSignal;
}

type Params = CallArguments<'agent.introduce'>;

/**
 * This agent gets to know another one on a client's word: the client has both fingerprints pinned and fetched the code from the
 * other one itself, so that the two agents need no person to carry certificates. Throws ManagementError.
 */
export async function introduce(params: Params, options: IntroduceOptions): Promise<CallResult<'agent.introduce'>> {
  const address = parseAddress(params.address);
  if (address === null) throw new ManagementError('invalid', `${params.address} is no address`);
  const { identity, signal } = options;
  let client: AgentClient;
  try {
    client = await openAgentClient({ address, identity, fingerprint: params.fingerprint, signal });
  } catch (error) {
    throw explain(error, params, options.events);
  }
  try {
    if (params.code === null) await expectTrust(client, params, options.trust);
    else await pair(client, params.code, params, options);
  } catch (error) {
    throw explain(error, params, options.events);
  } finally {
    client.close();
  }
  remember(params, formatAddress(address), options);
  return { name: params.name, fingerprint: params.fingerprint };
}

async function expectTrust(client: AgentClient, params: Params, trust: TrustStore): Promise<void> {
  if (trust.find(params.fingerprint)?.role !== 'peer')
    throw new ManagementError(
      'not-trusted',
      `this agent does not know ${params.name}: introduce it with a pairing code`,
    );
  if ((await client.call('agent.info', {})).role !== 'peer')
    throw new ManagementError(
      'not-trusted',
      `${params.name} does not know this agent (any more): introduce it with a pairing code`,
    );
}

async function pair(client: AgentClient, code: string, params: Params, options: IntroduceOptions): Promise<void> {
  const digits = normalizePairingCode(code);
  if (digits === null)
    throw new ManagementError('wrong-code', 'this is no pairing code: it has 20 letters and digits in groups of 5');
  const session = pairingSession(client.socket, options.identity.fingerprint, params.fingerprint);
  const { name, listenPort } = options;
  const answer = await client.call('agent.pair', { name, proof: proofOf(digits, 'client', session), listenPort });
  if (!agentProofHolds(digits, session, answer.proof))
    throw new ManagementError(
      'not-trusted',
      `${params.name} could not prove that it knew the pairing code: nothing was remembered`,
    );
  if (answer.role !== 'peer')
    throw new ManagementError('invalid', `the pairing code is for a client (${answer.role}): ask for one of role peer`);
}

function remember(params: Params, address: string, options: IntroduceOptions): void {
  const { trust, events } = options;
  const former = trust.peerLike(params.name, address, params.fingerprint);
  const known = trust.find(params.fingerprint) !== null;
  trust.add({ fingerprint: params.fingerprint, name: params.name, role: 'peer', address });
  if (former !== null)
    events.raise({
      severity: 'warning',
      code: 'fingerprint-changed',
      sentence: `${params.name} (${address}) has the certificate ${params.fingerprint} now; ${former.name} was known there by ${former.fingerprint}`,
      advice:
        'If this server was not installed anew, look into it at once. Jobs to the former certificate stay refused.',
    });
  if (!known)
    events.raise({
      severity: 'information',
      code: 'peer-paired',
      sentence: `paired with the agent ${params.name} at ${address}`,
    });
}

const CODES = {
  unreachable: 'unreachable',
  timeout: 'unreachable',
  'changed-fingerprint': 'not-trusted',
  'not-trusted': 'not-trusted',
  version: 'version',
  failed: 'failed',
} as const satisfies Record<ConnectError['code'], ManagementError['code']>;

function explain(error: unknown, params: Params, events: EventSink): unknown {
  if (!(error instanceof ConnectError)) return error;
  if (error.code === 'changed-fingerprint')
    events.raise({
      severity: 'error',
      code: 'fingerprint-changed',
      sentence: `${params.name}: ${error.message}`,
      advice: 'Make sure which machine answers there before pairing again.',
    });
  return new ManagementError(CODES[error.code], error.message);
}
