import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { MANAGEMENT_PATH, MANAGEMENT_PROTOCOL, REPLICATION_PROTOCOL } from '@understudy/wire';
import type { NoiseKind } from './noise.ts';

export const REPLICATION_PATH = `/${REPLICATION_PROTOCOL}`;

export type Wanted =
  | { readonly kind: 'management' | 'replication' | 'unknown' }
  | { readonly kind: 'other-version'; readonly sentence: string };

/** What an upgrade asks for. The path decides; it carries the version. */
export function wantedBy(request: IncomingMessage): Wanted {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const upgrade = String(request.headers.upgrade ?? '').toLowerCase();
  if (path === MANAGEMENT_PATH && upgrade === 'websocket') return { kind: 'management' };
  if (path === REPLICATION_PATH && upgrade === REPLICATION_PROTOCOL) return { kind: 'replication' };
  const other = /^\/(understudy-(?:management|replication))\/(\d{1,6})$/.exec(path);
  if (other === null) return { kind: 'unknown' };
  const ours = other[1] === 'understudy-management' ? MANAGEMENT_PROTOCOL : REPLICATION_PROTOCOL;
  const theirs = `${other[1]}/${other[2]}`;
  if (theirs === ours) return { kind: 'unknown' };
  return {
    kind: 'other-version',
    sentence: `the caller speaks ${theirs}, this agent ${ours}: update the older of the two.`,
  };
}

const REASONS: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'Not Found',
  426: 'Upgrade Required',
  503: 'Service Unavailable',
};

export interface Refusal {
  readonly status: 403 | 404 | 426 | 503;
  /** `version`, `not-trusted` … as the caller's side reads it. */
  readonly code: string;
  readonly sentence: string;
  /** How it is counted; null: it is not the caller's fault. */
  readonly noise: NoiseKind | null;
}

/** Answers an upgrade with no, and lets go of the connection whether or not that is read. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const { status, code, sentence } = refusal;
  const body = JSON.stringify({ error: { code, sentence } });
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  if (status === 426) head.push(`Upgrade: ${REPLICATION_PROTOCOL}, websocket`);
  socket.on('error', () => {});
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), 1_000).unref();
}
