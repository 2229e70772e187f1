import { request } from 'node:http';
import type { Socket } from 'node:net';
import { formatAddress, REPLICATION_PROTOCOL } from '@understudy/wire';
import { ConnectError, type ConnectOptions, connectPinned } from '../../identity/connect-pinned.ts';
import { readRefusal } from '../../identity/refusal.ts';
import { DEFAULT_LINK_SETTINGS, type LinkSettings, ReplicationLink } from './replication-link.ts';

export interface DialOptions extends ConnectOptions {
  readonly link?: LinkSettings | undefined;
}

/** Reaches a target's port and opens a replication link; both certificates are pinned. Throws ConnectError. */
export async function dialReplication(options: DialOptions): Promise<ReplicationLink> {
  const socket = await connectPinned(options);
  const where = formatAddress(options.address);
  const timeoutMs = options.timeoutMs ?? 10_000;
  return new Promise((resolve, reject) => {
    const give = (error: ConnectError) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => give(new ConnectError('timeout', `${where} did not answer the replication upgrade within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const upgrade = request({
      createConnection: () => socket,
      path: `/${REPLICATION_PROTOCOL}`,
      headers: { host: where, connection: 'Upgrade', upgrade: REPLICATION_PROTOCOL },
    });
    upgrade.once('upgrade', (_response, upgraded: Socket, head) => {
      clearTimeout(timer);
      const peer = { fingerprint: options.fingerprint, address: where };
      resolve(new ReplicationLink(upgraded, head, peer, options.link ?? DEFAULT_LINK_SETTINGS));
    });
    upgrade.once('response', (response) => {
      readRefusal(response, where, REPLICATION_PROTOCOL).then(give, give);
    });
    upgrade.on('error', (error) =>
      give(new ConnectError('failed', `${where} broke off the replication upgrade: ${error.message}`)),
    );
    upgrade.end();
  });
}
