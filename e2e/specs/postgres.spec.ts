import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Bootstrap,
  copyData,
  describeWithFuse,
  type Ledger,
  Postgres,
  postgresPrograms,
  replicaOf,
  sized,
  staged,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

const programs = postgresPrograms();
if (programs === null) console.warn('SKIPPED a live PostgreSQL server: Debian package postgresql is not installed');

interface Scene {
  readonly stage: Bootstrap;
  readonly server: Postgres;
  readonly ledger: Ledger;
  readonly replica: string;
}

const CONSISTENT = `SELECT a = b AND b = t AND t = h FROM (SELECT
  (SELECT sum(abalance) FROM pgbench_accounts) a, (SELECT sum(bbalance) FROM pgbench_branches) b,
  (SELECT sum(tbalance) FROM pgbench_tellers) t, (SELECT coalesce(sum(delta), 0) FROM pgbench_history) h) s`;

/** Starts a second server on a copy of the replica and asks it what it holds. */
async function recover(scene: Scene, copy: string) {
  const second = new Postgres(programs ?? '', copy, join(scene.stage.root, 'second-socket'));
  await second.start();
  try {
    const consistent = await second.query(CONSISTENT);
    const [rows = -1, highest = -1] = (await second.query('SELECT count(*), coalesce(max(id), -1) FROM ledger'))
      .split('|')
      .map(Number);
    // Reads every table in full and every index against its table.
    await second.query('CREATE EXTENSION IF NOT EXISTS amcheck');
    await second.query(
      "SELECT bt_index_check(indexrelid, true) FROM pg_index JOIN pg_class ON oid = indrelid WHERE relname ~ '^(pgbench|ledger)'",
    );
    return { consistent: consistent === 't', rows, highest };
  } finally {
    await second.stop();
    rmSync(copy, { recursive: true });
  }
}

/** An image of one moment, and how many ledger rows had been seen committed before its recovery point. */
async function takeImage(scene: Scene) {
  const { stage, ledger, replica } = scene;
  // A machine that is busy may be seconds behind when the first rows are there.
  const due = await until('the recovery point has come to the ledger', async () => {
    const { recoveryPoint } = await stage.client.status('pg');
    const rows = ledger.committedBefore(Date.parse(recoveryPoint.time ?? ''));
    return rows > 0 && rows;
  });
  const beta = stage.agent('beta');
  await beta.hold();
  const copy = join(stage.root, 'image');
  await copyData(replica, copy);
  beta.release();
  return { due, ...(await recover(scene, copy)) };
}

/** pgbench in short rounds until told to stop; a failed transaction ends it with an error. */
function benchInRounds(server: Postgres): { stop(): Promise<number> } {
  let going = true;
  const rounds = (async () => {
    let transactions = 0;
    while (going) {
      const said = await server.bench('-n', '-c', '4', '-j', '1', '-T', '3');
      const failed = /number of failed transactions: (\d+)/.exec(said)?.[1];
      if (failed !== '0') throw new Error(`pgbench saw failed transactions: ${said}`);
      transactions += Number(/number of transactions actually processed: (\d+)/.exec(said)?.[1] ?? 0);
    }
    return transactions;
  })();
  rounds.catch(() => undefined);
  return {
    stop: () => {
      going = false;
      return rounds;
    },
  };
}

async function images(scene: Scene, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const next = scene.ledger.committed + 10 + Math.floor(Math.random() * 60);
    await until(`the ledger has ${next} rows`, () => {
      scene.ledger.assertRunning();
      return scene.ledger.committed >= next;
    });
    const image = await takeImage(scene);
    expect(image.consistent, `image ${number}: the sums of pgbench's tables`).toBe(true);
    expect(image.rows, `image ${number}: ledger rows without a gap`).toBe(image.highest + 1);
    expect(image.rows, `image ${number}: rows committed before the recovery point`).toBeGreaterThanOrEqual(image.due);
  }
}

describe.skipIf(programs === null)('with PostgreSQL', () => {
  describeWithFuse('a live PostgreSQL server', () => {
    const title = 'each image of the replica recovers with all that was committed before its recovery point';
    staged(title, ['alpha', 'beta'], async (stage) => {
      const source = stage.folder('source', 'pg');
      const to = stage.folder('replica');
      const server = new Postgres(programs ?? '', join(source, 'data'), join(stage.root, 'socket'));
      await server.initialise();
      await stage.client.protect({
        name: 'pg',
        source: 'alpha',
        target: 'beta',
        include: [source],
        to,
        intercept: 'fuse',
      });
      const replica = join(replicaOf(to, source), 'data');

      await server.start();
      await server.query('CREATE TABLE ledger(id bigint PRIMARY KEY)');
      await server.bench('-i', '-q', '-s', '2');
      const bench = benchInRounds(server);
      const ledger = server.openLedger();
      const scene = { stage, server, ledger, replica };
      await images(scene, sized(10, 4));
      const transactions = await bench.stop();
      console.info(`PostgreSQL: ${transactions} pgbench transactions, ${ledger.committed} ledger rows`);

      await server.crash();
      await ledger.close();
      await stage.client.flush('pg');
      expect(await treeDifferences(source, replicaOf(to, source))).toEqual([]);
      const copy = join(stage.root, 'last-image');
      await copyData(replica, copy);
      const last = await recover(scene, copy);
      expect(last.consistent).toBe(true);
      expect(last.rows).toBeGreaterThanOrEqual(ledger.committed);
    });
  });
});
