import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  Codec,
  FRAME_HEADER,
  type FrameHeader,
  FrameType,
  MAX_FRAME,
  position,
  REPLICATION_PROTOCOL,
  refuseSchema,
} from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { endAll, newIdentity, startTestAgent, type TestAgent, tlsTo } from '../../listen/testing/test-agent.ts';
import { refuseUpgrade } from '../../listen/upgrade.ts';
import { compressorFor } from '../compression/index.ts';
import { dialReplication } from './dial.ts';
import { type LinkClosed, parseJsonFrame, type ReplicationLink } from './replication-link.ts';

afterEach(endAll);

async function dial(target: TestAgent): Promise<ReplicationLink> {
  const identity = await newIdentity();
  target.trust(identity, 'peer', 'alpha');
  return dialReplication({ address: target.address, identity, fingerprint: target.base.identity.fingerprint });
}

async function linked(target?: TestAgent): Promise<{ near: ReplicationLink; far: ReplicationLink }> {
  const beta = target ?? (await startTestAgent('beta'));
  const near = await dial(beta);
  const { link: far, peer } = await beta.nextLink();
  expect(peer.name).toBe('alpha');
  return { near, far };
}

const closed = (link: ReplicationLink) => new Promise<LinkClosed>((resolve) => link.onClose(resolve));

function received(link: ReplicationLink, count: number): Promise<[FrameHeader, Uint8Array][]> {
  return new Promise((resolve) => {
    const frames: [FrameHeader, Uint8Array][] = [];
    link.onFrame((header, payload) => {
      frames.push([header, payload]);
      if (frames.length === count) resolve(frames);
    });
  });
}

const operations = (at: number) =>
  ({ type: FrameType.operations, from: position(at), to: position(at), records: 1, epoch: 3 }) as const;

/** A peer that has got through the upgrade and now writes what it likes. */
async function rawPeer(target: TestAgent): Promise<{ socket: TLSSocket; far: ReplicationLink }> {
  const identity = await newIdentity();
  target.trust(identity, 'peer', 'alpha');
  const socket = await tlsTo(target.address, identity);
  socket.on('error', () => {});
  socket.write(
    `GET /${REPLICATION_PROTOCOL} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${REPLICATION_PROTOCOL}\r\n\r\n`,
  );
  const { link: far } = await target.nextLink();
  socket.resume();
  return { socket, far };
}

