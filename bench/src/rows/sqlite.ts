import { rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { elapse, SampleDatabase, type SampleSize, until } from '@understudy/e2e';
import { median } from '../measure/statistics.ts';
import type { Sizes } from '../sizes.ts';
import { figure, type Row, type Scene } from './row.ts';

const RATE = 190;
/** Large enough that copying it takes a tool some time, and folded in about twice a second: its files change in turns. */
const SIZE: SampleSize = { recordsMiB: 40, checkpointPages: 1000 };
const WARM_UP_MS = 3000;
/** How often a copy is taken again because the replica moved under it. */
const TRIES = 40;

interface Image {
  readonly ok: boolean;
  readonly why: string | null;
  readonly transactions: number;
  readonly ageMs: number;
  /** The replica did not change while it was copied. */
  readonly still: boolean;
}

export const sqlite: Row = {
  id: 'sqlite',
  title: 'SQLite (WAL, 40 MiB) at 190 transactions/s; the replica is copied and opened',
  async run({ session, stage, sizes }) {
    const database = new SampleDatabase(join(session.source, 'bank.db'), SIZE);
    await database.create();
    await session.begin();
    await session.ready(60_000);
    // A tool may call both sides equal before it has looked for the first time.
    const { size } = statSync(database.path);
    const copied = () => statSync(join(session.replica, 'bank.db'), { throwIfNoEntry: false })?.size === size;
    await until('the database has been copied for the first time', copied);
    const began = performance.now();
    database.start(RATE);
    let images: readonly Image[] = [];
    let transactions = 0;
    try {
      await until('the writer has committed 100 transactions', () => database.last >= 100);
      await elapse(WARM_UP_MS);
      images = await takeImages({ session, stage, sizes }, database);
      transactions = database.last;
    } finally {
      await database.stop();
    }
    const rate = transactions / ((performance.now() - began) / 1000);
    return figures(images, `the writer reached ${rate.toFixed(0)} transactions/s`);
  },
};

type Place = Pick<Scene, 'session' | 'stage'> & { readonly sizes: Sizes };

async function takeImages(place: Place, database: SampleDatabase): Promise<Image[]> {
  const images: Image[] = [];
  for (let number = 0; number < place.sizes.images; number += 1) {
    await elapse(200 + Math.random() * 600);
    images.push(await image(place, database, number));
  }
  return images;
}

/** Which files lie there, and how they look from outside: the same before and after a copy, it is of one moment. */
function outside(replica: string, name: string): string {
  return ['', '-wal', '-journal']
    .map((end) => statSync(join(replica, name + end), { bigint: true, throwIfNoEntry: false }))
    .map((stat) => (stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`))
    .join();
}

/**
 * What somebody would find who lost the source at this moment. A tool that cannot hold its target is not blamed for what it changes
 * during the copy: that copy is thrown away and taken again.
 */
async function image({ session, stage }: Place, database: SampleDatabase, number: number): Promise<Image> {
  const folder = stage.folder('images', String(number));
  const name = basename(database.path);
  let moment = 0;
  let copy = '';
  let still = false;
  await session.holdTarget();
  try {
    for (let turn = 0; turn < TRIES && !still; turn += 1) {
      moment = Date.now();
      const before = outside(session.replica, name);
      rmSync(folder, { recursive: true, force: true });
      copy = database.copyImage(session.replica, folder);
      still = outside(session.replica, name) === before;
    }
  } finally {
    session.releaseTarget();
  }
  const verdict = await database.check(copy);
  rmSync(folder, { recursive: true });
  const { ok, why, transactions } = verdict;
  return { ok, why, transactions, ageMs: database.ageMs(transactions, moment), still };
}

function figures(images: readonly Image[], writer: string) {
  const samples = images.length;
  const bad = images.filter((one) => !one.ok);
  const moving = images.filter((one) => !one.still).length;
  const ages = images.filter((one) => one.ok && one.transactions > 0).map((one) => one.ageMs);
  const never = ages.length === 0 ? { note: 'no image could be used' } : {};
  const worst = ages.length === 0 ? null : Math.max(...ages);
  const states = new Set(images.map((one) => one.transactions)).size;
  const words = [
    `of ${samples}, which show ${states} ${states === 1 ? 'state' : 'different states'}; ${writer}`,
    ...(moving > 0 ? [`${moving} never stood still for a copy`] : []),
    ...(bad[0]?.why ? [`first: ${bad[0].why.replaceAll(/\s+/g, ' ')}`] : []),
  ];
  return [
    figure('sqlite', 'images that are corrupt', 'count', bad.length, {
      samples,
      note: words.join('; '),
      reach: { atMost: 0 },
    }),
    figure('sqlite', 'behind by, median', 'ms', median(ages), { samples: ages.length, ...never }),
    figure('sqlite', 'behind by, most', 'ms', worst, { samples: ages.length, reach: { atMost: 999 }, ...never }),
  ];
}
