import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import { encodeFrameHeader, FRAME_HEADER, FrameType, REPLICATION_PROTOCOL, setFrameCrc } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { endAll, newIdentity, startTestAgent, tlsTo } from '../../listen/testing/test-agent.ts';

afterEach(endAll);

describe('a replication link to a peer that means harm', () => {
  it('does not gather answers to pings for a peer that asks and never reads', async () => {
    const target = await startTestAgent('beta', {}, { sendBuffer: 64 * 1024 });
    const identity = await newIdentity();
    target.trust(identity, 'peer', 'alpha');
    const socket = await tlsTo(target.address, identity);
    socket.on('error', () => {});
    const upgrade = `Connection: Upgrade\r\nUpgrade: ${REPLICATION_PROTOCOL}`;
    socket.write(`GET /${REPLICATION_PROTOCOL} HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n\r\n`);
    const { link: far } = await target.nextLink();
    socket.pause();
    const ping = Buffer.alloc(FRAME_HEADER);
    encodeFrameHeader({ type: FrameType.ping }, 0, ping);
    setFrameCrc(ping, crc32(ping));
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => ping));
    let most = 0;
    for (let i = 0; i < 16; i += 1) {
      if (!socket.write(many)) await once(socket, 'drain');
      most = Math.max(most, far.bufferedBytes);
    }
    while (far.traffic.received < 16 * many.length) {
      most = Math.max(most, far.bufferedBytes);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // The answer that went past the bound, and the pings of its own that are due meanwhile, come on top.
    expect(most).toBeLessThanOrEqual(2 * 64 * 1024 + 16 * FRAME_HEADER);
    expect(far.closed).toBeNull();
  });
});
