/**
 * A source on another file system than ext4: there a file is found by more than its inode number, and on btrfs each subvolume counts
 * its inodes anew. Both agents and the applications are real, and the interceptor's server and the source's agent are killed beneath them.
 */
import { execFileSync } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  ExitCode,
  goesOn,
  killAgent,
  killInterceptor,
  mountDiskImage,
  replicaOf,
  SampleDatabase,
  sized,
  staged,
  startLoad,
  treeDifferences,
  unmountDiskImage,
  until,
  whyNoDiskImage,
  whyNoFuse,
} from '../bootstrap/index.ts';

const JOB = 'disk';
const RATE = 60;

interface Scene {
  readonly stage: Bootstrap;
  readonly source: string;
  readonly replica: string;
  /** Where the mixed load works, and where the database lies. */
  readonly mixed: string;
  readonly database: SampleDatabase;
}

async function underKills({ stage, mixed, database }: Scene): Promise<void> {
  const load = startLoad('mixed', [mixed, '--pace-us', '1500']);
  database.start(RATE);
  await goesOn(load, 'its start');
  await until('the writer has committed 50 transactions', () => database.last >= 50);
  await killInterceptor({ stage, load, times: sized(20, 3) }, 'fsid');
  const middle = database.last;
  await killAgent({ stage, load, times: sized(5, 2) }, 'alpha', JOB);
  await until('the database goes on after the kills', () => database.last >= middle + 50);
  console.info(`applications under kills: ${await load.stop()}, ${database.last} transactions`);
  await database.stop();
}

/** The tree, a database opened from the replica, and the product's own verification say the same. */
async function nothingDiffers({ stage, source, replica, database }: Scene): Promise<void> {
  await stage.client.reach(JOB, 'protected', '120s');
  await stage.client.flush(JOB);
  expect(await treeDifferences(source, replica)).toEqual([]);
  const check = (folder: string, copy: string) => database.check(database.copyImage(folder, stage.folder(copy)));
  const written = await check(dirname(database.path), 'image-of-source');
  expect(written).toMatchObject({ ok: true, why: null });
  expect(await check(join(replica, relative(source, dirname(database.path))), 'image-of-replica')).toEqual(written);
  const verified = await stage.client.verify(JOB);
  const report = verified.json() as { readonly count: number; readonly filesChecked: number };
  expect({ code: verified.code, count: report.count }).toEqual({ code: ExitCode.done, count: 0 });
  expect(report.filesChecked).toBeGreaterThan(5);
}

async function protectedDisk(type: string, stage: Bootstrap, prepare: (source: string) => [string, string]) {
  const source = stage.folder('source', type);
  const to = stage.folder('replica');
  mountDiskImage(stage, type, source);
  const [mixed, database] = prepare(source);
  const job = { name: JOB, source: 'alpha', target: 'beta', include: [source], to, extra: ['--brake', 'off'] };
  await stage.client.protect({ ...job, intercept: 'fuse' });
  const scene: Scene = {
    stage,
    source,
    replica: replicaOf(to, source),
    mixed,
    database: new SampleDatabase(join(database, 'bank.db')),
  };
  await underKills(scene);
  await nothingDiffers(scene);
  await stage.client.job('stop', JOB);
  // Nothing of the product may go on using a disk that nobody protects any longer.
  unmountDiskImage(source);
}

function describeOn(type: string, body: () => void): void {
  const why = whyNoFuse() === null ? whyNoDiskImage(type) : null;
  if (why !== null) console.warn(`SKIPPED a source on ${type}: ${why}`);
  describe.skipIf(why !== null)(`a source on ${type}`, body);
}

describeWithFuse('a source on another file system', () => {
  describeOn('xfs', () => {
    staged(
      '[FSI5] killed processes cost no application an error, and the replica is equal',
      ['alpha', 'beta'],
      (stage) =>
        protectedDisk('xfs', stage, () => [
          stage.folder('source', 'xfs', 'mixed'),
          stage.folder('source', 'xfs', 'database'),
        ]),
      900_000,
    );
  });

  describeOn('btrfs', () => {
    staged(
      '[FSI5] with a subvolume: killed processes cost no application an error, and the replica is equal',
      ['alpha', 'beta'],
      (stage) =>
        protectedDisk('btrfs', stage, (source) => {
          const volume = join(source, 'volume');
          execFileSync('btrfs', ['subvolume', 'create', volume], { stdio: 'pipe' });
          return [stage.folder('source', 'btrfs', 'volume', 'mixed'), stage.folder('source', 'btrfs', 'database')];
        }),
      900_000,
    );
  });
});
