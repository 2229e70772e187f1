/**
 * How fast both sides are compared while nothing is sent, beside what the disk gives: first every file of the replica is read in order,
 * then the product verifies (or rsync compares by checksum, changing nothing), which reads both sides. Caches are dropped before each.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLoad } from '@understudy/e2e';
import type { Figure } from '../measure/figure.ts';
import { type OnLine, openOnLine, whyNot } from '../world/scene.ts';
import { figure, type StageRow } from './row.ts';

const FILES = 8;
const RUN = 64;
const SMALL = 2000;

export const verify: StageRow = {
  id: 'verify',
  title: 'both sides compared, against the rate at which the disk is read',
  beside: ['lsyncd+rsync'],
  async onStage(scene) {
    const why = whyNot('verify');
    if (why !== null) return why;
    const place = await openOnLine(scene);
    const bytes = await fill(place.source, scene.sizes.verifyBytes);
    if (place.kind === 'own') await place.protect();
    else await place.rsync.copy(place.source);
    const bare = readAll(place);
    dropCaches(place.replica);
    const began = performance.now();
    if (place.kind === 'own') {
      const outcome = await place.world.stage.client.verify('world');
      if (outcome.code !== 0) throw new Error(`the verification found something: ${outcome.stdout}`);
    } else await place.rsync.copy(place.source, '--dry-run', '--checksum');
    const seconds = (performance.now() - began) / 1000;
    // A disk behind others has better moments and worse ones: the better of two counts.
    return figures(bytes, Math.min(bare, readAll(place)), seconds);
  },
};

async function fill(source: string, bytes: number): Promise<number> {
  const runs = String(Math.ceil(bytes / FILES / (RUN * 4096)));
  for (let i = 0; i < FILES; i += 1)
    await startLoad('blocks', [
      ...[join(source, `large-${i}`), '--of', runs, '--count', runs],
      ...['--run', String(RUN), '--seed', String(i + 1)],
    ]).finished();
  await startLoad('many-files', [source, String(SMALL), '--bytes', '4096']).finished();
  return Number(runs) * RUN * 4096 * FILES + SMALL * 4096;
}

/** What is not on the disk yet cannot be dropped. */
function dropCaches(folder: string): void {
  execFileSync('sync', ['-f', folder]);
  writeFileSync('/proc/sys/vm/drop_caches', '1');
}

/** Seconds that it takes to read the replica once, one file after the other: what the disk gives, without our mount before it. */
function readAll({ replica }: OnLine): number {
  dropCaches(replica);
  const began = performance.now();
  execFileSync('sh', ['-c', 'find "$1" -type f -exec cat {} + >/dev/null', 'sh', replica]);
  return (performance.now() - began) / 1000;
}

function figures(bytes: number, bare: number, seconds: number): Figure[] {
  const [disk, both] = [bytes / 1e6 / bare, (2 * bytes) / 1e6 / seconds];
  const note = `${(bytes / 1e6).toFixed(0)} MB on each side of one disk, which alone gives ${disk.toFixed(0)} MB/s`;
  return [
    figure('verify', 'both sides compared', 'MB/s', both, { note }),
    figure('verify', '… of what the disk gives', 'of bare', both / disk, { reach: { atLeast: 0.7 } }),
  ];
}
