/**
 * The way home between two servers, each in a network namespace of its own. On the source a ledger of numbered lines, each on the disk before
 * its number is said; the cable is pulled, the target takes over and the ledger goes on there; then the roles go back, are swapped for good,
 * or the failover is undone. The account is made of what the writers say and of what lies on both sides.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  ExitCode,
  type Load,
  openWorld,
  staged,
  startLoad,
  succeeded,
  treeDifferences,
  until,
  type World,
  whyNoLine,
} from '../bootstrap/index.ts';

const why = whyNoLine();
if (why !== null) console.warn(`SKIPPED the way home between two servers: ${why}`);

const JOB = 'ledger';
const ENOUGH = 40;

/** Lines of a ledger that are on the disk, by a writer of that name. */
const startLedger = (folder: string, name: string): Load => startLoad('ledger', [join(folder, 'ledger'), name]);
const numbersOf = (ledger: Load): number[] => ledger.lines.filter((line) => line !== 'EROFS').map(Number);
const linesOf = (folder: string): string[] => readFileSync(join(folder, 'ledger'), 'utf8').split('\n').slice(0, -1);

async function goesOn(ledger: Load, what: string): Promise<void> {
  const { progress } = ledger;
  await until(what, () => {
    ledger.assertRunning();
    return ledger.progress >= progress + ENOUGH;
  });
}

/** It was told that nothing more may be written, and has ended. */
async function refused(ledger: Load): Promise<void> {
  expect(await ledger.finished()).toBe('EROFS');
}

interface Written {
  readonly world: World;
  /** On the source. */
  readonly ledger: Load;
}

async function protect(stage: Bootstrap): Promise<Written> {
  const world = await openWorld(stage);
  const { source, to } = world;
  writeFileSync(join(source, 'large'), Buffer.alloc(8 * 1024 * 1024, 'l'));
  await stage.client.protect({
    name: JOB,
    source: 'alpha',
    target: 'beta',
    include: [source],
    to,
    intercept: 'fuse',
  });
  const ledger = startLedger(source, 'alpha');
  await goesOn(ledger, 'the ledger is written on the source');
  return { world, ledger };
}

async function takeOver({ stage, line }: World): Promise<void> {
  line.cut();
  stage.clientPrefix = line.on('target');
  succeeded(await stage.cli(['failover', JOB, '--yes']));
}

interface Unsent {
  readonly entries: readonly { readonly kind: string; readonly path: string }[];
  readonly asideAt: readonly string[];
}

const unsentOf = async (stage: Bootstrap): Promise<Unsent | null> =>
  succeeded(await stage.cli(['unsent', JOB, '--json'])).json() as Unsent | null;

const hasEvent = async (stage: Bootstrap, server: string, code: string): Promise<boolean> => {
  const { stdout } = await stage.cli(['events', '--server', server, '--json']);
  return stdout.includes(`"${code}"`);
};

async function superseded(stage: Bootstrap): Promise<void> {
  await until('the source knows that it is superseded', () => hasEvent(stage, 'alpha', 'read-only'));
}

/** The source goes on writing while it is cut off, and finds out when the line is joined. Answers what nobody but it has. */
async function writesOnBothSides({ world, ledger }: Written): Promise<{ alone: string[]; after: Load }> {
  const { stage, line, source, replica } = world;
  await stage.client.flush(JOB);
  await takeOver(world);
  await goesOn(ledger, 'the source goes on, for it does not know');
  const after = startLedger(replica, 'beta');
  await goesOn(after, 'the ledger goes on on the target');
  await line.join();
  await refused(ledger);
  await superseded(stage);
  const all = linesOf(source);
  const known = new Set(linesOf(replica));
  expect(numbersOf(ledger).filter((n) => !all.includes(`${n} alpha`))).toEqual([]);
  return { alone: all.filter((one) => !known.has(one)), after };
}

/** Every line that a writer was told is there, and each number once. */
function complete(folder: string, after: Load): void {
  const lines = linesOf(folder);
  expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(lines.map((_, i) => i + 1));
  const there = new Set(lines);
  expect(numbersOf(after).filter((n) => !there.has(`${n} beta`))).toEqual([]);
}

/** The source protects again, and what is written on it arrives. */
async function asInTheBeginning({ stage, source, replica }: World): Promise<void> {
  await stage.client.reach(JOB, 'protected');
  expect(await stage.client.status(JOB)).toMatchObject({ source: 'alpha', target: 'beta', epoch: 3 });
  const again = startLedger(source, 'again');
  await goesOn(again, 'the ledger is written on the source again');
  await again.stop();
  await stage.client.flush(JOB);
  expect(await treeDifferences(source, replica)).toEqual([]);
  expect(linesOf(replica).at(-1)).toBe(`${numbersOf(again).at(-1)} again`);
}

