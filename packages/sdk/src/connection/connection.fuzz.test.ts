/**
 * Whatever an agent sends: a call is answered with what its schema has or with an SdkError, a listener hears nothing else, and a message that is
 * none ends the connection with one error for all that waits. Answers to an upgrade that are none are SdkErrors too, and in time.
 */
import { EventEmitter } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { calls, topics } from '@understudy/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type WebSocket from 'ws';
import { SdkError } from '../errors.ts';
import { statusOf } from '../testing/fake-agent.ts';
import { Connection } from './connection.ts';
import { followJobs } from './follow-jobs.ts';
import { openWebSocket } from './open-websocket.ts';

/** The part of a socket that a connection uses; what is sent is looked at, what comes is said by the test. */
class FakeSocket extends EventEmitter {
  readonly sent: { id: number }[] = [];
  isOver = false;
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  ping(): void {}
  terminate(): void {
    this.isOver = true;
  }
  say(message: unknown): void {
    this.emit('message', Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), false);
  }
}

function connected(): { socket: FakeSocket; connection: Connection } {
  const socket = new FakeSocket();
  return { socket, connection: new Connection(socket as unknown as WebSocket, 'alpha') };
}

const EVENT = {
  id: 7,
  time: '2026-11-22T12:00:00.000Z',
  severity: 'warning',
  code: 'disconnected',
  job: null,
  sentence: 'the link is down',
  advice: '',
};
const ANSWER = { id: 1, ok: true, result: { events: [EVENT], last: 7 } };
const REFUSED = { id: 1, ok: false, error: { code: 'refused', sentence: 'no' } };
const PUSH = { subscription: 2, topic: 'events', payload: EVENT };
const RECORDED = [ANSWER, REFUSED, PUSH].map((message) => JSON.stringify(message));

const change = fc.record({ at: fc.nat(400), kind: fc.nat(2), text: fc.string({ maxLength: 4 }) });
const changed = fc
  .tuple(fc.constantFrom(...RECORDED), fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([from, list]) =>
    list.reduce((text, { at, kind, text: other }) => {
      const where = at % Math.max(1, text.length);
      return kind === 0
        ? text.slice(0, where)
        : text.slice(0, where) + other + text.slice(where + (kind === 1 ? 1 : 0));
    }, from),
  );
const field = fc.constantFrom('id', 'ok', 'result', 'error', 'subscription', 'topic', 'payload');
const replaced = fc
  .tuple(fc.constantFrom(ANSWER, REFUSED, PUSH), field, fc.jsonValue({ maxDepth: 3 }))
  .map(([message, name, value]) => JSON.stringify({ ...message, [name]: value }));
const messages = fc.array(fc.oneof(changed, replaced, fc.json({ maxDepth: 3 }), fc.string()), { maxLength: 4 });

/** What became of it, while nothing but an SdkError may be thrown. */
async function settled<T>(promise: Promise<T>): Promise<T | SdkError> {
  try {
    return await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(SdkError);
    expect((error as SdkError).message.length).toBeLessThan(5000);
    return error as SdkError;
  }
}

describe('a connection to an agent', () => {
  it('that says anything gives what was agreed on, or an SdkError', async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (list) => {
        const { socket, connection } = connected();
        const heard: unknown[] = [];
        const call = settled(connection.call('events.list', {}));
        const subscribed = settled(connection.subscribe('events', {}, (one) => void heard.push(one)));
        for (const message of list) socket.say(message);
        const wasOpen = connection.isOpen;
        connection.close();
        const answer = await call;
        if (!(answer instanceof SdkError)) expect(calls['events.list'].result.safeParse(answer).success).toBe(true);
        for (const one of heard) expect(topics.events.payload.safeParse(one).success).toBe(true);
        await subscribed;
        const end = await connection.closed;
        expect(end).toBeInstanceOf(SdkError);
        if (!wasOpen) expect([end.code, socket.isOver]).toEqual(['invalid-answer', true]);
      }),
      { numRuns: 600 },
    );
  });

  it('that says something in bytes, or nothing that is JSON, is over', async () => {
    for (const [message, isBinary] of [
      [Buffer.from(JSON.stringify(ANSWER)), true],
      [Buffer.from('{'), false],
    ] as const) {
      const { socket, connection } = connected();
      const call = settled(connection.call('events.list', {}));
      socket.emit('message', message, isBinary);
      expect(await call).toMatchObject({ code: 'invalid-answer' });
    }
  });

  it('that tells of jobs in changes that were changed leaves statuses as they can be', async () => {
    const status = statusOf({ name: 'files' });
    const paths = Object.keys(status).flatMap((part) => [part, `${part}.state`, `${part}.__proto__`]);
    const path = fc.oneof(
      fc.constantFrom(...paths),
      fc.constantFrom('__proto__', 'constructor.prototype', ''),
      fc.string(),
    );
    const news = fc.record({
      name: fc.constantFrom('files', 'other', '__proto__'),
      set: fc.dictionary(path, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
      gone: fc.array(path, { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(news, { minLength: 1, maxLength: 4 }), async (list) => {
        const { socket, connection } = connected();
        const heard: unknown[] = [];
        const followed = settled(followJobs(connection, ({ status: now }) => void heard.push(structuredClone(now))));
        const push = (payload: unknown) => socket.say({ subscription: 1, topic: 'job-changes', payload });
        push([{ name: 'files', status }]);
        for (const one of list) push([one]);
        connection.close();
        await followed;
        expect(heard.length).toBeGreaterThanOrEqual(1);
        for (const now of heard)
          expect(topics['job-changes'].payload.safeParse([{ name: 'files', status: now }]).success).toBe(true);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what answers an upgrade', () => {
  let server: Server;
  let answer: (socket: Socket) => void = () => {};
  const sockets = new Set<Socket>();
  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  async function upgrade(timeoutMs = 20_000): Promise<SdkError> {
    const address = server.address();
    const stream = dial(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
    const end = await settled(openWebSocket(stream, 'beta:7320', timeoutMs));
    if (!(end instanceof SdkError)) throw new Error('it was taken for an agent');
    expect([end.code, end.message]).toEqual(['not-an-agent', expect.stringContaining('beta:7320')]);
    return end;
  }

  it('with any bytes is no agent', async () => {
    const body = fc.oneof(
      fc.string(),
      fc.json({ maxDepth: 3 }),
      fc.json().map((json) => `{"error":${json}}`),
    );
    const status = fc.constantFrom(200, 204, 302, 400, 426, 500, 999);
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 60 }),
        body,
        status,
        fc.boolean(),
        async (noise, text, code, http) => {
          const head = `HTTP/1.1 ${code} So\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
          answer = (socket) => socket.end(http ? head + text : noise);
          await upgrade();
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['a body without an end', (socket: Socket) => void socket.write(`HTTP/1.1 426 So\r\n\r\n${'x'.repeat(1 << 20)}`)],
    [
      'another protocol',
      (socket: Socket) => void socket.end('HTTP/1.1 101 So\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'),
    ],
    [
      'an endless sentence',
      (socket: Socket) =>
        void socket.end(`HTTP/1.1 426 So\r\n\r\n{"error":{"code":"x","sentence":"${'y'.repeat(3000)}"}}`),
    ],
  ])('with %s is no agent', async (_, say) => {
    answer = say;
    expect((await upgrade()).message.length).toBeLessThan(300);
  });

  it('with a byte now and then is no agent, once its time is over', async () => {
    answer = (socket) => {
      socket.write('HTTP/1.1 426 So\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(drip));
    };
    await upgrade(300);
  });
});
