/**
 * Whatever answers where an etcd should be: what is kept is a record of an epoch, or the witness is at fault by name; who asks hears of it in
 * time, and nothing that is no answer ever counts as a change that was made.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { epochRecordSchema } from '@understudy/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdRegister } from './etcd-register.ts';
import { WitnessError } from './register.ts';

const RECORD = { epoch: 3, holder: 'a'.repeat(64), leaseMs: 6000, released: false };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const PAIR = { value: base64(JSON.stringify(RECORD)), mod_revision: '17' };
const RANGE = { header: { revision: '20' }, kvs: [PAIR], count: '1' };
const SWAPPED = { header: { revision: '21' }, succeeded: true, responses: [{ response_put: {} }] };

let server: Server;
/** Of the next answers, as it lies on the wire. */
let raw: Buffer = Buffer.alloc(0);
let endpoint = '';
const sockets = new Set<Socket>();
beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', () => socket.end(raw));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

function http(body: string | Uint8Array, status = 200): Buffer {
  const bytes = Buffer.from(body as string);
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} So\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`),
    bytes,
  ]);
}

/** Null: at fault, by name; anything else that is thrown fails the test. */
async function orFault<T>(work: (register: EtcdRegister) => Promise<T>, timeoutMs = 20_000): Promise<T | 'fault'> {
  const register = new EtcdRegister({ endpoints: [endpoint] }, randomUUID(), timeoutMs);
  try {
    return await work(register);
  } catch (error) {
    expect(error).toBeInstanceOf(WitnessError);
    expect(['unreachable', 'denied', 'damaged']).toContain((error as WitnessError).code);
    expect((error as WitnessError).message.length).toBeLessThan(600);
    return 'fault';
  }
}

/** Both that a witness is asked, with this for an answer. */
async function ask(answer: Buffer): Promise<{ read: unknown; swapped: unknown }> {
  raw = answer;
  const kept = await orFault((register) => register.read());
  if (kept !== 'fault' && kept !== null) {
    expect(epochRecordSchema.safeParse(kept.record).success).toBe(true);
    expect(kept.revision).toMatch(/^\d{1,20}$/);
  }
  const swap = await orFault((register) => register.swap('17', { ...RECORD, epoch: 4 }));
  if (swap !== 'fault' && swap.now !== null) expect(epochRecordSchema.safeParse(swap.now.record).success).toBe(true);
  return { read: kept, swapped: swap === 'fault' ? false : swap.swapped };
}

describe('[FO3] what answers for an etcd', () => {
  it('as etcd does is believed', async () => {
    expect((await ask(http(JSON.stringify(RANGE)))).read).toEqual({ revision: '17', record: RECORD });
    expect((await ask(http(JSON.stringify(SWAPPED)))).swapped).toBe(true);
  });

  it('with any JSON is at fault, or tells of a record', async () => {
    const fields = fc.constantFrom('header', 'kvs', 'succeeded', 'responses', 'count');
    const status = fc.constantFrom(200, 200, 200, 201, 400, 401, 403, 500, 503);
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), fields, fc.boolean(), status, async (value, field, put, code) => {
        await ask(http(JSON.stringify(value), code));
        const { swapped } = await ask(http(JSON.stringify({ ...(put ? SWAPPED : RANGE), [field]: value }), code));
        const isSwap = put && code === 200 && (field === 'succeeded' ? value === true : field !== 'header');
        if (!isSwap && field !== 'header' && field !== 'succeeded') expect(swapped).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('with any value under the key is at fault, or tells of a record', async () => {
    const value = fc.oneof(
      fc.string(),
      fc.jsonValue({ maxDepth: 2 }).map((json) => base64(JSON.stringify(json))),
    );
    const changed = fc
      .tuple(fc.constantFrom(...Object.keys(RECORD)), fc.jsonValue({ maxDepth: 1 }))
      .map(([field, other]) => base64(JSON.stringify({ ...RECORD, [field]: other })));
    await fc.assert(
      fc.asyncProperty(fc.oneof(value, changed), fc.oneof(fc.string(), fc.constant('17')), async (kept, revision) => {
        await ask(http(JSON.stringify({ ...RANGE, kvs: [{ value: kept, mod_revision: revision }] })));
      }),
      { numRuns: 60 },
    );
  });

  it('with any bytes, or an answer that was changed, is at fault or tells of a record', async () => {
    const good = http(JSON.stringify(RANGE));
    const change = fc.record({ at: fc.nat(good.length - 1), kind: fc.nat(2), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.array(change, { maxLength: 4 }), async (noise, list) => {
        let bytes: Buffer = Buffer.from(good);
        for (const { at, kind, byte } of list) {
          const where = at % Math.max(1, bytes.length);
          if (kind === 0) bytes[where] = byte;
          else if (kind === 1) bytes = bytes.subarray(0, where);
          else bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + (byte % 40))]);
        }
        await ask(bytes);
        expect((await ask(Buffer.from(noise))).swapped).toBe(false);
        await ask(http(noise));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['that is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['of another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
    ['that promises more than comes', 'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{'],
    ['that is nothing', ''],
    ['that is only promised', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['that leads elsewhere', 'HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n'],
    ['without an end', `HTTP/1.1 200 OK\r\n\r\n${'['.repeat(3 << 20)}`],
    ['of lists within lists', http('['.repeat(200_000)).toString()],
  ])('with an answer %s is at fault at once', async (_, answer) => {
    const begun = performance.now();
    expect(await ask(Buffer.from(answer))).toEqual({ read: 'fault', swapped: false });
    expect(performance.now() - begun).toBeLessThan(15_000);
  });
});