describe('a replication link', () => {
  it('[SCM3] expands compressed frames, and what follows does not overtake them', async () => {
    const { near, far } = await linked();
    const there = received(far, 40);
    const { codec, compress } = compressorFor('high', undefined) ?? {
      codec: Codec.none,
      compress: async () => Buffer.of(),
    };
    const raw = Buffer.alloc(MAX_FRAME, 'abcdefg');
    const packed = await compress(raw);
    for (let i = 1; i <= 40; i += 1)
      if (i % 2 === 0) near.send(operations(i), [Buffer.from('raw')]);
      else near.send({ ...operations(i), codec, rawLength: raw.length }, [packed]);
    const frames = await there;
    expect(frames.map(([header]) => header.from)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    for (const [header, payload] of frames) {
      expect(header).toMatchObject({ codec: Codec.none, payloadLength: payload.length });
      expect(Buffer.compare(payload, header.from % 2 === 0 ? Buffer.from('raw') : raw)).toBe(0);
    }
  });

  it('ends by name at a frame that expands to more than it says', async () => {
    const { near, far } = await linked();
    const compressor = compressorFor('high', undefined);
    const bomb = (await compressor?.compress(Buffer.alloc(1024 * 1024))) ?? Buffer.of();
    near.send({ ...operations(1), codec: Codec.brotli, rawLength: 4096 }, [bomb]);
    expect(await closed(far)).toMatchObject({
      end: 'protocol',
      sentence: expect.stringContaining('cannot be expanded'),
    });
  });

  it('carries frames whole, in order and both ways', async () => {
    const { near, far } = await linked();
    const there = received(far, 300);
    const back = received(near, 1);
    for (let i = 1; i <= 300; i += 1)
      near.send(operations(i), [new Uint8Array(i * 7).fill(i), new Uint8Array(0), new Uint8Array(3).fill(255)]);
    far.send({ type: FrameType.acknowledge, from: position(300), to: position(299) }, []);
    const frames = await there;
    frames.forEach(([header, payload], i) => {
      expect(header).toMatchObject({ ...operations(i + 1), payloadLength: (i + 1) * 7 + 3 });
      expect(payload.subarray(0, -3).every((byte) => byte === ((i + 1) & 255))).toBe(true);
      expect([...payload.subarray(-3)]).toEqual([255, 255, 255]);
    });
    expect((await back)[0]?.[0]).toMatchObject({ from: 300, to: 299 });
    near.close();
    expect((await closed(far)).end).toBe('bye');
  });

  it('is read in place on both ends, as fast as this Node can', async () => {
    const { near, far } = await linked();
    expect([near.reading, far.reading]).toEqual(['in-place', 'in-place']);
    near.close();
  });

  it('keeps what comes before anyone listens', async () => {
    const { near, far } = await linked();
    for (let i = 1; i <= 20; i += 1) near.send(operations(i), [new Uint8Array(100_000).fill(i)]);
    // The first of them has been cut out of the stream by now, with nobody to take it.
    while (far.traffic.received === 0) await new Promise((resolve) => setImmediate(resolve));
    const frames = await received(far, 20);
    expect(frames.map(([header]) => header.from)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    near.close();
  });

  it('says when to wait and when to go on, and holds no more than that', async () => {
    const { near, far } = await linked();
    const block = new Uint8Array(1024 * 1024);
    let sent = 0;
    let seen = 0;
    let most = 0;
    const all = new Promise<void>((resolve) =>
      far.onFrame((_, payload) => {
        far.recycle(payload);
        seen += 1;
        if (seen === 64) resolve();
      }),
    );
    const pump = () => {
      while (sent < 64) {
        sent += 1;
        const more = near.send(operations(sent), [block]);
        most = Math.max(most, near.bufferedBytes);
        if (!more) return;
      }
    };
    near.onDrain(pump);
    pump();
    expect(sent).toBeLessThan(64);
    await all;
    expect(most).toBeLessThanOrEqual(3.1 * 1024 * 1024);
    expect(near.traffic.sent).toBeGreaterThanOrEqual(64 * (block.length + FRAME_HEADER));
    near.close();
  });

  it('does not reuse a payload that was not given back', async () => {
    const { near, far } = await linked();
    const there = received(far, 3);
    for (let i = 1; i <= 3; i += 1) near.send(operations(i), [new Uint8Array(50_000).fill(i)]);
    expect((await there).map(([, payload]) => payload[0])).toEqual([1, 2, 3]);
    near.close();
  });

  it('goes out to its end before the goodbye', async () => {
    const { near, far } = await linked();
    const there = received(far, 10);
    for (let i = 1; i <= 10; i += 1) near.send(operations(i), [new Uint8Array(500_000)]);
    near.close('enough');
    expect(near.send(operations(11), [new Uint8Array(1)])).toBe(false);
    expect(near.closed).toEqual({ end: 'closed', sentence: 'enough' });
    await there;
    expect((await closed(far)).end).toBe('bye');
  });

  it('that is cut ends as lost on the other side', async () => {
    const target = await startTestAgent('beta');
    const { socket, far } = await rawPeer(target);
    socket.destroy();
    expect((await closed(far)).end).toBe('lost');
  });

  it('ends when trust in the peer ends', async () => {
    const target = await startTestAgent('beta');
    const { near, far } = await linked(target);
    target.base.trust.remove(far.peer.fingerprint);
    expect((await closed(near)).end).toBe('bye');
  });

  it('ends when its peer falls silent', async () => {
    const target = await startTestAgent('beta', {}, { pingMs: 40, deadMs: 150 });
    const { far } = await rawPeer(target);
    expect(await closed(far)).toMatchObject({ end: 'silent', sentence: expect.stringContaining('nothing was heard') });
  });

  it.each([
    ['garbage', () => Buffer.from('GET / HTTP/1.1\r\nHost: somewhere\r\nAccept: */*\r\n\r\n'), 'bad-magic'],
    ['a frame over the limit', () => header({ length: MAX_FRAME + 1 }), 'too-long'],
    ['an unknown type', () => header({ type: 99 }), 'unknown-type'],
    [
      'a damaged payload',
      () => Buffer.concat([header({ type: 4, length: 4, count: 1 }), Buffer.from('abcd')]),
      'bad-crc',
    ],
    ['a payload where none belongs', () => header({ type: 11, length: 5 }), 'bad-length'],
  ])('ends by name at %s', async (_, bytes, fault) => {
    const target = await startTestAgent('beta');
    const { socket, far } = await rawPeer(target);
    socket.write(bytes());
    const end = await closed(far);
    expect(end.end).toBe('protocol');
    expect(end.sentence).toContain(fault);
    await once(socket, 'close');
  });

  it('ends by name at JSON that breaks its schema', async () => {
    const { near, far } = await linked();
    far.onFrame((head, payload) => expect(parseJsonFrame(far, head, payload, refuseSchema)).toBeNull());
    near.sendJson(FrameType.refuse, { code: 'whatever', sentence: 'no' });
    expect(await closed(far)).toMatchObject({ end: 'protocol', sentence: expect.stringContaining('schema') });
    expect((await closed(near)).end).toBe('lost');
  });
});

function header(fields: { type?: number; length?: number; count?: number }): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER);
  bytes.writeUInt32LE(0x31_52_44_55, 0);
  bytes.writeUInt32LE(fields.length ?? 0, 4);
  bytes.writeUInt8(fields.type ?? 4, 8);
  bytes.writeUInt16LE(fields.count ?? 0, 10);
  bytes.writeBigUInt64LE(1n, 16);
  bytes.writeBigUInt64LE(1n, 24);
  bytes.writeUInt32LE(fields.length ?? 0, 36);
  return bytes;
}

