import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { readInPlace } from './fast-read.ts';

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

async function pair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  open.push(near, far);
  return [near, far];
}

async function collect(far: Socket, near: Socket): Promise<[string, string]> {
  let text = '';
  const how = readInPlace(far, (bytes) => {
    text += Buffer.from(bytes).toString();
  });
  for (let i = 0; i < 1000; i += 1) near.write(`${i} `);
  near.end();
  await once(far, 'end');
  return [how, text];
}
const expected = Array.from({ length: 1000 }, (_, i) => `${i} `).join('');

describe('reading in place', () => {
  it('delivers every byte in order and then the end', async () => {
    const [near, far] = await pair();
    expect(await collect(far, near)).toEqual(['in-place', expected]);
  });

  it('gives way to ordinary reading where Node does not offer it', async () => {
    const [near, far] = await pair();
    Object.assign((far as unknown as { _handle: object })._handle, { useUserBuffer: undefined });
    expect(await collect(far, near)).toEqual(['ordinary', expected]);
  });

  it('does not overtake what was read before', async () => {
    const [near, far] = await pair();
    near.write('first ');
    await once(far, 'readable');
    expect(await collect(far, near)).toEqual(['ordinary', `first ${expected}`]);
  });
});
