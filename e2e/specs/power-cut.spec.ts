import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  isAlive,
  mountsBelow,
  readBytes,
  replicaOf,
  staged,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

const MIB = 1 << 20;
/** Read in full by the comparison at the end, holes too. */
const LARGE = 2560 * MIB;
const APART = 64 * MIB;
const DATA_PIECES = 40;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const MACHINE_STATE = '/proc/stat';

const piece = (fill: number): Buffer => Buffer.alloc(4 * MIB, fill);

/** A large file with data in many places, and small ones beside it. */
function fill(source: string): void {
  const fd = openSync(join(source, 'large'), 'w');
  ftruncateSync(fd, LARGE);
  for (let i = 0; i < DATA_PIECES; i += 1) writeSync(fd, piece(i + 1), 0, 4 * MIB, i * APART);
  fsyncSync(fd);
  closeSync(fd);
  for (const name of ['names', 'quiet']) mkdirSync(join(source, name));
  for (let i = 0; i < 100; i += 1) {
    writeFileSync(join(source, 'names', `old${i}`), `content ${i}`);
    writeFileSync(join(source, 'quiet', `old${i}`), Buffer.alloc(64 * 1024, i));
  }
  execFileSync('sync', ['-f', source]);
}

/** Every process of the source's server dies at once, its mount with them; of the agent's home stays what had been made durable. */
async function cutPower(stage: Bootstrap, source: string): Promise<void> {
  const alpha = stage.agent('alpha');
  const { fsid, holder } = stage.interceptorProcesses('alpha');
  for (const pid of [...holder, ...fsid]) process.kill(pid, 'SIGSTOP');
  for (const pid of [...holder, ...fsid]) process.kill(pid, 'SIGKILL');
  await alpha.kill();
  await until('the interceptor is gone', () => ![...holder, ...fsid].some(isAlive));
  execFileSync('umount', ['-l', source]);
  expect(mountsBelow(source)).toEqual([]);
  const queue = join(alpha.home, 'queue');
  for (const job of readdirSync(queue)) {
    truncateSync(join(queue, job, 'marks'), 0);
    rmSync(join(queue, job, 'segments'), { recursive: true, force: true });
  }
}

/** As long as `body` runs, the machine looks as if it had been started anew a moment from now. */
async function afterReboot(stage: Bootstrap, body: () => Promise<void>): Promise<void> {
  const folder = stage.folder('reboot');
  const [id, state] = [join(folder, 'boot_id'), join(folder, 'stat')];
  writeFileSync(id, `${randomUUID()}\n`);
  // What the test itself takes away from the source is the loss, and not what somebody wrote after the boot.
  const btime = Math.ceil(Date.now() / 1000) + 3;
  writeFileSync(state, readFileSync(MACHINE_STATE, 'latin1').replace(/^btime \d+$/m, `btime ${btime}`));
  execFileSync('mount', ['--bind', id, BOOT_ID]);
  execFileSync('mount', ['--bind', state, MACHINE_STATE]);
  try {
    await body();
  } finally {
    execFileSync('umount', [MACHINE_STATE]);
    execFileSync('umount', [BOOT_ID]);
  }
}

/** What is written at last; the returned function takes of it what the power cut takes, past the mount: what the target has by then. */
function change(source: string): () => void {
  const at = (...parts: string[]) => join(source, ...parts);
  const before = Buffer.alloc(4 * MIB);
  const fd = openSync(at('large'), 'r+');
  readSync(fd, before, 0, 4 * MIB, 8 * APART);
  const { atime, mtime } = fstatSync(fd);
  // What the disk will have: a stretch of the large file, and a new file.
  writeSync(fd, piece(200), 0, 4 * MIB, 3 * APART);
  fsyncSync(fd);
  writeSync(fd, piece(201), 0, 4 * MIB, 8 * APART);
  writeSync(fd, piece(202), 0, 4 * MIB, LARGE);
  closeSync(fd);
  writeFileSync(at('names', 'lost'), 'the source loses this file');
  mkdirSync(at('names', 'lost-too'));
  writeFileSync(at('names', 'lost-too', 'inner'), 'and this directory');
  renameSync(at('names', 'old1'), at('names', 'renamed'));
  writeFileSync(at('names', 'new'), 'the source keeps this one');
  return () => {
    const plain = openSync(at('large'), 'r+');
    writeSync(plain, before, 0, 4 * MIB, 8 * APART);
    ftruncateSync(plain, LARGE);
    futimesSync(plain, atime, mtime);
    closeSync(plain);
    rmSync(at('names', 'lost'));
    rmSync(at('names', 'lost-too'), { recursive: true });
    renameSync(at('names', 'renamed'), at('names', 'old1'));
    utimesSync(at('names'), atime, mtime);
  };
}

