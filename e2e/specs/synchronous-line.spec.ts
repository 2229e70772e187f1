/**
 * Synchronous mode between two servers whose line is really cut, whose target is killed and has no room: each policy, at every call and at
 * fsync only, acknowledged at received and at applied. All of these jobs run beside each other on one source, an application each, so that
 * one that waits must not hold up another.
 */
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  AcknowledgedWriter,
  elapse,
  holds,
  type JobStatus,
  Load,
  mountDiskImage,
  openWorld,
  replicaOf,
  staged,
  treeDifferences,
  understudyCommand,
  until,
  type World,
  whyNoDiskImage,
  whyNoFuse,
  whyNoLine,
} from '../bootstrap/index.ts';

const POLICIES = ['suspend', 'degrade', 'abort'] as const;
const WAYS = [
  { at: 'every-call', until: 'received' },
  { at: 'every-call', until: 'applied' },
  { at: 'fsync', until: 'received' },
] as const;

/** A line that is lost is noticed later than a call is late. */
const NOTICING = 'replication:\n  ping: 500ms\n  dead: 2s\n';
const LIMIT = '700ms';
/** Nine applications on one machine leave it some room. */
const PACE_MS = 3;

/** One job and its application. */
interface Play {
  readonly name: string;
  readonly policy: (typeof POLICIES)[number];
  readonly at: (typeof WAYS)[number]['at'];
  readonly until: (typeof WAYS)[number]['until'];
  readonly source: string;
  readonly file: string;
  readonly writer: AcknowledgedWriter;
  /** What the source says of the job, told at each change: the client stands in another network, and asking costs a process. */
  readonly told: Load;
}

const here = ({ writer }: Play): string => readFileSync(writer.path, 'latin1');

async function says(
  play: Pick<Play, 'name' | 'told'>,
  what: string,
  is: (status: JobStatus) => boolean,
): Promise<void> {
  await until(`${play.name}: ${what}`, () => {
    play.told.assertRunning();
    const line = play.told.lines.at(-1);
    return line !== undefined && is(JSON.parse(line) as JobStatus);
  });
}

interface Job extends Pick<Play, 'name' | 'policy' | 'at' | 'until' | 'source'> {}

