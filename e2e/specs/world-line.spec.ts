/**
 * The line between two servers, each in a network namespace of its own, under a mixed load with a database: cut for long, cut again
 * and again, too slow for what is written.
 *
 * The measure of bytes. Sent: what the source's end of the line counted, frames with all their headers, whatever is sent again
 * included. Allowed: 1.2 times the bytes that changed and 200 bytes a call. Bytes that changed: what the applications' write calls
 * were given, counted by the applications (the database's by the kernel, of its process), and of stores through a mapping the different
 * 4 KiB pages between two calls of msync. That is never more than the sum over all calls of the different 4 KiB blocks a call touched.
 * A stream carries every write: a block written twice counts twice, also when the line was down.
 */
import { describe, expect } from 'vitest';
import {
  allowedBytes,
  type Bootstrap,
  describeWithFuse,
  elapse,
  fullSize,
  megabytes,
  openWorld,
  protectWorld,
  sized,
  staged,
  startLoad,
  Town,
  until,
  WORLD,
  whyNoLine,
} from '../bootstrap/index.ts';

const why = whyNoLine();
if (why !== null) console.warn(`SKIPPED the line between two servers: ${why}`);

/** A lost line is noticed after 10 s; cut sizes do not wait for so long. */
const noticing = fullSize ? '' : 'replication:\n  ping: 300ms\n  dead: 1200ms\n';
const inWorld = (stage: Bootstrap, source = '') =>
  openWorld(stage, { settings: { source: noticing + source, target: noticing } });

/** The most that sockets and proxy hold between one end of the connection and the other. */
const UNDER_WAY = 4_000_000;
/** Bytes that the writer of the slow line writes a second: 100 Mbit. */
const FAST = 12_500_000;

describe.skipIf(why !== null)('two servers', () => {
  describeWithFuse('and the line between them', () => {
    staged(
      `[SRM1] [SCM2] cut for ${sized(60, 6)} s under load`,
      [],
      async (stage) => {
        const world = await inWorld(stage);
        await protectWorld(world);
        const town = await Town.open(world);
        world.line.cut();
        await until('the source says that it is disconnected', async () => {
          return (await stage.client.status(WORLD)).state === 'disconnected';
        });
        await elapse(sized(48_000, 3000));
        await town.goesOn('the line was cut');
        expect((await stage.client.status(WORLD)).replication.queuedOperations).toBeGreaterThan(100);
        await world.line.join();
        await stage.client.reach(WORLD, 'protected', '60s');
        await town.settles('line cut once');
      },
      600_000,
    );

    staged(
      `[SRM1] [SCM2] cut every 2 s for ${sized(60, 8)} s under load`,
      [],
      async (stage) => {
        const world = await inWorld(stage);
        await protectWorld(world);
        const town = await Town.open(world);
        for (let turn = 0; turn < sized(30, 4); turn += 1) {
          world.line.cut();
          await elapse(1000);
          await world.line.join();
          await elapse(1000);
        }
        await town.goesOn('the last cut');
        await town.settles('line cut every 2 s');
      },
      600_000,
    );

    staged(
      `[SCM2] [TCM1] 40 ms each way, pieces that come late, connections that break, for ${sized(60, 8)} s under load`,
      [],
      async (stage) => {
        const bad = { delayMs: 40, lost: 0.002, breaking: sized(0.0005, 0.001) };
        const world = await openWorld(stage, { bad });
        await protectWorld(world);
        const town = await Town.open(world);
        await elapse(sized(60_000, 8000));
        await until('a connection has broken', () => (world.proxy?.progress ?? 0) > 1);
        await town.goesOn('a bad line');
        const broken = (world.proxy?.progress ?? 1) - 1;
        // What is under way when a connection breaks goes again; in the short form they break twice as often, for a few seconds.
        const again = fullSize ? 0 : broken * UNDER_WAY;
        await town.settles(`bad line, ${broken} connections broken`, (written) => allowedBytes(written) + again);
      },
      600_000,
    );

    staged(
      '[SRM1] 100 Mbit/s written beside the load, 10 Mbit/s of line: the queue goes to disk and drains',
      [],
      async (stage) => {
        const world = await inWorld(stage, 'queue:\n  memory: 1 MiB\n');
        await protectWorld(world);
        const before = world.line.sentBytes();
        const town = await Town.open(world);
        world.line.limit('10mbit');
        const places = sized(5000, 250);
        const writer = startLoad('blocks', [
          ...[`${world.source}/written`, '--of', String(places), '--count', String(places), '--run', '16'],
          ...['--rate', String(FAST)],
        ]);
        const said = JSON.parse(await writer.finished()) as { calls: number; bytes: number; seconds: number };
        await town.goesOn('the queue has gone to disk');
        const load = await town.close();
        const { replication } = await stage.client.status(WORLD);
        const began = performance.now();
        const sentMeanwhile = world.line.sentBytes() - before;
        await stage.client.flush(WORLD, '600s');
        const seconds = (performance.now() - began) / 1000;
        const sent = world.line.sentBytes() - before;
        console.info(
          `slow line: ${megabytes(said.bytes)} written in ${said.seconds.toFixed(1)} s, ${megabytes(load.bytes)} by the load ` +
            `and ${town.database.last} transactions beside it; then ${megabytes(replication.diskQueueBytes)} on disk; ${seconds.toFixed(1)} s until all was there, sent ${megabytes(sent)}, ` +
            `${(((sent - sentMeanwhile) * 8) / 1e6 / seconds).toFixed(2)} Mbit/s while it drained`,
        );
        expect(said.bytes / said.seconds, 'the application is not slowed down').toBeGreaterThan(0.9 * FAST);
        expect(replication.diskQueueBytes, 'the queue is on disk').toBeGreaterThan(0.5 * said.bytes);
        await town.equal();
        const written = { calls: said.calls + load.calls, bytes: said.bytes + load.bytes };
        expect(sent, 'bytes on the wire').toBeLessThanOrEqual(allowedBytes(written));
        expect(((sent - sentMeanwhile) * 8) / seconds, 'the line is used').toBeGreaterThan(8.5e6);
        await stage.client.reach(WORLD, 'protected');
        expect((await stage.client.status(WORLD)).replication.diskQueueBytes).toBe(0);
      },
      1_200_000,
    );
  });
});
