import type { Connection } from './connection/connection.ts';
import { SdkError } from './errors.ts';
import type { KnownServer } from './profile/servers.ts';

/** Codes of the source's agent that say: it and the target do not trust each other (any more). */
const NOT_PAIRED = new Set(['not-trusted', 'unknown-server', 'wrong-code']);

/**
 * Makes two agents known to each other through the client's authority: the target issues a one-time code, the source pairs with it.
 * Agents that know each other already are only told the address. The client's own trust in both is what vouches for the fingerprints.
 */
export async function introduce(
  source: Connection,
  target: Connection,
  server: Pick<KnownServer, 'name' | 'address' | 'fingerprint'>,
): Promise<void> {
  const { name, address, fingerprint } = server;
  const { peers } = await source.call('agent.peers', {});
  if (peers.some((peer) => peer.fingerprint === fingerprint)) {
    try {
      await source.call('agent.introduce', { name, address, fingerprint, code: null });
      return;
    } catch (error) {
      // The target may have been installed anew or have forgotten the source: pair them again.
      if (!(error instanceof SdkError) || !NOT_PAIRED.has(error.agentCode ?? '')) throw error;
    }
  }
  const { code } = await target.call('agent.createPairingCode', { role: 'peer' });
  await source.call('agent.introduce', { name, address, fingerprint, code });
}
