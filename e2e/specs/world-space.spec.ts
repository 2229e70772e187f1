/**
 * What is full: the queue, the disk of the replica, the disk of the queue. Two servers in network namespaces of their own; bytes sent
 * are what the source's end of the line counted. A repair sends what differs, so what it may send is measured in different 4 KiB
 * blocks: 1.1 times those that were changed while the line was down, however often.
 */
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  describeWithFuse,
  fullSize,
  imagesInMemory,
  type JobStatus,
  megabytes,
  mountDiskImage,
  openWorld,
  protectWorld,
  readBytes,
  sized,
  staged,
  startLoad,
  treeDifferences,
  until,
  WORLD,
  type World,
  whyNoDiskImage,
  whyNoLine,
} from '../bootstrap/index.ts';

const why = whyNoLine() ?? whyNoDiskImage('ext4');
if (why !== null) console.warn(`SKIPPED full disks and queues of two servers: ${why}`);

const MIB = 1024 ** 2;
const BLOCK = 4096;
/** A lost line is noticed after 10 s; cut sizes do not wait for so long. */
const noticing = fullSize ? '' : 'replication:\n  ping: 300ms\n  dead: 1200ms\n';
const smallQueue = (mib: number) => `${noticing}queue:\n  memory: 1 MiB\n  disk: ${mib} MiB\n  minimum-free: 0\n`;
/** The size of a sparse file of which one block in a hundred changes: more than the queue may hold at either size. */
const GIB = sized(10, 2);

interface Said {
  readonly calls: number;
  readonly bytes: number;
  readonly distinctBytes: number;
  readonly worstMs: number;
}

const writes = async (file: string, ...options: (string | number)[]): Promise<Said> =>
  JSON.parse(await startLoad('blocks', [file, ...options.map(String)]).finished()) as Said;

/** What is written from here on meets a source that knows: nothing of it is on its way already. */
const disconnected = ({ stage }: World): Promise<JobStatus> =>
  until('the source says that it is disconnected', async () => {
    const status = await stage.client.status(WORLD);
    return status.state === 'disconnected' ? status : undefined;
  });

/** Joins the line and waits until all is repaired; what the source sent for it and what its agent read. */
async function repaired({ stage, line, source, replica }: World, ...compare: string[]) {
  const { pid } = stage.agent('alpha');
  const [sentBefore, readBefore, began] = [line.sentBytes(), readBytes(pid), performance.now()];
  await line.join();
  await stage.client.reach(WORLD, 'protected', '300s');
  await stage.client.flush(WORLD);
  const [sent, read] = [line.sentBytes() - sentBefore, readBytes(pid) - readBefore];
  const seconds = (performance.now() - began) / 1000;
  expect(await treeDifferences(source, replica, ...compare)).toEqual([]);
  return { sent, read, seconds };
}

