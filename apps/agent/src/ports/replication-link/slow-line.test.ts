import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { LoggedPacket } from '@understudy/engine';
import { type Address, FrameType, position } from '@understudy/wire';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endAll, newIdentity, startTestAgent } from '../../listen/testing/test-agent.ts';
import { dialReplication } from './dial.ts';
import { Sender } from './sender.ts';

const RATE = 1_000_000;
const PACKET = 64 * 1024;

/** A line of RATE bytes a second to an agent, with all that kernels hold before it. */
class SlowLine {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  carried = 0;
  #heard: () => void = () => {};

  constructor(to: Address) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect(to.port, to.host);
      this.#sockets.push(near, far);
      for (const socket of [near, far]) socket.on('error', () => {});
      far.pipe(near);
      near.on('data', (chunk) => {
        near.pause();
        setTimeout(
          () => {
            this.carried += chunk.length;
            far.write(chunk);
            near.resume();
            this.#heard();
          },
          (chunk.length / RATE) * 1000,
        );
      });
    });
  }

  async listen(): Promise<Address> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  /** Until so many bytes have come through. */
  carries(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = () => {
        if (this.carried >= bytes) resolve();
      };
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe('a replication link over a slow line', () => {
  let line: SlowLine;
  afterEach(async () => {
    line.close();
    await endAll();
  });

  /** A job that has more to send than the line carries, and what has arrived of it. */
  async function busy() {
    const beta = await startTestAgent('beta');
    line = new SlowLine(beta.address);
    const identity = await newIdentity();
    beta.trust(identity, 'peer', 'alpha');
    const { fingerprint } = beta.base.identity;
    const near = await dialReplication({ address: await line.listen(), identity, fingerprint });
    const { link: far } = await beta.nextLink();
    const bytes = randomBytes(PACKET);
    let sent = 0;
    const pump = () => {
      while (sender.writable) {
        sent += 1;
        const at = position(sent);
        sender.send({ from: at, to: at, bytes, count: 1, firstTimeMs: 0, origin: 0, first: 0 } as LoggedPacket);
      }
    };
    const sender: Sender = new Sender({
      put: (fields, payload) => near.send(fields, [payload]),
      fields: ({ from, to }) => ({ type: FrameType.operations, from, to, records: 1, epoch: 1 }),
      writable: () => pump(),
      fault: (error) => expect(error).toBeNull(),
    });
    near.onDrain(() => {
      sender.drained();
      pump();
    });
    let arrived = 0;
    let heard: () => void = () => {};
    far.onFrame(({ to }, payload) => {
      far.recycle(payload);
      arrived = to;
      heard();
    });
    pump();
    const all = () =>
      new Promise<void>((resolve) => {
        heard = () => {
          if (arrived * PACKET >= sender.traffic.sentBytes) resolve();
        };
        heard();
      });
    return { sender, all };
  }

  it('[SCM4] a pause holds within a second', async () => {
    const { sender, all } = await busy();
    await line.carries(3 * RATE);
    const before = line.carried;
    sender.hold('person', true);
    await all();
    // Counted behind the line, in what it carries in a second: a machine that is busy has longer seconds.
    expect(line.carried - before).toBeLessThan(RATE);
    sender.hold('person', false);
    await line.carries(line.carried + RATE);
  });

  it('[SCM4] a lower rate holds within a second', async () => {
    const { sender } = await busy();
    await line.carries(2 * RATE);
    sender.setRate(RATE / 10);
    // What was handed over before goes as fast as the line can; all that comes behind it is counted already.
    expect(sender.traffic.wireBytes - line.carried).toBeLessThan(RATE);
  });

  it('[SCM4] goes on behind the moment in which the line ran empty to show its own delay', async () => {
    const { sender } = await busy();
    await line.carries(500_000);
    // Nobody has seen the line empty for as long as that is trusted.
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
    const before = sender.traffic.wireBytes;
    await line.carries(line.carried + 1_500_000);
    vi.restoreAllMocks();
    // Packets, and not marks alone.
    expect(sender.traffic.wireBytes - before).toBeGreaterThan(1_000_000);
  });
});
