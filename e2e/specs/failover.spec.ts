/**
 * Two servers, each in a network namespace of its own; on the source a ledger that is written all the time, and a service that reads it
 * over TCP. The source is cut off and the target takes over: its address, its scripts, its service. Witness, failback, databases and
 * test failovers have specs of their own.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  ExitCode,
  openWorld,
  staged,
  until,
  type World,
  whyNoLine,
} from '../bootstrap/index.ts';

const why = whyNoLine();
if (why !== null) console.warn(`SKIPPED failover between two servers: ${why}`);

const JOB = 'ledger';
const SERVICE = '10.99.0.10';

interface Takeover {
  readonly phase: string;
  readonly epoch: number;
  readonly steps: readonly { readonly step: string; readonly state: string; readonly outcome: string | null }[];
}

async function takeoverOf(stage: Bootstrap): Promise<Takeover | null> {
  const status = (await stage.client.status(JOB)) as unknown as { failover?: { takeover: Takeover | null } };
  return status.failover?.takeover ?? null;
}

/** Answers each connection with the ledger as it is, and says where it runs. */
const SERVER = `import { createServer } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
const [, , file, pidFile] = process.argv;
createServer((socket) => socket.end(readFileSync(file))).listen(7070, '0.0.0.0', () => writeFileSync(pidFile, String(process.pid)));
`;

/** What the job's target is to do, as an administrator writes it. */
function writeSection({ stage, line, replica }: World): string {
  const at = (name: string) => join(stage.root, name);
  const script = (name: string, text: string): string => {
    writeFileSync(at(name), `#!/bin/sh\n${text}\n`);
    chmodSync(at(name), 0o755);
    return at(name);
  };
  writeFileSync(at('server.mjs'), SERVER);
  const serve = `${process.execPath} ${at('server.mjs')} ${join(replica, 'ledger')} ${at('server.pid')}`;
  const start = script('start', `while [ -e ${at('hold')} ]; do sleep 0.1; done; setsid ${serve} > /dev/null 2>&1 &`);
  const check = script('check', `[ -e ${at('server.pid')} ] && kill -0 $(cat ${at('server.pid')})`);
  const before = script('before', `env | grep ^UNDERSTUDY_ > ${at('environment')}`);
  const after = script('after', `echo "after $UNDERSTUDY_AGAIN" >> ${at('log')}`);
  const section = `
monitor: { agent: true, addresses: [${line.address('source')}], interval: 200ms, failures: 5 }
addresses:
  - { address: ${SERVICE}/24, interface: service }
services:
  - { name: reader, start: [${start}], check: [${check}], timeout: 30s }
scripts:
  beforeFailover: { path: ${before}, arguments: [now], timeout: 10s }
  afterFailover: { path: ${after} }
`;
  writeFileSync(at('failover.yaml'), section);
  return at('failover.yaml');
}

const onTarget = ({ line }: World, ...command: string[]): string => {
  const [enter = '', ...rest] = [...line.on('target'), ...command];
  return execFileSync(enter, rest, { encoding: 'utf8' });
};

/** Asks at the service address, from within the target's network. */
function readThrough(world: World): string {
  const script = `require('node:net').connect(7070, '${SERVICE}').on('data', (data) => process.stdout.write(data))`;
  return onTarget(world, process.execPath, '-e', script);
}

/** Unplugs the source: nothing of it gets out any more. */
function cutSource({ line }: World): void {
  const [enter = '', ...rest] = [...line.on('source'), 'ip', 'link', 'set', 'line', 'down'];
  execFileSync(enter, rest);
}

async function protect(world: World): Promise<void> {
  const { stage, source, to } = world;
  onTarget(world, 'ip', 'link', 'add', 'name', 'service', 'type', 'veth', 'peer', 'name', 'away');
  for (const device of ['service', 'away']) onTarget(world, 'ip', 'link', 'set', device, 'up');
  appendFileSync(join(source, 'ledger'), 'first\n');
  const job = { name: JOB, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' } as const;
  await stage.client.protect({ ...job, extra: ['--failover-file', writeSection(world)] });
}

const STEPS = 'check epoch data script-before addresses intercept writable services script-after';

async function looksAtPlan(stage: Bootstrap): Promise<void> {
  const planned = await stage.cli(['failover', JOB, '--dry-run', '--json']);
  expect(planned.code, planned.stdout).toBe(ExitCode.done);
  const plan = planned.json() as { steps: { step: string }[] };
  expect(plan.steps.map(({ step }) => step).join(' ')).toBe(STEPS);
  const unasked = await stage.cli(['failover', JOB]);
  expect([unasked.code, unasked.stderr]).toEqual([ExitCode.usage, expect.stringContaining('--yes')]);
}

/** The service hangs while it starts, the agent is killed, and goes on by itself. */
async function killedOnTheWay(stage: Bootstrap): Promise<void> {
  writeFileSync(join(stage.root, 'hold'), '');
  const ordered = stage.cli(['failover', JOB, '--yes']);
  await until('the services are being started', async () => {
    const takeover = await takeoverOf(stage);
    return takeover?.steps.find(({ step }) => step === 'services')?.state === 'doing';
  });
  const again = await stage.cli(['failover', JOB, '--yes']);
  expect([again.code, again.stderr]).toEqual([ExitCode.no, expect.stringContaining('is at the failover')]);
  await stage.agent('beta').kill();
  rmSync(join(stage.root, 'hold'));
  await stage.agent('beta').start();
  await stage.client.reach(JOB, 'failed-over');
  expect((await ordered).code).toBe(ExitCode.done);
}

describe.skipIf(why !== null)('failover', () => {
  describeWithFuse('between two servers', () => {
    staged(
      '[FO1] [FO3] the source is cut off: the target is asked, shows its plan, and takes over; killed on the way it goes on',
      [],
      async (stage) => {
        const world = await openWorld(stage);
        await protect(world);
        for (let entry = 0; entry < 100; entry += 1) appendFileSync(join(world.source, 'ledger'), `entry ${entry}\n`);
        await stage.client.flush(JOB);
        const ledger = readFileSync(join(world.source, 'ledger'), 'utf8');
        await looksAtPlan(stage);

        cutSource(world);
        stage.clientPrefix = world.line.on('target');
        await until('the monitor says that the source has failed', async () => {
          const { stdout } = await stage.cli(['events', '--server', 'beta', '--json']);
          return stdout.includes('source-failed');
        });
        expect(await takeoverOf(stage)).toBeNull();
        await killedOnTheWay(stage);

        const takeover = await takeoverOf(stage);
        expect(takeover).toMatchObject({ phase: 'failed-over', epoch: 2 });
        expect(takeover?.steps.filter(({ state }) => state !== 'done')).toEqual([]);
        expect(readThrough(world)).toBe(ledger);
        const environment = readFileSync(join(stage.root, 'environment'), 'utf8');
        expect(environment).toContain(`UNDERSTUDY_PATHS=${world.replica}\n`);
        expect(environment).toContain('UNDERSTUDY_SOURCE=alpha\n');
        expect(readFileSync(join(stage.root, 'log'), 'utf8')).toBe('after 0\n');
        appendFileSync(join(world.replica, 'ledger'), 'written on the new primary\n');
        expect(readThrough(world)).toContain('written on the new primary');
      },
      120_000,
    );
  });
});