/** The stream has gone on: what is written now arrives as ever, over a restart too. */
async function goesOn(stage: Bootstrap, source: string): Promise<void> {
  writeFileSync(join(source, 'names', 'afterwards'), 'text');
  await stage.client.flush('data');
  await stage.agent('alpha').kill();
  writeFileSync(join(source, 'names', 'meanwhile'), 'text');
  await stage.agent('alpha').start();
  await stage.client.reach('data', 'protected');
  await stage.client.flush('data');
}

describeWithFuse('a power cut of the source', () => {
  staged(
    '[SRM3] compares the regions that were being changed and nothing else, and the source rules where the target is ahead',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'data');
      fill(source);
      const to = stage.folder('replica');
      const replica = replicaOf(to, source);
      await stage.client.protect({
        name: 'data',
        source: 'alpha',
        target: 'beta',
        include: [source],
        to,
        intercept: 'fuse',
      });
      const undo = change(source);
      await stage.client.flush('data');
      await cutPower(stage, source);
      undo();
      await afterReboot(stage, async () => {
        const [alpha, beta] = [stage.agent('alpha'), stage.agent('beta')];
        await beta.hold();
        await alpha.start();
        await until('the regions are dirty', async () => {
          const { dirty } = (await stage.client.status('data')).replication;
          return dirty?.reasons.some(({ reason }) => reason === 'power-cut') === true;
        });
        const read = readBytes(alpha.pid);
        beta.release();
        await stage.client.reach('data', 'protected');
        await stage.client.flush('data');
        // Two regions of 16 MiB, the end of the file, and what starting and talking costs; the data alone is 160 MiB.
        expect((readBytes(alpha.pid) - read) / MIB).toBeLessThan(64);
        const { sentBytes } = (await stage.client.status('data')).replication;
        expect(sentBytes / MIB).toBeLessThan(6);
      });
      expect(await treeDifferences(source, replica)).toEqual([]);
      expect(
        readdirSync(join(replica, 'names'))
          .filter((name) => !name.startsWith('old'))
          .sort(),
      ).toEqual(['new']);
      const events = await stage.client.raw('events', '--server', 'alpha', '--json');
      expect(events.stdout).toContain('"power-cut"');

      await goesOn(stage, source);
      expect(await treeDifferences(source, replica)).toEqual([]);
    },
  );

  staged(
    '[SRM3] without a log that can be trusted everything is compared, and what was written after the boot is found in any case',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'data');
      mkdirSync(join(source, 'deep', 'er'), { recursive: true });
      for (let i = 0; i < 20; i += 1) writeFileSync(join(source, 'deep', 'er', `file${i}`), `content ${i}`);
      const to = stage.folder('replica');
      const replica = replicaOf(to, source);
      await stage.client.protect({
        name: 'data',
        source: 'alpha',
        target: 'beta',
        include: [source],
        to,
        intercept: 'fuse',
      });
      const home = stage.agent('alpha').home;
      const log = join(home, 'fsi', 'activity');
      for (const damaged of [false, true]) {
        await cutPower(stage, source);
        if (damaged) truncateSync(log, 5000);
        await afterReboot(stage, async () => {
          // After the "boot", which is a moment from now, and before anybody looks.
          await until(
            'the boot has been',
            () => Date.now() / 1000 > Number(/^btime (\d+)$/m.exec(readFileSync(MACHINE_STATE, 'latin1'))?.[1]),
          );
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