async function home(stage: Bootstrap): Promise<void> {
  const written = await protect(stage);
  const { source } = written.world;
  const { alone, after } = await writesOnBothSides(written);
  expect(alone.length).toBeGreaterThan(0);
  const listed = await unsentOf(stage);
  expect(listed?.entries.map(({ path }) => path)).toContain(join(source, 'ledger'));
  expect(listed?.entries.map(({ path }) => path)).not.toContain(join(source, 'large'));

  const { sentBytes } = (await stage.client.status(JOB)).replication;
  const went = await stage.cli(['failback', JOB, '--yes'], 120_000);
  expect([went.code, went.stdout], went.stderr).toEqual([
    ExitCode.done,
    expect.stringContaining('alpha is the primary'),
  ]);
  await refused(after);
  complete(source, after);
  const aside = (await unsentOf(stage))?.asideAt ?? [];
  expect(aside).toHaveLength(1);
  const kept = linesOf(join(aside[0] ?? '', basename(source)));
  expect(alone.filter((one) => !kept.includes(one))).toEqual([]);
  await asInTheBeginning(written.world);
  expect((await stage.client.status(JOB)).replication.sentBytes - sentBytes).toBeLessThan(4 * 1024 * 1024);
}

/** Killed when the way home has begun, when the former source has made room, and when it is the primary again. */
async function killedOnTheWay(stage: Bootstrap): Promise<void> {
  const written = await protect(stage);
  const { source } = written.world;
  const { alone, after } = await writesOnBothSides(written);
  succeeded(await stage.cli(['failback', JOB, '--yes', '--no-wait']));
  await stage.agent('beta').kill();
  await goesOn(after, 'the ledger is written though its agent is gone');
  await stage.agent('beta').start();
  for (const code of ['gave-way', 'handed-back']) {
    await until(`the former source says ${code}`, () => hasEvent(stage, 'alpha', code));
    await stage.agent('beta').kill();
    await stage.agent('beta').start();
  }
  await refused(after);
  complete(source, after);
  const [aside = ''] = (await unsentOf(stage))?.asideAt ?? [];
  const kept = linesOf(join(aside, basename(source)));
  expect(alone.filter((one) => !kept.includes(one))).toEqual([]);
  await asInTheBeginning(written.world);
}

/** Nothing was written after the failover. */
async function undone(stage: Bootstrap): Promise<void> {
  const { world, ledger } = await protect(stage);
  await ledger.stop();
  await stage.client.flush(JOB);
  await takeOver(world);
  await world.line.join();
  await superseded(stage);
  expect(await unsentOf(stage)).toMatchObject({ entries: [] });
  const asked = await stage.cli(['undo-failover', JOB, '--yes']);
  expect([asked.code, asked.stdout], asked.stderr).toEqual([
    ExitCode.done,
    expect.stringContaining('alpha is the primary'),
  ]);
  await asInTheBeginning(world);
}

/** The roles stay: the former source is the replica. */
async function reversed(stage: Bootstrap): Promise<void> {
  const written = await protect(stage);
  const { world } = written;
  const { source, replica } = world;
  const { after } = await writesOnBothSides(written);
  succeeded(await stage.cli(['reverse', JOB, '--yes']));
  await stage.client.reach(JOB, 'protected');
  expect(await stage.client.status(JOB)).toMatchObject({ source: 'beta', target: 'alpha', epoch: 2 });
  await goesOn(after, 'the ledger goes on on the new primary');
  await after.stop();
  await stage.client.flush(JOB);
  complete(replica, after);
  expect(await treeDifferences(replica, source)).toEqual([]);
  expect(() => writeFileSync(join(source, 'not here'), '')).toThrow(/EROFS/);
  expect(existsSync(join(source, 'not here'))).toBe(false);
}

describe.skipIf(why !== null)('failback', () => {
  describeWithFuse('between two servers', () => {
    staged(
      '[FO3] [FO4] [SAFE6] what was never sent is listed and kept aside, the ledger is whole, and the roles are as they were',
      [],
      home,
      180_000,
    );
    staged('[FO1] [FO4] killed on the way home the new primary goes on by itself', [], killedOnTheWay, 180_000);
    staged('[FO4] a failover since which nothing was written is undone', [], undone, 180_000);
    staged('[FO4] the roles stay, and protection runs the other way', [], reversed, 180_000);
  });
});
