import { createHash, randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, utimesSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { elapse } from '@understudy/e2e';
import type { Session } from '../contenders/contender.ts';
import type { Figure } from '../measure/figure.ts';
import { probed } from '../measure/probe.ts';
import { median } from '../measure/statistics.ts';
import { figure, isOwn, type Row, type Scene } from './row.ts';

const CHUNK = 8 * 1024 * 1024;
const LIMIT_MS = 180_000;
/** Its modification time, in whole seconds because not every tool keeps more: a copy bears it only when it is finished. */
const LONG_AGO_S = 1_600_000_000;

export const largeFile: Row = {
  id: 'large-file',
  title: 'one large file: first copy, then 4 KiB changed inside it',
  async run(scene) {
    const { session, sizes } = scene;
    const [from, to] = [join(session.source, 'large'), join(session.replica, 'large')];
    writeRandom(from, sizes.largeBytes);
    utimesSync(from, LONG_AGO_S, LONG_AGO_S);
    const began = performance.now();
    await session.begin();
    const { equalNs } = await probed<{ equalNs: number }>('await-file', to, sizes.largeBytes, LONG_AGO_S, LIMIT_MS);
    const seconds = (performance.now() - began) / 1000;
    const reach = { atLeast: 400 };
    if (equalNs < 0)
      return [figure('first-copy', 'first copy', 'MB/s', null, { note: `not within ${LIMIT_MS / 1000} s`, reach })];
    await session.ready(LIMIT_MS);
    const equal = digestOf(from) === digestOf(to);
    const note = `${sizes.largeBytes / 2 ** 20} MiB${equal ? '' : '; THE COPY DIFFERS'}`;
    const rate = sizes.largeBytes / 1e6 / seconds;
    return [figure('first-copy', 'first copy', 'MB/s', rate, { note, reach }), ...(await changed(scene, from, to))];
  },
};

async function changed(scene: Scene, from: string, to: string): Promise<Figure[]> {
  const { session, sizes } = scene;
  const times: number[] = [];
  const sent: number[] = [];
  for (let round = 0; round < scene.rounds(isOwn(scene) ? 11 : 2); round += 1) {
    const before = await session.sentBytes();
    const offset = 4096 * Math.floor((sizes.largeBytes / 4096) * (0.2 + 0.05 * round));
    const { equalNs } = await probed<{ equalNs: number }>('patch', from, to, offset, 1000 + round, LIMIT_MS);
    if (equalNs < 0) {
      const note = `not within ${LIMIT_MS / 1000} s`;
      return [figure('change', '4 KiB changed inside it, until equal', 'ms', null, { note })];
    }
    times.push(equalNs / 1e6);
    const bytes = await sentSince(session, before);
    if (bytes !== null) sent.push(bytes);
  }
  return [
    figure('change', '4 KiB changed inside it, until equal', 'ms', median(times), {
      samples: times.length,
      reach: { atMost: 50 },
    }),
    figure('change', '… sent for it', 'bytes', sent.length === 0 ? null : median(sent), {
      samples: sent.length,
      reach: { atMost: 5 * 1024 },
    }),
  ];
}

/** Tools count what they sent a while after it arrived. */
async function sentSince(session: Session, before: number | null): Promise<number | null> {
  await elapse(1500);
  const now = await session.sentBytes();
  return now === null || before === null ? null : now - before;
}

function writeRandom(path: string, bytes: number): void {
  const chunk = randomFillSync(Buffer.alloc(CHUNK));
  const fd = openSync(path, 'w');
  for (let at = 0; at < bytes; at += CHUNK) {
    // Different everywhere, so that no tool finds the same block twice.
    for (let word = 0; word < CHUNK; word += 512) chunk.writeUInt32LE((at + word) / 512, word);
    writeSync(fd, chunk, 0, Math.min(CHUNK, bytes - at));
  }
  // A first copy is of what lies there: writing it out is not to be measured with it, and would hinder each tool that syncs anything.
  fsyncSync(fd);
  closeSync(fd);
}

function digestOf(path: string): string {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(CHUNK);
  const fd = openSync(path, 'r');
  for (let count = readSync(fd, chunk); count > 0; count = readSync(fd, chunk)) hash.update(chunk.subarray(0, count));
  closeSync(fd);
  return hash.digest('hex');
}
