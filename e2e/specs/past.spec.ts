/** What has been on a replica: moments listed, shown and kept, through a burst of encryption and killed agents. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  ExitCode,
  refused,
  replicaOf,
  sized,
  staged,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

const JOB = 'letters';
const FILES = sized(1000, 200);
/** Beyond what a brake lets pass, and what a company has in one folder. */
const MANY = 1000;

interface Points {
  readonly points: readonly { readonly time: string; readonly position: string; readonly reason: string | null }[];
  readonly views: readonly { readonly directory: string }[];
  readonly writtenBytes: number;
}

async function pointsOf(stage: Bootstrap): Promise<Points> {
  const { stdout } = await stage.cli(['points', JOB, '--json']);
  return JSON.parse(stdout) as Points;
}

const SCRIPT = `
const { readdirSync, readFileSync, renameSync, openSync, writeSync, closeSync } = require('node:fs');
const { createCipheriv, randomBytes } = require('node:crypto');
const [root, how] = process.argv.slice(1);
for (const name of readdirSync(root)) {
  const bytes = readFileSync(root + '/' + name);
  const other = createCipheriv('aes-256-ctr', randomBytes(32), randomBytes(16)).update(bytes);
  const fd = openSync(root + '/' + name, 'r+'); writeSync(fd, other, 0, other.length, 0); closeSync(fd);
  if (how === 'renamed') renameSync(root + '/' + name, root + '/' + name + '.locked');
}
`;

describeWithFuse('the past of a replica', () => {
  staged(
    'the view of the moment before an encryption is intact, while replication goes on, and is gone with its agent',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'letters');
      for (let i = 0; i < FILES; i += 1) writeFileSync(join(source, `letter-${i}`), `Letter ${i}\n`.repeat(500));
      const to = stage.folder('replica');
      await stage.client.protect({
        name: JOB,
        source: 'alpha',
        target: 'beta',
        include: [source],
        to,
        intercept: 'fuse',
      });
      // Begins a moment, and whichever of the two around it is shown looks the same.
      chmodSync(join(source, 'letter-0'), statSync(join(source, 'letter-0')).mode);
      await stage.client.flush(JOB);
      const before = join(stage.root, 'before');
      execFileSync('cp', ['-a', source, before]);
      await until('a moment is kept', async () => (await pointsOf(stage)).points.length > 0);
      const knownAt = new Date().toISOString();
      execFileSync(process.execPath, ['-e', SCRIPT, source]);
      await until('the brake holds', async () => {
        const { reason } = (await stage.client.status(JOB)) as { reason: { code: string } | null };
        return reason?.code === 'brake';
      });
      const then = join(stage.root, 'then');
      refused(await stage.cli(['view', JOB, '--at', '2001-01-01T00:00:00Z', then]), ExitCode.no, 'no directory');
      mkdirSync(then);
      refused(await stage.cli(['view', JOB, '--at', '2001-01-01T00:00:00Z', then]), ExitCode.no, 'the oldest moment');
      const shown = await stage.cli(['view', JOB, '--at', knownAt, then]);
      expect(shown.code, shown.stderr).toBe(ExitCode.done);
      const view = join(then, source);
      expect(await treeDifferences(before, view)).toEqual([]);
      expect((await pointsOf(stage)).views).toHaveLength(1);
      await stage.cli(['brake', JOB, '--go-on']);
      await stage.client.reach(JOB, 'protected');
      await stage.client.flush(JOB);
      expect(await treeDifferences(source, replicaOf(to, source))).toEqual([]);
      expect(await treeDifferences(before, view)).toEqual([]);
      expect(() => writeFileSync(join(view, 'letter-1'), 'x')).toThrow(/EROFS/);
      await stage.cli(['view', JOB, '--end', then]);
      expect(readdirSync(then)).toEqual([]);
      await stage.cli(['view', JOB, '--at', knownAt, then]);
      expect(readFileSync(join(view, 'letter-1'), 'utf8')).toContain('Letter 1\n');
      await stage.agent('beta').kill();
      await stage.agent('beta').start();
      expect(readdirSync(then)).toEqual([]);
      await stage.client.reach(JOB, 'protected');
      const { points, writtenBytes } = await pointsOf(stage);
      expect(points.length).toBeGreaterThan(0);
      expect(writtenBytes).toBeGreaterThanOrEqual(0);
    },
  );

  staged(
    '[SAFE4] files that were overwritten and renamed are back by a failover to the moment before',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'letters');
      for (let i = 0; i < MANY; i += 1) writeFileSync(join(source, `letter-${i}`), `Letter ${i}\n`.repeat(500));
      const to = stage.folder('replica');
      const job = { name: JOB, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' } as const;
      await stage.client.protect(job);
      // A day's work, of which nothing may be lost.
      writeFileSync(join(source, 'letter-0'), 'written this morning');
      writeFileSync(join(source, 'new'), 'made this morning');
      const applied = BigInt(await stage.client.flush(JOB));
      // Moments are a second apart: one of before may still be the newest.
      await until('a moment is kept that has the work', async () => {
        const { points } = await pointsOf(stage);
        return points.some(({ position }) => BigInt(position) >= applied);
      });
      const before = join(stage.root, 'before');
      execFileSync('cp', ['-a', source, before]);
      const knownAt = new Date().toISOString();
      execFileSync(process.execPath, ['-e', SCRIPT, source, 'renamed']);
      await until('the brake holds', async () => (await stage.client.status(JOB)).state === 'halted');
      expect((await stage.client.status(JOB)).reason).toMatchObject({ code: 'brake' });
      const replica = replicaOf(to, source);
      expect(await treeDifferences(before, replica), 'some of it had arrived').not.toEqual([]);

      const then = stage.folder('then');
      const shown = await stage.cli(['view', JOB, '--at', knownAt, then]);
      expect(shown.code, shown.stderr).toBe(ExitCode.done);
      expect(await treeDifferences(before, join(then, source))).toEqual([]);
      await stage.cli(['view', JOB, '--end', then]);

      const early = await stage.cli(['failover', JOB, '--point', '2001-01-01T00:00:00Z', '--yes']);
      expect([early.code, early.stdout]).toEqual([ExitCode.no, expect.stringContaining('the oldest moment')]);
      const done = await stage.cli(['failover', JOB, '--point', knownAt, '--yes']);
      expect(done.code, `${done.stdout}${done.stderr}`).toBe(ExitCode.done);
      await stage.client.reach(`beta/${JOB}`, 'failed-over');
      expect(await treeDifferences(before, replica)).toEqual([]);
      expect(readFileSync(join(replica, 'letter-0'), 'utf8')).toBe('written this morning');
      // The old files are the ones that are worked on from now on.
      writeFileSync(join(replica, 'letter-1'), 'written after the failover');
      expect(readdirSync(replica).filter((name) => name.endsWith('.locked'))).toEqual([]);
    },
  );
});
