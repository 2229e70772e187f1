/**
 * The target was away and comes back. Of a large real file one hundredth of its 4 KiB blocks was changed at random meanwhile, and small
 * files were made. The product's queue is kept so small that it overflows: what is measured is the repair from the dirty map.
 */
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { readBytes, startLoad, treeDifferences } from '@understudy/e2e';
import type { Figure } from '../measure/figure.ts';
import type { Transfer } from '../world/rsync-on-line.ts';
import { type Other, type Own, openOnLine, whyNot } from '../world/scene.ts';
import { figure, type StageRow } from './row.ts';

const BLOCK = 4096;
const RUN = 64;
const SMALL_FILES = 1000;
const SETTINGS = 'queue:\n  memory: 1 MiB\n  disk: 64 MiB\n  minimum-free: 0\n';

export const outage: StageRow = {
  id: 'outage',
  title: 'the target comes back: 1 % of a large file has changed',
  beside: ['lsyncd+rsync'],
  async onStage(scene) {
    const why = whyNot('outage');
    if (why !== null) return why;
    const place = await openOnLine(scene, SETTINGS);
    const bytes = scene.sizes.outageBytes;
    const large = join(place.source, 'large');
    const runs = bytes / BLOCK / RUN;
    await load('blocks', large, '--of', runs, '--count', runs, '--run', RUN);
    if (place.kind === 'own') await place.protect();
    else await place.rsync.copy(place.source);
    place.line.cut();
    const blocks = bytes / BLOCK;
    const changed = Math.floor(blocks / 100);
    await load('blocks', large, '--of', blocks, '--count', changed, '--seed', 9);
    mkdirSync(join(place.source, 'small'));
    await load('many-files', join(place.source, 'small'), SMALL_FILES, '--bytes', BLOCK);
    // Both have to look at the file: rsync does so by size and time.
    utimesSync(large, new Date(), new Date());
    const took = place.kind === 'own' ? await ownResync(place) : await rsyncResync(place);
    const differ = await treeDifferences(place.source, place.replica);
    return figures(took, bytes, changed, differ);
  },
};

const load = (name: 'blocks' | 'many-files', ...args: (string | number)[]): Promise<string> =>
  startLoad(name, args.map(String)).finished();

async function ownResync({ world, line }: Own): Promise<Transfer> {
  const { stage } = world;
  const { pid } = stage.agent('alpha');
  const [sentBefore, readBefore] = [line.sentBytes(), readBytes(pid)];
  await line.join();
  const began = performance.now();
  await stage.client.reach('world', 'protected', '600s');
  await stage.client.flush('world', '600s');
  const seconds = (performance.now() - began) / 1000;
  return { seconds, sentBytes: line.sentBytes() - sentBefore, readBytes: readBytes(pid) - readBefore };
}

async function rsyncResync(place: Other): Promise<Transfer> {
  await place.line.join();
  return await place.rsync.copy(place.source);
}

function figures(took: Transfer, bytes: number, changed: number, differ: readonly string[]): Figure[] {
  const what = `${bytes / 2 ** 20} MiB, ${changed} blocks of 4 KiB changed, ${SMALL_FILES} small files made`;
  const note = `${what}${differ.length === 0 ? '' : `; ${differ.length} DIFFERENCES: ${differ[0]}`}`;
  // One hundredth and a tenth of it for headers, and the small files.
  const most = 0.011 * bytes + SMALL_FILES * (BLOCK + 1024);
  return [
    figure('outage', 'until equal, from the line being back', 's', differ.length === 0 ? took.seconds : null, { note }),
    figure('outage', '… sent for it', 'bytes', took.sentBytes, { reach: { atMost: Math.floor(most) } }),
    figure('outage', '… read for it at the source', 'bytes', took.readBytes, {
      reach: { atMost: Math.floor(1.5 * (changed + SMALL_FILES) * BLOCK) },
    }),
  ];
}
