/**
 * How long a service is away when its server is lost: PostgreSQL by its preset, etcd as the witness, a client at the service's address. From
 * the cut of the source's network to the first commit that the target answers, its failover following by itself; of it the database's own
 * start. Beside it what is left to people with rsync: the live database is copied again and again, and its last copy is started by somebody
 * who was waiting for nothing else. Each round is on a stage of its own.
 */
import { join } from 'node:path';
import {
  type Bootstrap,
  Postgres,
  postgresPrograms,
  ServedDatabase,
  whyNoServedDatabase,
  withStage,
} from '@understudy/e2e';
import type { Figure } from '../measure/figure.ts';
import { median } from '../measure/statistics.ts';
import { openOnLine } from '../world/scene.ts';
import { figure, isOwn, type StageRow, type StageScene } from './row.ts';

const MEASURE = 'from the cut to the first commit on the target';
/** Beyond the database's own start. */
const LIMIT_S = 10;
const COMMITS = 200;
const COPIES = 3;

/** Null: it did not come to pass. */
interface Round {
  readonly totalMs: number | null;
  readonly databaseMs: number | null;
  readonly lost: number | null;
  readonly note: string;
}

export const recovery: StageRow = {
  id: 'recovery',
  title: 'the source is cut off: until the service is back',
  beside: ['lsyncd+rsync'],
  async onStage(scene) {
    const why = whyNoServedDatabase();
    if (why !== null) return [figure('recovery', MEASURE, 's', null, { note: why })];
    const all: Round[] = [];
    const measure = isOwn(scene) ? ownRound : rsyncRound;
    for (let round = 0; round < scene.rounds(scene.sizes.quick ? 3 : 10); round += 1)
      await withStage(`bench recovery ${round}`, [], async (stage) => {
        all.push(await measure(stage, scene));
      });
    return figures(all);
  },
};

async function ownRound(stage: Bootstrap): Promise<Round> {
  const database = await ServedDatabase.open(stage, { mode: 'sync' });
  await database.client.commits(COMMITS, 'by the source');
  database.cutOff();
  const { totalMs, databaseMs } = await database.recovered();
  const there = await database.rowsOnTarget();
  const lost = database.acknowledged().filter((id) => !there.has(id)).length;
  await database.close();
  return { totalMs, databaseMs, lost, note: `${(totalMs / 1000).toFixed(1)} s` };
}

async function rsyncRound(stage: Bootstrap, scene: StageScene): Promise<Round> {
  const place = await openOnLine({ ...scene, stage });
  const programs = postgresPrograms();
  if (place.kind !== 'rsync' || programs === null) throw new Error('there is nothing to measure rsync with');
  const source = new Postgres(programs, join(place.source, 'data'), join(stage.root, 'socket'));
  await source.initialise();
  await source.start();
  await source.query('CREATE TABLE ledger(id bigint PRIMARY KEY)');
  const ledger = source.openLedger();
  await place.rsync.copy(place.source);
  for (let copy = 0; copy < COPIES; copy += 1) await copyLive(() => place.rsync.copy(place.source, '--delete'));
  place.line.cut();
  await source.crash();
  const answered = ledger.committed;
  await ledger.close();
  const copy = new Postgres(programs, join(place.replica, 'data'), join(stage.root, 'second-socket'));
  const began = performance.now();
  try {
    await copy.start();
    const databaseMs = performance.now() - began;
    const rows = Number(await copy.query('SELECT count(*) FROM ledger'));
    return { totalMs: null, databaseMs, lost: answered - rows, note: 'nobody notices by itself' };
  } catch (error) {
    const sentence = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { totalMs: null, databaseMs: null, lost: null, note: `the copy does not start: ${sentence.slice(0, 120)}` };
  } finally {
    await copy.stop();
  }
}

/** Files of a live database vanish now and then, and rsync says so by its exit code; the next copy may be luckier. */
async function copyLive(copy: () => Promise<unknown>): Promise<void> {
  try {
    await copy();
  } catch (error) {
    if (!String(error).includes('vanished')) throw error;
  }
}

function figures(rounds: readonly Round[]): Figure[] {
  const known = (of: (round: Round) => number | null) => rounds.map(of).filter((one) => one !== null);
  const seconds = (of: (round: Round) => number | null) => median(known(of)) / 1000;
  const note = rounds.map((round) => round.note).join(', ');
  const lost = known((round) => round.lost);
  const own = ({ totalMs, databaseMs }: Round) =>
    totalMs === null || databaseMs === null ? null : totalMs - databaseMs;
  const started = known((round) => round.databaseMs).length;
  return [
    figure(
      'recovery',
      MEASURE,
      's',
      seconds(({ totalMs }) => totalMs),
      { samples: rounds.length, note },
    ),
    figure(
      'recovery',
      '… of it the database’s own start',
      's',
      seconds(({ databaseMs }) => databaseMs),
      {
        samples: started,
        note: `it came up in ${started} of ${rounds.length} rounds`,
      },
    ),
    figure('recovery', '… without it', 's', seconds(own), { samples: rounds.length, reach: { atMost: LIMIT_S } }),
    figure(
      'recovery',
      'answered commits that are lost, the worst round',
      'count',
      lost.length === 0 ? null : Math.max(...lost),
      {
        samples: lost.length,
        reach: { atMost: 0 },
      },
    ),
  ];
}