describe.skipIf(why !== null)('two servers', () => {
  describeWithFuse('and what is full', () => {
    staged('[SRM2] a queue at its limit of 64 MiB: only what changed is sent afterwards', [], async (stage) => {
      const world = await openWorld(stage, { settings: { source: smallQueue(64), target: noticing } });
      const file = join(world.source, 'large');
      const places = sized(131_072, 32_768);
      await writes(file, '--of', places / 16, '--count', places / 16, '--run', 16);
      await startLoad('many-files', [world.stage.folder('source', 'world', 'many'), '500']).finished();
      await protectWorld(world);
      world.line.cut();
      await disconnected(world);
      // Six times the same blocks: together more than the queue may hold, each only once different. No faster than a busy machine's agent
      // drains: it is not the ring that is to be full.
      const pace = ['--rate', 32 * MIB];
      const said = await writes(file, '--of', places, '--count', 4096, '--passes', 6, '--seed', 7, ...pace);
      const { replication, targetDataState } = await stage.client.status(WORLD);
      expect(replication.dirty?.reasons.map(({ reason }) => reason)).toContain('queue-disk-full');
      expect(targetDataState).toBe('mirror-required');
      expect(replication.diskQueueBytes, 'the queue has been let go').toBeLessThan(32 * MIB);
      const { sent, seconds } = await repaired(world);
      console.info(
        `full queue: ${megabytes(said.bytes)} written into ${megabytes(said.distinctBytes)} of ${megabytes(places * BLOCK)}; ` +
          `sent ${megabytes(sent)} in ${seconds.toFixed(1)} s`,
      );
      expect(replication.dirty?.bytes, 'dirty are exactly the blocks').toBe(said.distinctBytes);
      expect(sent, 'bytes on the wire').toBeLessThanOrEqual(1.1 * said.distinctBytes);
    });

    staged(`[SRM3] 1 % of a sparse file of ${GIB} GiB, changed at random while the line is down`, [], async (stage) => {
      const queue = smallQueue(sized(64, 12));
      const world = await openWorld(stage, { settings: { source: queue, target: noticing } });
      imagesInMemory(stage, 1024 * MIB);
      for (const at of [world.source, world.to]) mountDiskImage(stage, 'ext4', at, (GIB + 1) * 1024 * MIB);
      const file = join(world.source, 'sparse');
      const places = (GIB * 1024 * MIB) / BLOCK;
      await writes(file, '--of', places, '--count', 1000, '--seed', 3);
      await protectWorld(world);
      world.line.cut();
      // A queue that is full while its line still counts as whole is folded when that is over: it is read for that, later on.
      await disconnected(world);
      const said = await writes(file, '--of', places, '--count', Math.floor(places / 100), '--seed', 4);
      const { replication } = await stage.client.status(WORLD);
      expect(replication.dirty?.reasons.map(({ reason }) => reason)).toContain('queue-disk-full');
      const { sent, read, seconds } = await repaired(world, '--skip-holes', 'yes');
      console.info(
        `${GIB} GiB: ${megabytes(said.bytes)} changed; sent ${megabytes(sent)} (${((sent / (places * BLOCK)) * 100).toFixed(3)} %), ` +
          `read ${megabytes(read)}, ${seconds.toFixed(1)} s`,
      );
      expect(sent, 'bytes on the wire').toBeLessThanOrEqual(0.011 * places * BLOCK);
      // Its reading of the line's acknowledgements and of its own records is counted along with the file's.
      expect(read, 'bytes that the source agent read').toBeLessThanOrEqual(1.5 * said.bytes);
    });

    staged('[TRM2] a target out of space goes on by itself once there is space', [], async (stage) => {
      const world = await openWorld(stage, { settings: { source: noticing, target: noticing } });
      mountDiskImage(stage, 'ext4', world.to, 96 * MIB);
      await protectWorld(world);
      const ballast = join(world.to, 'ballast');
      const { bavail, bsize } = statfsSync(world.to);
      execFileSync('fallocate', ['-l', String(bavail * bsize - 4 * MIB), ballast]);
      const said = await writes(join(world.source, 'growing'), '--of', 256, '--count', 256, '--run', 16);
      const load = startLoad('storm', [stage.folder('source', 'world', 'storm'), '--operations', '2000']);
      await load.finished();
      const full = await until('the job says what is the matter', async () => {
        const status = await stage.client.status(WORLD);
        return status.state === 'protected' || status.targetDataState === 'ok' ? undefined : status;
      });
      console.info(`target full: ${full.state}, ${full.targetDataState}, ${JSON.stringify(full.reason)}`);
      expect(said.worstMs, 'the longest write').toBeLessThan(2000);
      rmSync(ballast);
      await stage.client.reach(WORLD, 'protected', '120s');
      await stage.client.flush(WORLD);
      expect(await treeDifferences(world.source, world.replica)).toEqual([]);
    });

    staged("[FSI3] [SRM2] the queue's own disk is full: the application never notices", [], async (stage) => {
      const folder = stage.folder('queue-disk');
      mountDiskImage(stage, 'ext4', folder, 32 * MIB);
      const queue = `queue:\n  memory: 1 MiB\n  disk: 1 GiB\n  minimum-free: 0\n  folder: ${folder}/queue\n`;
      const world = await openWorld(stage, { settings: { source: noticing + queue, target: noticing } });
      await protectWorld(world);
      writeFileSync(join(world.source, 'before'), 'the line was cut');
      await stage.client.flush(WORLD);
      world.line.cut();
      // A repair that begins while the line still counts as whole says into it what is said again later.
      await disconnected(world);
      const said = await writes(
        join(world.source, 'growing'),
        '--of',
        1024,
        '--count',
        1024,
        '--run',
        16,
        '--passes',
        2,
      );
      const { replication, targetDataState } = await stage.client.status(WORLD);
      const { sent } = await repaired(world);
      console.info(
        `queue's disk full: ${JSON.stringify(replication.dirty)}, ${targetDataState}; ${megabytes(said.bytes)} written into ` +
          `${megabytes(said.distinctBytes)}, the longest write ${said.worstMs} ms; sent ${megabytes(sent)}`,
      );
      expect(replication.dirty?.reasons.map(({ reason }) => reason).join()).toMatch(/queue-disk/);
      expect(said.worstMs, 'the longest write').toBeLessThan(2000);
      expect(sent, 'bytes on the wire').toBeLessThanOrEqual(1.1 * said.distinctBytes);
    });
  });
});
