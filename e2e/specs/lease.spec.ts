/**
 * Never two writers, with real agents and etcd as their witness. On the source an application writes all the time; the source is cut off,
 * or its processes are stopped for longer than its lease; the target takes over, and an application writes there. Both run on one machine,
 * so that one clock tells when each call was answered.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  elapse,
  type Load,
  openWorld,
  sized,
  staged,
  startEtcd,
  startLoad,
  until,
  type World,
  whyNoEtcd,
  whyNoLine,
} from '../bootstrap/index.ts';

const why = whyNoLine() ?? whyNoEtcd();
if (why !== null) console.warn(`SKIPPED never two writers: ${why}`);

const JOB = 'ledger';
const LEASE = '2s';

async function protect(world: World): Promise<void> {
  const { stage, line, source, to } = world;
  // Beside the target: where the line is cut, it still has its witness.
  const etcd = await startEtcd(stage, line.on('target'), line.address('target'));
  const section = join(stage.root, 'failover.yaml');
  writeFileSync(section, `witness: { kind: etcd, endpoints: ["${etcd}"], lease: ${LEASE} }\n`);
  const job = { name: JOB, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' } as const;
  await stage.client.protect({ ...job, extra: ['--failover-file', section] });
}

/** Nanoseconds at which calls were answered with `word`. */
const answers = (load: Load, word: string): bigint[] =>
  load.lines.filter((line) => line.startsWith(`${word} `)).map((line) => BigInt(line.slice(word.length + 1)));

type Trouble = 'the line is cut' | 'agent and fsid of the source are stopped' | 'the agent of the source is stopped';

/** What brings it about; the answer ends it. */
function begin(trouble: Trouble, { stage, line }: World): () => Promise<void> {
  if (trouble === 'the line is cut') {
    line.cut();
    return () => line.join();
  }
  const agent = stage.agent('alpha').pid;
  const { fsid } = stage.interceptorProcesses('alpha');
  const stopped = trouble === 'the agent of the source is stopped' ? [agent] : [agent, ...fsid];
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  return async () => {
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
  };
}

async function neverTwo(stage: Bootstrap, trouble: Trouble, beforeMs: number): Promise<void> {
  const world = await openWorld(stage);
  await protect(world);
  const source = startLoad('writer', [join(world.source, 'ledger')]);
  await until('the source is written to', () => answers(source, 'ok').length > 50);
  await elapse(beforeMs);

  const end = begin(trouble, world);
  stage.clientPrefix = world.line.on('target');
  const target = startLoad('writer', [join(world.replica, 'ledger')]);
  const ordered = await stage.cli(['failover', JOB, '--yes'], 120_000);
  expect(ordered.code, ordered.stdout + ordered.stderr).toBe(0);
  await until('the target is written to', () => answers(target, 'ok').length > 50);
  await end();
  await until('the source refuses to be written to', () => answers(source, 'EROFS').length > 0);
  await source.stop();
  await target.stop();

  const [last, first] = [answers(source, 'ok').at(-1) ?? 0n, answers(target, 'ok')[0] ?? 0n];
  console.info(`${trouble}: ${Number(first - last) / 1e6} ms from the source's last answer to the target's first`);
  expect(last).toBeLessThan(first);
  expect(answers(source, 'ok').filter((at) => at >= first)).toEqual([]);
  await until('the source says why', async () => {
    const { stdout } = await stage.cli(['events', '--server', 'alpha', '--json']);
    return stdout.includes('"read-only"');
  });
}

const TROUBLES: readonly Trouble[] = [
  'the line is cut',
  'agent and fsid of the source are stopped',
  'the agent of the source is stopped',
];

describe.skipIf(why !== null)('never two writers', () => {
  describeWithFuse('with etcd as the witness', () => {
    for (let schedule = 0; schedule < sized(20, TROUBLES.length); schedule += 1) {
      const trouble = TROUBLES[schedule % TROUBLES.length] ?? 'the line is cut';
      staged(
        `[FO3] [SAFE6] ${trouble}: the source answers nothing once the target does, and is read-only when it is back (${schedule + 1})`,
        [],
        (stage) => neverTwo(stage, trouble, schedule * 137),
        180_000,
      );
    }
  });
});
