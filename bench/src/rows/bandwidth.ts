/**
 * How exactly a limit holds, as the wire counts it: frames with all their headers between two network namespaces, in slices of 50 ms.
 * Beside it rsync's own --bwlimit, which counts what it hands over, not what the wire carries.
 */
import { join } from 'node:path';
import { elapse, type Line, type Load, startLoad } from '@understudy/e2e';
import type { Figure } from '../measure/figure.ts';
import { type Other, type Own, openOnLine, whyNot } from '../world/scene.ts';
import { figure, type StageRow } from './row.ts';

/** Bytes a second. */
const LIMITS = [1e6, 5e6, 20e6] as const;
const [FROM, TO] = [5e6, 2e6] as const;
const SLICE_MS = 50;
/** The wire's rate over so many slices is one measurement: long enough not to measure single packets. */
const WINDOW = 10;

export const bandwidth: StageRow = {
  id: 'bandwidth',
  title: 'how exactly a limit of bandwidth holds, and how soon another one',
  beside: ['lsyncd+rsync'],
  async onStage(scene) {
    const why = whyNot('bandwidth');
    if (why !== null) return why;
    const place = await openOnLine(scene);
    const seconds = scene.sizes.limitedSeconds;
    return place.kind === 'own' ? await own(place, seconds) : await other(place, seconds);
  },
};

/** Enough for the time at every limit, so that the line never idles. */
function enough(source: string, bytes: number): Load {
  const runs = String(Math.ceil(bytes / (64 * 4096)));
  return startLoad('blocks', [join(source, `content-${Date.now()}`), '--of', runs, '--count', runs, '--run', '64']);
}

async function own(place: Own, seconds: number): Promise<Figure[]> {
  const { client } = place.world.stage;
  const limit = async (rate: number) => {
    const edited = await client.raw('job', 'edit', 'world', '--bandwidth', `${rate / 1e6}MB`);
    if (edited.code !== 0) throw new Error(edited.stderr);
  };
  await place.protect('--bandwidth', '20MB');
  const figures: Figure[] = [];
  for (const rate of LIMITS) {
    await limit(rate);
    await enough(place.source, rate * (seconds + 6)).finished();
    await elapse(1000);
    figures.push(deviation(rate, await rateOver(place.line, seconds), seconds));
    await limit(100e6);
    await client.flush('world', '300s');
  }
  return [...figures, ...(await change(place, limit))];
}

async function other(place: Other, seconds: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const rate of LIMITS) {
    await enough(place.source, rate * (seconds + 3)).finished();
    const copying = place.rsync.copy(place.source, `--bwlimit=${Math.round(rate / 1024)}`);
    await elapse(1000);
    figures.push(deviation(rate, await rateOver(place.line, seconds), seconds));
    await copying;
  }
  return figures;
}

async function rateOver(line: Line, seconds: number): Promise<number> {
  const [before, began] = [line.sentBytes(), performance.now()];
  await elapse(seconds * 1000);
  return (line.sentBytes() - before) / ((performance.now() - began) / 1000);
}

function deviation(limit: number, rate: number, seconds: number): Figure {
  const percent = (Math.abs(rate - limit) / limit) * 100;
  const note = `${(rate / 1e6).toFixed(3)} MB/s over ${seconds} s`;
  return figure('bandwidth', `off a limit of ${limit / 1e6} MB/s`, '%', percent, { note, reach: { atMost: 3 } });
}

/**
 * From the return of the command until a stretch begins over which the wire carries the new rate, to a tenth; 0: it held already. How
 * long the command itself took is in the note: its start is a matter of the machine.
 */
async function change({ line, source, world }: Own, limit: (rate: number) => Promise<void>): Promise<Figure[]> {
  await limit(FROM);
  await enough(source, FROM * 4 + TO * 6).finished();
  await elapse(2000);
  const slices: { readonly at: number; readonly sent: number }[] = [];
  const began = performance.now();
  const changing = limit(TO).then(() => performance.now() - began);
  while (performance.now() - began < 4000) {
    slices.push({ at: performance.now() - began, sent: line.sentBytes() });
    await elapse(SLICE_MS);
  }
  const returned = await changing;
  const holds = slices.findIndex((slice, i) => {
    const later = slices[i + WINDOW];
    if (later === undefined) return false;
    const rate = ((later.sent - slice.sent) / (later.at - slice.at)) * 1000;
    return Math.abs(rate - TO) < TO / 10;
  });
  await limit(100e6);
  await world.stage.client.flush('world', '300s');
  const measure = `${FROM / 1e6} to ${TO / 1e6} MB/s, from the command's return until it holds`;
  const at = slices[holds]?.at;
  const note = `the command took ${returned.toFixed(0)} ms${at === undefined ? '' : `, the rate held ${at.toFixed(0)} ms after its start`}`;
  const value = at === undefined ? null : Math.max(0, at - returned);
  return [figure('bandwidth', measure, 'ms', value, { note, reach: { atMost: 1000 } })];
}
