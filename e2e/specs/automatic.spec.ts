/**
 * A failover that follows by itself, end to end: PostgreSQL by its preset, etcd as the witness, a client that knows the service's address
 * alone. The source is cut off; the target takes over without anybody's word. Counted are the time without an answered commit, and the
 * commits that a client had been told of and that are not there any more.
 */
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  accountOf,
  type Bootstrap,
  describeWithFuse,
  type NeverSent,
  SERVED_DATA,
  SERVED_JOB,
  ServedDatabase,
  sized,
  staged,
  succeeded,
  until,
  whyNoServedDatabase,
} from '../bootstrap/index.ts';

const why = whyNoServedDatabase();
if (why !== null) console.warn(`SKIPPED automatic failover: ${why}`);

const ROUNDS = sized(10, 1);
/** Beyond the database's own start. */
const LIMIT_MS = 10_000;

async function takenOver(database: ServedDatabase, title: string): Promise<number[]> {
  database.cutOff();
  const { totalMs, databaseMs, steps } = await database.recovered();
  const acknowledged = database.acknowledged();
  const there = await database.rowsOnTarget();
  const lost = acknowledged.filter((id) => !there.has(id));
  console.info(
    `${title}: ${(totalMs / 1000).toFixed(2)} s from the cut to the first commit on the target, ${(databaseMs / 1000).toFixed(1)} s of it the ` +
      `database's start; ${acknowledged.length} commits answered before, ${lost.length} of them lost`,
  );
  expect(steps.filter(({ state }) => state !== 'done')).toEqual([]);
  expect(totalMs - databaseMs).toBeLessThan(LIMIT_MS);
  expect(acknowledged.length).toBeGreaterThan(100);
  return lost;
}

/** Back on the line the source finds out that it is superseded, and lists what it had never got to its target. */
async function unsentOf({ two }: ServedDatabase, stage: Bootstrap): Promise<NeverSent> {
  await two.line.join();
  stage.clientPrefix = two.line.on('source');
  await until('the source is superseded', async () => {
    const { reason } = (await stage.client.status(`alpha/${SERVED_JOB}`)) as { reason: { code: string } | null };
    return reason?.code === 'superseded';
  });
  return succeeded(await stage.cli(['unsent', `beta/${SERVED_JOB}`, '--json'])).json() as NeverSent;
}

describe.skipIf(why !== null)('automatic failover', () => {
  describeWithFuse('of PostgreSQL with etcd as the witness', () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      staged(`[FO1] [FO3] synchronous: nothing that a client was told of is lost (${round})`, [], async (stage) => {
        const database = await ServedDatabase.open(stage, { mode: 'sync' });
        await database.client.commits(150, 'by the source');
        expect(await takenOver(database, `synchronous, round ${round}`)).toEqual([]);
        await database.client.commits(50, 'by the target');
        await database.close();
      });

      staged(`[FO1] [FO3] asynchronous: lost is what the source counts as never sent (${round})`, [], async (stage) => {
        const imageTo = join(stage.root, 'image');
        const database = await ServedDatabase.open(stage, { mode: 'async', imageTo });
        await database.client.commits(150, 'by the source');
        // More is written than the line carries: something is under way when it is cut.
        database.two.line.limit('2mbit');
        await database.client.commits(200, 'behind a slow line');
        const lost = await takenOver(database, `asynchronous, round ${round}`);
        expect(lost.length).toBeGreaterThan(0);
        // Whatever came is a beginning of what was, without a hole.
        const acknowledged = database.acknowledged();
        expect(lost).toEqual(acknowledged.slice(acknowledged.length - lost.length));
        const unsent = await unsentOf(database, stage);
        const source = await database.copySource(join(stage.root, 'source-tree'));
        const account = accountOf(unsent, { source, target: imageTo, top: SERVED_DATA });
        console.info(
          `asynchronous, round ${round}: ${account.differingBlocks} blocks differ, ${account.listedBlocks} are listed as never sent`,
        );
        expect(account.unlisted, 'what differs, and was not said to have been lost').toEqual([]);
        expect(account.differingBlocks).toBeGreaterThan(0);
        // What was under way when the line was cut may have arrived; beyond that nothing is listed that had.
        expect(account.listedBlocks).toBeLessThanOrEqual(2 * account.differingBlocks);
        await database.close();
      });
    }
  });
});
