import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { elapse, SampleDatabase, until } from '@understudy/e2e';
import { median } from '../measure/statistics.ts';
import { figure, type Row, type Scene } from './row.ts';

const RATE = 190;

interface Image {
  readonly ok: boolean;
  readonly transactions: number;
  readonly ageMs: number;
}

export const sqlite: Row = {
  id: 'sqlite',
  title: 'SQLite (WAL) at 190 transactions/s; the replica is copied and opened',
  async run(scene) {
    const { session, sizes } = scene;
    await session.begin();
    await session.ready(60_000);
    const database = new SampleDatabase(join(session.source, 'bank.db'));
    const began = performance.now();
    database.start(RATE);
    const images: Image[] = [];
    let transactions = 0;
    try {
      await until('the writer has committed 100 transactions', () => database.last >= 100);
      await elapse(3000);
      for (let number = 0; number < sizes.images; number += 1) {
        await elapse(200 + Math.random() * 600);
        images.push(await image(scene, database, number));
      }
      transactions = database.last;
    } finally {
      await database.stop();
    }
    const rate = transactions / ((performance.now() - began) / 1000);
    return figures(images, `the writer reached ${rate.toFixed(0)} transactions/s`);
  },
};

async function image({ session, stage }: Scene, database: SampleDatabase, number: number): Promise<Image> {
  const folder = stage.folder('images', String(number));
  const moment = Date.now();
  await session.holdTarget();
  let copy: string;
  try {
    copy = database.copyImage(session.replica, folder);
  } finally {
    session.releaseTarget();
  }
  const verdict = await database.check(copy);
  rmSync(folder, { recursive: true });
  return { ok: verdict.ok, transactions: verdict.transactions, ageMs: database.ageMs(verdict.transactions, moment) };
}

function figures(images: readonly Image[], writer: string) {
  const samples = images.length;
  const corrupt = images.filter((one) => !one.ok).length;
  const ages = images.filter((one) => one.ok && one.transactions > 0).map((one) => one.ageMs);
  const never = ages.length === 0 ? { note: 'no image could be used' } : {};
  const worst = ages.length === 0 ? null : Math.max(...ages);
  return [
    figure('sqlite', 'images that are corrupt', 'count', corrupt, {
      samples,
      note: `of ${samples}; ${writer}`,
      reach: { atMost: 0 },
    }),
    figure('sqlite', 'behind by, median', 'ms', median(ages), { samples: ages.length, ...never }),
    figure('sqlite', 'behind by, most', 'ms', worst, { samples: ages.length, reach: { atMost: 999 }, ...never }),
  ];
}
