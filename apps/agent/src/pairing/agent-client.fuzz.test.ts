/** What another agent answers, or what stands in its place: the result that was agreed on, or a ConnectError, and in time. */
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { calls } from '@understudy/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { ConnectError } from '../identity/connect-pinned.ts';
import type { Identity } from '../identity/identity.ts';
import { endAll, newIdentity } from '../listen/testing/test-agent.ts';
import { type AgentClient, openAgentClient } from './agent-client.ts';

const JOB = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const RECORD = { epoch: 3, holder: 'a'.repeat(64), leaseMs: 6000, released: false };
const GOOD = { kept: { revision: '17', record: RECORD } };

let mine: Identity;
let theirs: Identity;
let server: Server;
const sockets = new Set<Socket>();
/** What is said to the next call. */
let answer: (id: number) => string | Buffer = () => '';
/** Instead of taking an upgrade. */
let refuse: ((socket: Socket) => void) | null = null;

beforeAll(async () => {
  [mine, theirs] = [await newIdentity(), await newIdentity()];
  server = createServer({ cert: theirs.certificate, key: theirs.key, requestCert: true, rejectUnauthorized: false });
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    if (refuse !== null) refuse(socket as Socket);
    else
      webSockets.handleUpgrade(request, socket, head, (one) =>
        one.on('message', (data) => one.send(answer((JSON.parse(String(data)) as { id: number }).id))),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await endAll();
});

function open(timeoutMs = 20_000): Promise<AgentClient> {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const at = { host: '127.0.0.1', port };
  return openAgentClient({ address: at, identity: mine, fingerprint: theirs.fingerprint, timeoutMs });
}

/** Null: a ConnectError; anything else that is thrown fails the test. */
async function orRefused<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(ConnectError);
    return null;
  }
}

describe('[FO3] a call of another agent', () => {
  it('is answered with what was agreed on, or refused by name', async () => {
    const client = await open();
    answer = (id) => JSON.stringify({ id, ok: true, result: GOOD });
    expect(await client.call('witness.read', { jobId: JOB })).toEqual(GOOD);
    const field = fc.constantFrom('revision', 'record');
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), field, fc.nat(4), async (value, name, kind) => {
        const results = [value, { kept: value }, { kept: { ...GOOD.kept, [name]: value } }, GOOD, GOOD];
        answer = (id) => {
          const whole = JSON.stringify({ id, ok: true, result: results[kind] });
          if (kind === 3) return JSON.stringify({ id, ok: false, error: value });
          return kind === 4 ? whole.slice(0, 12) : whole;
        };
        const read = await orRefused(client.call('witness.read', { jobId: JOB }));
        if (read !== null) expect(calls['witness.read'].result.safeParse(read).success).toBe(true);
      }),
      { numRuns: 200 },
    );
    client.close();
  });

  it('that is answered with another shape is refused by name', async () => {
    const client = await open();
    answer = (id) => JSON.stringify({ id, ok: true, result: { kept: 7 } });
    const refused = client.call('witness.read', { jobId: JOB });
    await expect(refused).rejects.toMatchObject({ name: 'ConnectError', code: 'failed' });
    await expect(refused).rejects.toThrow(/witness\.read/);
    client.close();
  });

  it('to one who says a byte now and then instead of an upgrade is refused once its time is over', async () => {
    refuse = (socket) => {
      socket.write('HTTP/1.1 426 So\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(drip));
    };
    expect(await orRefused(open(300))).toBeNull();
    refuse = null;
  });
});
