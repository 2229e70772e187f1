/**
 * A server is moved while it lives: a ledger is written on the source until it is cut over, and goes on on the target. Not a line is lost.
 * Before anything is written there the cut-over is undone once. A service of the job is stopped on the source, and what it writes as it
 * ends comes over too; it serves there again whenever the job has come home, by an undo or by a failback.
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Bootstrap, describeWithFuse, ExitCode, replicaOf, staged, startLoad, until } from '../bootstrap/index.ts';

const JOB = 'ledger';

async function cutOver(stage: Bootstrap, source: string, replica: string): Promise<void> {
  const ledger = startLoad('ledger', [join(source, 'ledger'), 'alpha']);
  await until('the ledger is written', () => ledger.progress > 50);
  const ready = await stage.cli(['migrate', JOB]);
  expect([ready.code, ready.stdout], ready.stderr).toEqual([ExitCode.done, expect.stringContaining('is ready')]);
  const { progress } = ledger;
  await until('the ledger goes on: nothing was held', () => ledger.progress > progress + 20);
  const moved = await stage.cli(['migrate', JOB, '--cutover', '--yes']);
  const { stdout: unsent } = await stage.cli(['unsent', JOB]);
  expect([moved.code, moved.stdout], `${moved.stderr}\n${unsent}`).toEqual([
    ExitCode.done,
    expect.stringContaining('Nothing was left behind on alpha.'),
  ]);
  expect(await ledger.finished()).toBe('EROFS');
  const numbers = ledger.lines.slice(0, -1);
  const there = new Set(readFileSync(join(replica, 'ledger'), 'utf8').split('\n'));
  expect(numbers.filter((n) => !there.has(`${n} alpha`))).toEqual([]);
  expect(readFileSync(join(replica, 'ledger'))).toEqual(readFileSync(join(source, 'ledger')));
}

/** A service that is up as long as its file is, a file for each side, and that writes into the job's folder when it is stopped. */
function serviceOf(
  stage: Bootstrap,
  source: string,
): { readonly section: string; readonly up: (side: string) => string } {
  const at = (name: string) => join(stage.root, name);
  const script = `#!/bin/sh -e
side=target; case "$UNDERSTUDY_ACTION" in migrate|home) side=source ;; esac
case "$1" in
  start) touch ${stage.root}/up-$side ;;
  check) test -e ${stage.root}/up-$side ;;
  stop) [ $side = target ] || echo "stopped in order" > ${source}/last; rm ${stage.root}/up-$side ;;
esac
`;
  writeFileSync(at('service'), script);
  chmodSync(at('service'), 0o755);
  const word = (what: string) => `${what}: [${at('service')}, ${what}]`;
  const section = `services:\n  - { name: database, ${['start', 'check', 'stop'].map(word).join(', ')}, timeout: 20s }\n`;
  writeFileSync(at('failover.yaml'), section);
  return { section: at('failover.yaml'), up: (side) => at(`up-${side}`) };
}

describeWithFuse('migrate', () => {
  staged(
    '[FO3] what serves on the source is stopped in order before it is held, and serves on the target then',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'data');
      const to = stage.folder('replica');
      const { section, up } = serviceOf(stage, source);
      const job = { name: JOB, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' } as const;
      await stage.client.protect({ ...job, extra: ['--failover-file', section] });
      writeFileSync(up('source'), '');
      const ready = await stage.cli(['migrate', JOB]);
      expect(ready.stdout).toContain('What serves on alpha of database is stopped by it');

      const moved = await stage.cli(['migrate', JOB, '--cutover', '--yes']);
      expect(moved.code, moved.stderr).toBe(ExitCode.done);
      expect(['source', 'target'].map((side) => existsSync(up(side)))).toEqual([false, true]);
      expect(readFileSync(join(replicaOf(to, source), 'last'), 'utf8')).toBe('stopped in order\n');
      const { stdout } = await stage.client.events('--json', '--limit', '1000');
      expect(stdout).toContain('Stopped for a cut-over: database.');

      const home = async (...command: readonly [string, ...string[]]) => {
        const { code, stderr } = await stage.cli([...command, '--yes']);
        expect(code, stderr).toBe(ExitCode.done);
        await until('the service serves on the source again', () => existsSync(up('source')));
        expect(existsSync(up('target'))).toBe(false);
        await stage.client.reach(JOB, 'protected');
      };
      await home('undo-failover', JOB);
      const again = await stage.cli(['migrate', JOB, '--cutover', '--yes']);
      expect(again.code, again.stderr).toBe(ExitCode.done);
      expect(['source', 'target'].map((side) => existsSync(up(side)))).toEqual([false, true]);
      writeFileSync(join(replicaOf(to, source), 'there'), 'written on the target');
      await home('failback', JOB);
      expect(readFileSync(join(source, 'there'), 'utf8')).toBe('written on the target');
    },
    120_000,
  );

  staged(
    '[FO3] [FO4] the source is held, nothing is lost, the target takes over, and the way back is open',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'data');
      const to = stage.folder('replica');
      const replica = replicaOf(to, source);
      const job = { name: JOB, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' } as const;
      await stage.client.protect(job);

      await cutOver(stage, source, replica);
      expect(await stage.client.status(JOB)).toMatchObject({ state: 'failed-over', source: 'beta', epoch: 2 });
      const undone = await stage.cli(['undo-failover', JOB, '--yes']);
      expect([undone.code, undone.stdout], undone.stderr).toEqual([
        ExitCode.done,
        expect.stringContaining('alpha is the primary'),
      ]);
      await stage.client.reach(JOB, 'protected');

      await cutOver(stage, source, replica);
      const after = startLoad('ledger', [join(replica, 'ledger'), 'beta']);
      await until('the ledger goes on on the target', () => after.progress > 50);
      const home = await stage.cli(['failback', JOB, '--yes']);
      expect(home.code, home.stderr).toBe(ExitCode.done);
      expect(await after.finished()).toBe('EROFS');
      const lines = readFileSync(join(source, 'ledger'), 'utf8').trim().split('\n');
      expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(lines.map((_, i) => i + 1));
      expect(lines).toContain(`${after.lines.at(-2)} beta`);
      await stage.client.reach(JOB, 'protected');
    },
    120_000,
  );
});
