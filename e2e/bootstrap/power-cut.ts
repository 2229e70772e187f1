/**
 * The source's server loses power, as far as a test can make it: its processes and mounts are gone at once, of the agent's home stays what
 * had been made durable, and the machine looks as if it had been started anew. What its file system loses is the test's own to take away.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bootstrap } from './bootstrap.ts';
import { isAlive, killTogether, mountsBelow } from './processes.ts';
import { until } from './until.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const MACHINE_STATE = '/proc/stat';

/** Of what is only appended to, as long as it was: less than what has been synced since. */
export type Lengths = ReadonlyMap<string, number>;

function lengthsOf(stage: Bootstrap): Lengths {
  const queue = join(stage.agent('alpha').home, 'queue');
  const logs = readdirSync(queue).map((job) => join(queue, job, 'scopes'));
  return new Map(logs.filter((log) => existsSync(log)).map((log) => [log, statSync(log).size]));
}

/** As `lengthsOf`, once nothing more is written into them for a while: what a job notes of its beginning is in them. */
export async function lengthsAtRest(stage: Bootstrap): Promise<Lengths> {
  let last = lengthsOf(stage);
  let since = performance.now();
  await until('the notes of the jobs are at rest', () => {
    const now = lengthsOf(stage);
    const same = now.size === last.size && [...now].every(([log, length]) => last.get(log) === length);
    if (!same) since = performance.now();
    last = now;
    return performance.now() - since > 2000;
  });
  return last;
}

/** All that was written before the protection is on the disk, and the activity log says so: its first region, in either place of its block. */
export function untilServed(stage: Bootstrap): Promise<unknown> {
  const log = join(stage.agent('alpha').home, 'fsi', 'activity');
  const SERVED = 1;
  return until('the activity log speaks for the folder', () => {
    const bytes = readFileSync(log);
    return [1, 2].some((place) => {
      const region = bytes.subarray(4096 * place + 64);
      return region.readUInt8(22) === SERVED && region.readUInt32LE(16) === 0;
    });
  });
}

/** Every process of the source's server dies at once, its mounts with them; of the agent's home stays what had been made durable. */
export async function cutPower(stage: Bootstrap, source: string, lengths: Lengths = new Map()): Promise<void> {
  const alpha = stage.agent('alpha');
  const { fsid, holder } = stage.interceptorProcesses('alpha');
  // An agent that outlives its interceptor by a moment notes that, and knows of no power cut when it is started.
  killTogether([alpha.pid, ...holder, ...fsid]);
  await alpha.ended();
  await until('the interceptor is gone', () => ![...holder, ...fsid].some(isAlive));
  for (const { at, type } of mountsBelow(source)) if (type.startsWith('fuse')) execFileSync('umount', ['-l', at]);
  const queue = join(alpha.home, 'queue');
  for (const job of readdirSync(queue)) {
    truncateSync(join(queue, job, 'marks'), 0);
    rmSync(join(queue, job, 'segments'), { recursive: true, force: true });
  }
  for (const [log, length] of lengths) truncateSync(log, length);
}

/** As long as `body` runs, the machine looks as if it had been started anew a moment from now. */
export async function afterReboot(stage: Bootstrap, body: () => Promise<void>): Promise<void> {
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

/** The boot that `afterReboot` tells of has been. */
export const booted = (): Promise<unknown> =>
  until(
    'the boot has been',
    () => Date.now() / 1000 > Number(/^btime (\d+)$/m.exec(readFileSync(MACHINE_STATE, 'latin1'))?.[1]),
  );