async function create({ stage, to }: World, policy: Play['policy'], way: (typeof WAYS)[number]): Promise<Job> {
  const name = `${policy}-${way.at}-${way.until}`;
  const source = stage.folder('source', name);
  writeFileSync(join(source, 'entries'), '');
  const terms = ['--sync-at', way.at, '--sync-until', way.until, '--sync-policy', policy, '--sync-timeout', LIMIT];
  await stage.client.create({
    ...{ name, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' },
    extra: ['--mode', 'sync', ...terms, '--start'],
  });
  return { ...way, name, policy, source };
}

async function begin({ stage, to }: World, job: Job): Promise<Play> {
  const { name, source } = job;
  const args = [...stage.clientPrefix, understudyCommand, 'status', `alpha/${name}`, '--json', '--watch'];
  const told = new Load(args[0] ?? '', args.slice(1), stage.env);
  const path = join(source, 'entries');
  const play = { ...job, file: join(replicaOf(to, source), 'entries'), told };
  await says(play, 'protected', ({ state }) => state === 'protected');
  const writer = new AcknowledgedWriter(path, join(stage.root, `${name}.notes`), PACE_MS);
  await until(`the writer of ${name} has begun`, () => writer.done.length >= 20);
  return { ...play, writer };
}

interface Loss {
  readonly name: string;
  /** Of a job whose target is lost so. */
  readonly state: (state: string) => boolean;
  cut(world: World): unknown;
  heal(world: World): unknown;
}

const filler = ({ stage }: World): string => join(stage.root, 'small', 'filler');

const LOSSES: readonly Loss[] = [
  {
    name: 'the line is cut',
    state: (state) => state === 'disconnected',
    cut: ({ line }) => line.cut(),
    heal: ({ line }) => line.join(),
  },
  {
    name: 'the target is killed',
    state: (state) => state === 'disconnected',
    cut: ({ stage }) => stage.agent('beta').kill(),
    heal: ({ stage }) => stage.agent('beta').start(),
  },
  {
    name: 'the target has no room for what it receives',
    state: (state) => state !== 'protected',
    cut: (world) => {
      const { bavail, bsize } = statfsSync(join(world.stage.root, 'small'));
      writeFileSync(filler(world), Buffer.alloc(bavail * bsize - (32 << 20)));
    },
    heal: (world) => rmSync(filler(world)),
  },
];

/** While the target is lost. */
const MEANWHILE: Readonly<Record<Play['policy'], (play: Play, refusedBefore: number) => Promise<void>>> = {
  async suspend(play) {
    const { writer, name } = play;
    await says(play, 'a call is late', ({ synchronous }) => synchronous?.state === 'waiting');
    await says(play, 'one call waits', ({ synchronous }) => synchronous?.callsWaiting === 1);
    const before = writer.done.length;
    await elapse(1000);
    expect(writer.done.length, `${name}: nothing is answered`).toBe(before);
  },
  async degrade(play) {
    await says(play, 'it has degraded', ({ synchronous }) => synchronous?.state === 'degraded');
    await play.writer.goesOn(50, `by ${play.name} without the target`);
  },
  async abort(play, refusedBefore) {
    const { writer, at, name } = play;
    await until(`${name} refuses`, () => writer.refused.length >= refusedBefore + 2);
    await says(play, 'calls were undone', ({ synchronous }) => (synchronous?.callsAborted ?? 0) > refusedBefore);
    // A write that only had to be durable stands; its fsync alone was refused.
    const kept = writer.refused.filter((entry) => holds(here(play), entry));
    expect(kept, name).toEqual(at === 'fsync' ? writer.refused : []);
  },
};

/** Once the target is back. */
async function comesBack(play: Play, loss: string): Promise<void> {
  await play.writer.goesOn(20, `by ${play.name} after: ${loss}`);
  await says(play, 'it is synchronous again', ({ state, synchronous }) => {
    return state === 'protected' && synchronous?.state === 'synchronous';
  });
}

const EVENTS: Readonly<Record<Play['policy'], readonly string[]>> = {
  suspend: ['calls-wait', 'calls-go-on'],
  degrade: ['not-synchronous', 'synchronous'],
  abort: ['calls-aborted'],
};

async function demandEqual({ to }: World, play: Play): Promise<void> {
  const { name, policy, at, source, file, writer } = play;
  await writer.kill();
  const differences = () => treeDifferences(source, replicaOf(to, source));
  await until(`${name}: both sides are equal`, async () => (await differences()).length === 0);
  expect(writer.missingIn(file), name).toEqual([]);
  const there = readFileSync(file, 'latin1');
  const kept = writer.refused.filter((entry) => holds(there, entry));
  expect(kept, `${name}: what was refused is on neither side, or on both`).toEqual(
    at === 'fsync' ? writer.refused : [],
  );
  expect(writer.refused.length > 0, name).toBe(policy === 'abort');
}

async function demandEvents({ stage }: World, plays: readonly Play[]): Promise<void> {
  const { stdout } = await stage.client.events('--json', '--limit', '1000');
  const { events } = JSON.parse(stdout) as { events: { job: string; code: string }[] };
  for (const { name, policy } of plays)
    expect(events.filter(({ job }) => job === name).map(({ code }) => code)).toEqual(
      expect.arrayContaining([...EVENTS[policy]]),
    );
}

const why = whyNoFuse() ?? whyNoLine() ?? whyNoDiskImage('ext4');
if (why !== null) console.warn(`SKIPPED the synchronous mode over a line that is cut: ${why}`);

describe.skipIf(why !== null)('two servers', () => {
  staged(
    '[FSI4] every policy, while the line is cut, the target is killed, and it is out of space',
    [],
    async (stage) => {
      mountDiskImage(stage, 'ext4', stage.folder('small'), 192 << 20);
      const folder = stage.folder('small', 'journal');
      const journal = `journal:\n  folder: ${folder}\n  disk: 4 MiB\n  minimum-free: 64 MiB\n`;
      const world = await openWorld(stage, { settings: { source: NOTICING, target: NOTICING + journal } });
      const jobs: Job[] = [];
      for (const policy of POLICIES) jobs.push(...(await Promise.all(WAYS.map((way) => create(world, policy, way)))));
      const plays = await Promise.all(jobs.map((job) => begin(world, job)));
      for (const loss of LOSSES) {
        const began = performance.now();
        const refused = plays.map(({ writer }) => writer.refused.length);
        await loss.cut(world);
        await Promise.all(
          plays.map(async (play, index) => {
            await MEANWHILE[play.policy](play, refused[index] ?? 0);
            await says(play, `its state while ${loss.name}`, ({ state }) => loss.state(state));
            // What was answered at applied is on the replica now, without another word between the two.
            if (play.until === 'applied' && play.policy !== 'degrade')
              expect(play.writer.missingIn(play.file), play.name).toEqual([]);
          }),
        );
        const lost = performance.now();
        await loss.heal(world);
        await Promise.all(plays.map((play) => comesBack(play, loss.name)));
        console.info(
          `${loss.name}: ${Math.round(lost - began)} ms, and ${Math.round(performance.now() - lost)} ms after`,
        );
      }
      await demandEvents(world, plays);
      await Promise.all(plays.map((play) => demandEqual(world, play)));
    },
  );
});
