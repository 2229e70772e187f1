import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  fullSize,
  replicaOf,
  SampleDatabase,
  staged,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

const IMAGES = 30;
const RATE = 190;

/** The target's files as they are at one moment: its agent stands still for the copy, source and writer go on. */
async function takeImage(stage: Bootstrap, database: SampleDatabase, replica: string, number: number) {
  const beta = stage.agent('beta');
  const heldAt = Date.now();
  await beta.hold();
  const image = database.copyImage(replica, stage.folder('images', String(number)));
  beta.release();
  const verdict = await database.check(image);
  rmSync(join(stage.root, 'images', String(number)), { recursive: true });
  return { ...verdict, ageMs: database.ageMs(verdict.transactions, heldAt) };
}

describeWithFuse('a live SQLite database', () => {
  staged('each image of the replica opens, is whole and less than a second old', ['alpha', 'beta'], async (stage) => {
    const source = stage.folder('source', 'database');
    const to = stage.folder('replica');
    await stage.client.protect({
      name: 'bank',
      source: 'alpha',
      target: 'beta',
      include: [source],
      to,
      intercept: 'fuse',
    });
    const replica = replicaOf(to, source);

    const database = new SampleDatabase(join(source, 'bank.db'));
    const began = performance.now();
    database.start(RATE);
    await until('the writer has committed 100 transactions', () => database.last >= 100);

    const images: Awaited<ReturnType<typeof takeImage>>[] = [];
    for (let number = 0; number < IMAGES; number += 1) {
      const next = database.last + 20 + Math.floor(Math.random() * 100);
      await until(`the writer has committed transaction ${next}`, () => database.last >= next, { everyMs: 1 });
      images.push(await takeImage(stage, database, replica, number));
    }
    const rate = database.last / ((performance.now() - began) / 1000);
    await database.stop();

    expect(images.filter((image) => !image.ok)).toEqual([]);
    expect(images.filter((image) => image.transactions === 0)).toEqual([]);
    const ages = images.map((image) => image.ageMs).sort((a, b) => a - b);
    console.info(
      `SQLite: ${rate.toFixed(0)} transactions/s; images behind by ${ages[15]} ms (median), ${ages.at(-1)} ms (most)`,
    );
    expect(ages.at(-1)).toBeLessThan(1000);
    // How many a machine manages beside everything else says nothing of the product: at full size it does nothing else.
    if (fullSize) expect(rate).toBeGreaterThanOrEqual(150);

    await stage.client.flush('bank');
    expect(await treeDifferences(source, replica)).toEqual([]);
  });
});
