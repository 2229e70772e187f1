import { randomBytes } from 'node:crypto';
import {
  closeSync,
  futimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  afterReboot,
  booted,
  cutPower,
  describeWithFuse,
  protectedFolder,
  readBytes,
  replicaOf,
  staged,
  treeDifferences,
  until,
  untilServed,
} from '../bootstrap/index.ts';

const MIB = 1 << 20;

describeWithFuse('a power cut of the source and its mirror', () => {
  staged('[SRM3] [MIR3] a first mirror goes on where it was', ['alpha', 'beta'], async (stage) => {
    const source = stage.folder('source', 'data');
    const to = stage.folder('replica');
    const replica = replicaOf(to, source);
    const path = (i: number) => join(source, `file${String(i).padStart(2, '0')}`);
    for (let i = 0; i < 64; i += 1) writeFileSync(path(i), randomBytes(MIB));
    const job = { name: 'data', source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' } as const;
    await stage.client.create({ ...job, extra: ['--bandwidth', '16MiB', '--start'] });
    const said = async () => (await stage.client.status('data')).mirror.filesDone;
    await untilServed(stage);
    await until('half of the mirror is done', async () => (await said()) >= 40);
    // Both come after what the mirror has said, or with it; the target may have them or not.
    const before = readFileSync(path(1));
    const { atime, mtime } = statSync(path(1));
    for (const i of [1, 2, 60]) writeFileSync(path(i), randomBytes(4096), { flag: 'r+' });
    writeFileSync(join(source, 'made'), 'and lost');
    await cutPower(stage, source);
    writeFileSync(path(1), before);
    utimesSync(path(1), atime, mtime);
    rmSync(join(source, 'made'));
    await afterReboot(stage, async () => {
      const alpha = stage.agent('alpha');
      await alpha.start();
      const read = readBytes(alpha.pid);
      await stage.client.raw('job', 'edit', 'data', '--bandwidth', 'none');
      await stage.client.reach('data', 'protected');
      // What was under way is said again: a group of 8 MiB, and the line's window.
      expect((readBytes(alpha.pid) - read) / MIB).toBeLessThan(64 - 40 + 20);
    });
    await stage.client.flush('data');
    expect(await treeDifferences(source, replica)).toEqual([]);
    const events = await stage.client.raw('events', '--server', 'alpha', '--json');
    expect(events.stdout).toContain('"power-cut"');
  });

  staged(
    '[SRM3] without a log that can be trusted everything is compared, and what was written after the boot is found in any case',
    ['alpha', 'beta'],
    async (stage) => {
      const { source, replica } = await protectedFolder(stage, 'data', {
        fill: (folder) => {
          mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
          for (let i = 0; i < 20; i += 1) writeFileSync(join(folder, 'deep', 'er', `file${i}`), `content ${i}`);
        },
      });
      const log = join(stage.agent('alpha').home, 'fsi', 'activity');
      for (const damaged of [false, true]) {
        await cutPower(stage, source);
        if (damaged) truncateSync(log, 5000);
        await afterReboot(stage, async () => {
          // After the "boot", which is a moment from now, and before anybody looks.
          await booted();
          const file = openSync(join(source, 'deep', 'er', 'file3'), 'r+');
          writeSync(file, damaged ? 'CONTENT' : 'Content', 0);
          futimesSync(file, 1_700_000_000, 1_700_000_000);
          closeSync(file);
          await stage.agent('alpha').start();
          await stage.client.reach('data', 'protected');
          await stage.client.flush('data');
        });
        expect(await treeDifferences(source, replica)).toEqual([]);
      }
    },
  );
});
