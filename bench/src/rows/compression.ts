/**
 * What compression saves and costs: program text, sent for the first time with each level. Beside it rsync without, with its fast and
 * with its usual method, named as the level they resemble.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@understudy/e2e';
import type { Figure } from '../measure/figure.ts';
import { type AtWork, atWork } from '../world/on-the-wire.ts';
import { type Other, type Own, openOnLine, whyNot } from '../world/scene.ts';
import { figure, type StageRow } from './row.ts';

const LEVELS = ['none', 'low', 'medium', 'high'] as const;
type Level = (typeof LEVELS)[number];

/** What the product must reach: of the content's bytes at most so much on the wire, at least so fast. */
const BARS: Readonly<Record<Level, { readonly share: number; readonly rate: number }>> = {
  none: { share: 103, rate: 100 },
  low: { share: 50, rate: 100 },
  medium: { share: 35, rate: 50 },
  high: { share: 30, rate: 20 },
};

const RSYNC: Readonly<Record<Level, readonly string[] | null>> = {
  none: [],
  low: ['-z', '--compress-choice=lz4'],
  medium: ['-z', '--compress-choice=zstd', '--compress-level=3'],
  high: null,
};

export const compression: StageRow = {
  id: 'compression',
  title: 'program text sent with each level of compression',
  beside: ['lsyncd+rsync'],
  async onStage(scene) {
    const why = whyNot('compression');
    if (why !== null) return why;
    const place = await openOnLine(scene);
    const bytes = fill(scene.sizes.contentBytes, place.source);
    const figures: Figure[] = [];
    for (const level of LEVELS) {
      if (place.kind === 'rsync' && RSYNC[level] === null) continue;
      const took = place.kind === 'own' ? await own(place, bytes, level) : await other(place, level);
      figures.push(...figuresOf(level, bytes, took));
    }
    return figures;
  },
};

/** Copies of a compiler's own files, as text is in real life; each once in a while, so that it lies beyond what a method remembers. */
function fill(least: number, into: string): number {
  const from = join(projectRoot, 'node_modules', 'typescript', 'lib');
  const texts = readdirSync(from, { withFileTypes: true }).filter((entry) => entry.isFile());
  let bytes = 0;
  for (let turn = 0; bytes < least; turn += 1)
    for (const { name } of texts) {
      copyFileSync(join(from, name), join(into, `${turn}-${name}`));
      bytes += statSync(join(from, name)).size;
    }
  return bytes;
}

/** A job of its own for each level, over the same content in a place of its own. */
async function own({ world, line }: Own, bytes: number, level: Level): Promise<AtWork> {
  const { stage } = world;
  const source = stage.folder('source', `text-${level}`);
  fill(bytes, source);
  const job = { name: `text-${level}`, source: 'alpha', target: 'beta', include: [source], to: world.to };
  await stage.client.create({ ...job, extra: ['--compression', level] });
  const took = await atWork(line, async () => {
    await stage.client.job('start', job.name);
    await stage.client.reach(job.name, 'protected', '600s');
  });
  await stage.client.job('stop', job.name);
  await stage.client.job('delete', job.name);
  return took;
}

async function other({ line, rsync, source, replica }: Other, level: Level): Promise<AtWork> {
  rmSync(replica, { recursive: true });
  mkdirSync(replica);
  return await atWork(line, () => rsync.copy(source, ...(RSYNC[level] ?? [])));
}

function figuresOf(level: Level, bytes: number, { seconds, sentBytes }: AtWork): Figure[] {
  const { share, rate } = BARS[level];
  const note = `${(bytes / 1e6).toFixed(0)} MB of text`;
  return [
    figure('compression', `${level}: sent, of the content`, '%', (sentBytes / bytes) * 100, {
      note,
      reach: { atMost: share },
    }),
    figure('compression', `${level}: first copy`, 'MB/s', bytes / 1e6 / seconds, { reach: { atLeast: rate } }),
  ];
}
