/** What a target keeps is brought back: to a source that lost its files, and to another server while the job goes on. */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  ExitCode,
  refused,
  replicaOf,
  staged,
  startLoad,
  succeeded,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

const JOB = 'office';
const FILES = 400;

interface Protected {
  readonly source: string;
  readonly replica: string;
  /** The source as it was. */
  readonly before: string;
}

async function protectFiles(stage: Bootstrap): Promise<Protected> {
  const source = stage.folder('source', 'office');
  for (let i = 0; i < FILES; i += 1) {
    const folder = join(source, `department-${i % 5}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `letter-${i}`), `Letter ${i}\n`.repeat(100 + i));
  }
  writeFileSync(join(source, 'large'), Buffer.alloc(16 * 1024 * 1024, 'l'));
  writeFileSync(join(source, 'ledger'), '');
  const to = stage.folder('replica');
  await stage.client.protect({ name: JOB, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' });
  await stage.client.flush(JOB);
  const before = join(stage.root, 'before');
  execFileSync('cp', ['-a', source, before]);
  return { source, replica: replicaOf(to, source), before };
}

const events = async (stage: Bootstrap, server: string): Promise<string> =>
  succeeded(await stage.cli(['events', '--server', server, '--json'])).stdout;

/** Every file beneath, by its name. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

async function backToTheSource(stage: Bootstrap): Promise<void> {
  const { source, replica, before } = await protectFiles(stage);
  refused(await stage.cli(['restore', JOB, '--yes']), ExitCode.no, 'alpha protects these files itself', '--to');
  await stage.client.job('stop', JOB);
  // Its disk is gone, and there is a new one.
  rmSync(source, { recursive: true });

  const planned = succeeded(await stage.cli(['restore', JOB, '--dry-run']));
  expect(planned.stdout).toContain(source);
  expect(existsSync(source), 'a plan does nothing').toBe(false);
  const went = await stage.cli(['restore', JOB, '--yes'], 60_000);
  expect([went.code, went.stdout], went.stderr).toEqual([ExitCode.done, expect.stringContaining('lies on alpha')]);
  expect(await treeDifferences(before, source)).toEqual([]);
  // It is the applications' again at once, and the job's as soon as it is started.
  writeFileSync(join(source, 'new'), 'written after the restore');
  await stage.client.job('start', JOB);
  await stage.client.reach(JOB, 'protected');
  await stage.client.flush(JOB);
  expect(await treeDifferences(source, replica)).toEqual([]);
  const { sentBytes } = (await stage.client.status(JOB)).replication;
  expect(sentBytes, 'both sides are compared, and equal').toBeLessThan(4 * 1024 * 1024);
}

async function overOtherFiles(stage: Bootstrap): Promise<void> {
  const { source, before } = await protectFiles(stage);
  await stage.client.job('stop', JOB);
  writeFileSync(join(source, 'department-1', 'letter-1'), 'written after the job was stopped');
  writeFileSync(join(source, 'only here'), 'a new file');
  rmSync(join(source, 'department-2', 'letter-2'));
  writeFileSync(join(source, 'large'), Buffer.alloc(8 * 1024 * 1024, 'x'));

  refused(await stage.cli(['restore', JOB, '--yes']), ExitCode.no, 'not of this restore', '--overwrite');
  expect(readFileSync(join(source, 'only here'), 'utf8')).toBe('a new file');
  const went = await stage.cli(['restore', JOB, '--overwrite', '--yes'], 60_000);
  expect(went.code, `${went.stdout}${went.stderr}`).toBe(ExitCode.done);
  expect(await treeDifferences(before, source)).toEqual([]);
  // What lay there lies beside it, whole.
  const beside = readdirSync(join(source, '..')).filter((name) => name.startsWith('.understudy-'));
  const kept = beside.flatMap((name) => filesBelow(join(source, '..', name)));
  const textOf = (name: string): string[] =>
    kept.filter((path) => path.endsWith(`/${name}`)).map((path) => readFileSync(path, 'utf8'));
  expect(textOf('only here')).toEqual(['a new file']);
  expect(textOf('letter-1')).toEqual(['written after the job was stopped']);
  expect(textOf('large').map((text) => text.slice(0, 3))).toEqual(['xxx']);
  expect(kept).toHaveLength(3);
}

async function elsewhere(stage: Bootstrap): Promise<void> {
  const { source, replica, before } = await protectFiles(stage);
  const ledger = startLoad('ledger', [join(source, 'ledger'), 'alpha']);
  await until('the ledger is written', () => ledger.progress > 20);
  const to = stage.folder('restored');
  const there = replicaOf(to, source);
  succeeded(await stage.cli(['restore', JOB, '--to', `gamma:${to}`, '--yes', '--no-wait']));
  refused(await stage.cli(['restore', JOB, '--to', `gamma:${to}`, '--yes']), ExitCode.no, /under way|--overwrite/);
  await stage.agent('beta').kill();
  await stage.agent('beta').start();
  await until('what is kept lies on gamma', async () => (await events(stage, 'beta')).includes('"restore-done"'));
  await ledger.stop();
  // A moment of the source: a beginning of the ledger, and what nobody has changed since.
  const lines = readFileSync(join(source, 'ledger'), 'utf8');
  const then = readFileSync(join(there, 'ledger'), 'utf8');
  expect([then.length > 0, lines.startsWith(then)]).toEqual([true, true]);
  expect((await treeDifferences(before, there)).filter((line) => !line.includes('ledger'))).toEqual([]);
  await stage.client.reach(JOB, 'protected');
  await stage.client.flush(JOB);
  expect(await treeDifferences(source, replica)).toEqual([]);
}

async function waitsAndGivesWay(stage: Bootstrap): Promise<void> {
  const { source } = await protectFiles(stage);
  const to = stage.folder('restored');
  const there = replicaOf(to, source);
  mkdirSync(there, { recursive: true });
  const theirs = openSync(join(there, 'theirs'), 'a');
  try {
    const order = ['restore', JOB, '--to', `gamma:${to}`, '--overwrite', '--yes'];
    succeeded(await stage.cli([...order, '--no-wait']));
    const waits = async () => (await events(stage, 'gamma')).includes('"replica-open-for-writing"');
    await until('it waits for who writes there', waits);
    refused(await stage.cli(order), ExitCode.no, 'under way', '--cancel');
    expect(succeeded(await stage.cli(['restore', JOB, '--cancel'])).stdout).toContain('cancelled');
    expect(await events(stage, 'beta')).toContain('"restore-cancelled"');
    await stage.client.reach(JOB, 'protected');

    succeeded(await stage.cli([...order, '--no-wait']));
    succeeded(await stage.cli(['failover', JOB, '--yes']));
    const ended = (await events(stage, 'beta')).match(/"restore-cancelled"/g);
    expect(ended, 'a failover does not wait for it').toHaveLength(2);
    expect(readdirSync(there)).toEqual(['theirs']);
  } finally {
    closeSync(theirs);
  }
}

async function notWhereItMayNot(stage: Bootstrap): Promise<void> {
  const { source, replica } = await protectFiles(stage);
  refused(
    await stage.cli(['restore', JOB, '--to', `beta:${stage.folder('here')}`]),
    ExitCode.no,
    'lies on beta already',
  );
  refused(await stage.cli(['restore', JOB, '--to', 'nobody:/srv']), ExitCode.usage, 'nobody');
  const within = await stage.cli(['restore', JOB, '--to', `alpha:${source}`, '--yes']);
  refused(within, ExitCode.no, 'is protected by the job office', 'understudy job stop office');
  refused(await stage.cli(['restore', JOB, '--cancel']), ExitCode.no, 'No restore of office is under way');
  succeeded(await stage.cli(['failover', JOB, '--yes']));
  refused(await stage.cli(['restore', JOB, '--yes']), ExitCode.no, 'understudy failback office');
  writeFileSync(join(replica, 'written'), 'nobody keeps the new primary from writing');
}

describeWithFuse('restore', () => {
  staged(
    '[FO2] the files are back at a source that lost them, and the job goes on',
    ['alpha', 'beta'],
    backToTheSource,
  );
  staged('[FO2] what lies there and differs is put aside, nothing is written over', ['alpha', 'beta'], overOtherFiles);
  staged('[FO1] to another server while the job goes on, over a killed agent', ['alpha', 'beta', 'gamma'], elsewhere);
  staged(
    '[FO1] waits for who writes there, is broken off, and gives way',
    ['alpha', 'beta', 'gamma'],
    waitsAndGivesWay,
  );
  staged('[FO2] refused where the state or the place forbids it', ['alpha', 'beta'], notWhereItMayNot);
});