describe('dialling', () => {
  it('refuses another certificate than the pinned one', async () => {
    const target = await startTestAgent('beta');
    const identity = await newIdentity();
    target.trust(identity, 'peer');
    const attempt = dialReplication({ address: target.address, identity, fingerprint: identity.fingerprint });
    await expect(attempt).rejects.toMatchObject({ code: 'changed-fingerprint' });
  });

  it('hears that the target does not know it', async () => {
    const target = await startTestAgent('beta');
    const { fingerprint } = target.base.identity;
    const attempt = dialReplication({ address: target.address, identity: await newIdentity(), fingerprint });
    await expect(attempt).rejects.toMatchObject({ code: 'not-trusted', message: expect.stringContaining('introduce') });
  });

  it('names both versions where the target speaks another', async () => {
    const identity = await newIdentity();
    const server = createServer({
      cert: identity.certificate,
      key: identity.key,
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.on('upgrade', (_, socket) => {
      const error = { code: 'version', sentence: 'this agent speaks understudy-replication/99.' };
      refuseUpgrade(socket, { status: 426, ...error, noise: null });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const attempt = dialReplication({
      address: { host: '127.0.0.1', port },
      identity,
      fingerprint: identity.fingerprint,
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'version',
      message: expect.stringMatching(new RegExp(`understudy-replication/99.*${REPLICATION_PROTOCOL}`)),
    });
    server.close();
  });

  it('can be given up', async () => {
    const target = await startTestAgent('beta');
    const { fingerprint } = target.base.identity;
    const signal = AbortSignal.abort();
    const attempt = dialReplication({ address: target.address, identity: await newIdentity(), fingerprint, signal });
    await expect(attempt).rejects.toMatchObject({ code: 'failed' });
  });
});
