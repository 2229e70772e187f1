import { execFileSync, type StdioOptions } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  ExitCode,
  type JobOptions,
  mountsBelow,
  refused,
  replicaOf,
  sharedStage,
  staged,
  startLoad,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

const { usage, agentError } = ExitCode;

describe('bad input: places', () => {
  const stage = sharedStage('bad-input-places', 'alpha', 'beta');
  let number = 0;

  /** What create and start say together: some things show only when the job starts. */
  const attempt = async (job: Partial<JobOptions>) => {
    number += 1;
    const name = `place-${number}`;
    const include = job.include ?? [stage().folder('sources', name)];
    const created = await stage().client.tryCreate({ name, source: 'alpha', target: 'beta', include, ...job });
    if (created.code !== ExitCode.done) return created;
    const started = await stage().cli(['job', 'start', name]);
    if (started.code === ExitCode.done) await stage().cli(['job', 'stop', name]);
    return started;
  };

  test('a replica inside the source set', async () => {
    const source = stage().folder('around');
    const to = stage().folder('around', 'replica');
    refused(await attempt({ include: [source], to }), [usage, agentError], to);
    refused(await attempt({ include: [source], to, target: 'alpha' }), [usage, agentError], to);
  });

  test('source and target the same place', async () => {
    const source = stage().folder('same');
    refused(await attempt({ include: [source], target: 'alpha' }), [usage, agentError], source);
    refused(await attempt({ include: [source] }), [usage, agentError], source);
  });

  test('two jobs into one replica path', async () => {
    const include = [stage().folder('shared-source')];
    const to = stage().folder('shared-replica');
    await stage().client.create({ name: 'first-into', source: 'alpha', target: 'beta', include, to });
    await stage().client.job('start', 'first-into');
    await stage().client.reach('first-into', 'protected');
    refused(await attempt({ include, to }), [usage, agentError], 'first-into');
    await stage().client.job('stop', 'first-into');
  });

  test('a set that holds the agent itself', async () => {
    const to = stage().folder('replica-of-homes');
    refused(
      await attempt({ include: [join(stage().root, 'homes')], to }),
      [usage, agentError],
      stage().homeOf('alpha'),
    );
  });

  test('a file where the replica directory is meant', async () => {
    const to = join(stage().root, 'only-a-file');
    writeFileSync(to, '');
    refused(await attempt({ to }), [usage, agentError], to);
  });

  test('[MIR4] [SAFE5] foreign files in the replica are not touched, and the job says that they are there', async () => {
    const source = stage().folder('foreign-source');
    writeFileSync(join(source, 'file'), 'mine');
    const to = stage().folder('foreign-replica');
    const foreign = join(replicaOf(to, source), 'somebody-elses');
    mkdirSync(replicaOf(to, source), { recursive: true });
    writeFileSync(foreign, 'precious');
    const job = { name: 'foreign', source: 'alpha', target: 'beta', include: [source], to };
    const before = await stage().client.tryCreate(job);
    refused(before, agentError, 'somebody-elses');
    expect(before.stderr).toContain('--adopt');
    expect(readFileSync(foreign, 'utf8')).toBe('precious');
    // Accepted, they are orphans as any others: reported and left.
    await stage().client.protect({ ...job, extra: ['--adopt'] });
    await until('the orphan is reported', async () =>
      (await stage().client.events('--job', 'foreign')).stdout.includes(
        '1 name on the target is not on the source and was left alone',
      ),
    );
    expect(readFileSync(foreign, 'utf8')).toBe('precious');
    await stage().cli(['job', 'stop', 'foreign']);
  });
});

/** A small file system of its own as the source; `damage` makes one of its files unreadable, and a copy makes it whole again. */
async function unreadable(stage: Bootstrap, damage: (debugfs: (command: string) => string) => void): Promise<void> {
  const source = stage.folder('source');
  const to = stage.folder('replica');
  const image = join(stage.root, 'disk.img');
  const whole = join(stage.root, 'whole.img');
  execFileSync('truncate', ['-s', '16M', image]);
  execFileSync('mkfs.ext4', ['-q', '-F', '-b', '1024', '-O', '^extents,^64bit,^metadata_csum,^has_journal', image]);
  execFileSync('mount', ['-o', 'loop', image, source]);
  writeFileSync(join(source, 'secret'), Buffer.alloc(40_000, 's'));
  writeFileSync(join(source, 'open'), 'for everybody');
  execFileSync('umount', [source]);
  execFileSync('cp', ['--sparse=always', image, whole]);
  const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
  damage((command) => execFileSync('debugfs', ['-w', '-R', command, image], { encoding: 'utf8', stdio }));
  execFileSync('mount', ['-o', 'loop,errors=continue', image, source]);
  expect(() => readFileSync(join(source, 'secret')), 'the disk is damaged').toThrow();

  const job = { name: 'unreadable', source: 'alpha', target: 'beta', include: [source], to, extra: ['--start'] };
  await stage.client.create(job);
  const events = async () => (await stage.client.events('--job', 'unreadable')).stdout;
  await until('an event names the file', async () => (await events()).includes('secret'), { everyMs: 500 });
  expect((await stage.client.status('unreadable')).state).not.toBe('protected');
  await until('the other file arrives', () => existsSync(join(replicaOf(to, source), 'open')));

  await stage.client.job('stop', 'unreadable');
  await until('the source is free', () => mountsBelow(source).every((mount) => mount.type === 'ext4'));
  execFileSync('umount', [source]);
  execFileSync('mount', ['-o', 'loop', whole, source]);
  await stage.client.job('start', 'unreadable');
  await stage.client.reach('unreadable', 'protected');
  await stage.client.flush('unreadable');
  expect(await treeDifferences(source, replicaOf(to, source), '--ignore', 'lost+found')).toEqual([]);
}

describeWithFuse('bad input: activation', () => {
  const stage = sharedStage('bad-input-activation', 'alpha', 'beta');

  test.each(['open', 'map', 'cwd'] as const)(
    'a directory with something held (%s) is not mounted over; pid and place are named',
    async (how) => {
      const source = stage().folder('sources', how);
      const file = join(source, 'held-file');
      writeFileSync(file, Buffer.alloc(8192));
      const held = how === 'cwd' ? source : file;
      const holder = startLoad('hold', [held, how]);
      await until('it is held', () => holder.lines.includes('holding'));
      const job = {
        name: how,
        source: 'alpha',
        target: 'beta',
        include: [source],
        to: stage().folder('r', how),
        intercept: 'fuse',
      } as const;
      await stage().client.create(job);
      refused(await stage().cli(['job', 'start', how]), agentError, String(holder.pid), held);
      expect(mountsBelow(source)).toEqual([]);

      // Once it is let go the same command works.
      holder.closeInput();
      await holder.finished();
      await stage().client.job('start', how);
      await stage().client.reach(how, 'protected');
      await stage().client.job('stop', how);
    },
  );

  test('a reader stands in nobody’s way', async () => {
    const source = stage().folder('sources', 'read');
    writeFileSync(join(source, 'read-file'), 'text');
    const holder = startLoad('hold', [join(source, 'read-file'), 'read']);
    await until('it is held', () => holder.lines.includes('holding'));
    await stage().client.protect({
      name: 'read',
      source: 'alpha',
      target: 'beta',
      include: [source],
      to: stage().folder('r', 'read'),
      intercept: 'fuse',
    });
    holder.closeInput();
    await holder.finished();
    await stage().client.job('stop', 'read');
  });

  staged(
    'without the privilege fuse is refused with the reason, and auto says what it took instead',
    ['beta'],
    async (alone) => {
      const wrapper = ['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin', '--'];
      const weak = alone.newAgent('weak', { wrapper });
      await weak.start();
      await alone.pair(weak);
      const source = alone.folder('source');
      writeFileSync(join(source, 'file'), 'content');
      const job = { source: 'weak', target: 'beta', include: [source] };
      const created = await alone.client.tryCreate({ ...job, name: 'fuse', to: alone.folder('r1'), intercept: 'fuse' });
      refused(
        created.code === ExitCode.done ? await alone.cli(['job', 'start', 'fuse']) : created,
        agentError,
        /privilege|CAP_SYS_ADMIN|root/,
      );

      const to = alone.folder('r2');
      await alone.client.create({ ...job, name: 'auto', to, intercept: 'auto', extra: ['--start'] });
      // Not `protected`: what was written is seen after the fact, and the job does not claim otherwise.
      await alone.client.reach('auto', 'degraded');
      const status = await alone.client.status('auto');
      expect(status.interceptor).toBe('watch');
      expect(JSON.stringify(status.reason)).toMatch(/near-continuous/);
      expect((await alone.client.raw('status', 'auto')).stdout).toMatch(/watch/);
      writeFileSync(join(source, 'later'), 'seen by watching');
      // Seen after the fact: a flush is a barrier for what has been seen by then.
      await until('what was written has been seen and is on the replica', async () => {
        await alone.client.flush('auto');
        return (await treeDifferences(source, replicaOf(to, source))).length === 0;
      });
    },
  );

  staged('a file with a bad block is named, and comes when it can be read', ['alpha', 'beta'], (alone) =>
    unreadable(alone, (debugfs) => {
      // Beyond its first 12 blocks a file of this layout is found through one block of numbers.
      const numbers = /\(IND\):(\d+)/.exec(debugfs('stat secret'))?.[1] ?? '';
      debugfs(`zap_block -p 0xee ${numbers}`);
    }),
  );

  staged('a file whose inode is damaged is named, and comes when it can be read', ['alpha', 'beta'], (alone) =>
    unreadable(alone, (debugfs) => debugfs('set_inode_field secret block[0] 4000000000')),
  );

  staged('a full target retries, says so, and goes on when there is room', ['alpha', 'beta'], async (alone) => {
    const source = alone.folder('source');
    const to = alone.folder('small');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', to]);
    await alone.client.protect({
      name: 'full',
      source: 'alpha',
      target: 'beta',
      include: [source],
      to,
      intercept: 'fuse',
    });
    for (let i = 0; i < 16; i += 1) writeFileSync(join(source, `file-${i}`), Buffer.alloc(1 << 20, i));
    await until(
      'the job says that the target is full',
      async () => (await alone.client.status('full')).targetDataState === 'retrying',
      { everyMs: 300 },
    );
    expect((await alone.client.status('full')).state).not.toBe('protected');
    expect((await alone.client.events('--job', 'full')).stdout).toMatch(/space|ENOSPC/);
    execFileSync('mount', ['-o', 'remount,size=64m', to]);
    await alone.client.flush('full');
    await alone.client.reach('full', 'protected');
    expect(await treeDifferences(source, replicaOf(to, source))).toEqual([]);
  });
});
