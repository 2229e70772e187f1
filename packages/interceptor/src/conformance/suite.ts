/**
 * The contract of an interceptor, tested: every driver runs this one suite.
 * In: a factory that makes a world with directories and the driver. Promised: a promise that a driver makes is shown here or the
 * suite fails; one that the suite cannot show must not be made.
 */
import { printable, type RawName, rawFromText } from '@understudy/base';
import { type Interceptor, type InterceptorPromises, InterceptorRefusal, type ProtectedRoot } from '@understudy/engine';
import { decodeRecord, type OperationRecord, peekLength, RecordFlag, Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import type { Actor } from './actor.ts';
import { ReferenceReplay } from './reference-replay.ts';
import { BASELINE, SCRIPT } from './script.ts';
import { imageDifferences, imageOf, imageOfSource } from './tree-image.ts';

export interface ConformanceWorld {
  readonly interceptor: Interceptor;
  /** Two empty directories beside each other, a file and a path where nothing is. */
  readonly directory: RawName;
  readonly second: RawName;
  readonly file: RawName;
  readonly missing: RawName;
  actor(directory: RawName): Actor;
  /** Lets the driver work: a turn of the event loop, a crank of the simulation. */
  turn(): Promise<void>;
  /** Kills a process of the driver's own; absent where it has none. */
  readonly crash?: () => Promise<void>;
  /** Access times change by the calls of the script only. */
  readonly quietAtime: boolean;
  close(): Promise<void>;
}

export interface ConformanceOptions {
  /** What the driver is expected to promise; a promise more is as wrong as one less. */
  readonly promises: InterceptorPromises;
  /** Why it cannot run here; printed and shown as skipped. */
  readonly cannotRun?: string | null;
}

export type ConformanceFactory = () => Promise<ConformanceWorld>;

const raw = (text: string): RawName => rawFromText(text);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function interceptorConformance(name: string, factory: ConformanceFactory, options: ConformanceOptions): void {
  const skip = options.cannotRun ?? null;
  if (skip !== null) console.warn(`the ${name} driver's conformance is skipped: ${skip}`);
  describe.skipIf(skip !== null)(`${name} conforms to the interceptor's contract`, () => {
    const worlds: ConformanceWorld[] = [];
    const make = async () => {
      const world = await factory();
      worlds.push(world);
      return world;
    };
    afterEach(async () => {
      for (const world of worlds.splice(0)) await world.close();
    });
    replays(make);
    shownPromises(make, options.promises);
    refusals(make);
    endings(make, options.promises);
  });
}

/** All records up to now, decoded; waits until the driver says that everything done before is in the ring. */
async function settled(world: ConformanceWorld): Promise<OperationRecord[]> {
  const records: OperationRecord[] = [];
  const { interceptor } = world;
  const drain = () =>
    interceptor.drain((batch) => {
      for (let at = 0; at < batch.length; at += peekLength(batch, at)) {
        const r = decodeRecord(batch, at);
        records.push({ ...r, data: r.data.slice() });
      }
    });
  const barrier = interceptor.barrier();
  while (!interceptor.passed(barrier)) {
    drain();
    await world.turn();
  }
  drain();
  return records;
}

function replayRecords(replay: ReferenceReplay, records: readonly OperationRecord[], root: ProtectedRoot): void {
  for (const r of records) if (r.root === root.id) replay.apply(r);
}

async function expectEqual(world: ConformanceWorld, root: ProtectedRoot, replay: ReferenceReplay, after: string) {
  replayRecords(replay, await settled(world), root);
  expect([...replay.dirty], after).toEqual([]);
  const differences = imageDifferences(imageOfSource(root.files), imageOf(replay), { atime: world.quietAtime });
  expect(differences, after).toEqual([]);
}

function replays(make: ConformanceFactory): void {
  it('[FSI1] the replay of the records equals the source after every step of the script', async () => {
    const world = await make();
    const actor = world.actor(world.directory);
    for (const step of BASELINE) step.run(actor);
    const root = await world.interceptor.protect(world.directory);
    const replay = new ReferenceReplay(root.files);
    for (const step of SCRIPT) {
      step.run(actor);
      await expectEqual(world, root, replay, step.what);
    }
  });

  it('[FSI1] the replay equals the source when all steps were done at once', async () => {
    const world = await make();
    const actor = world.actor(world.directory);
    for (const step of BASELINE) step.run(actor);
    const root = await world.interceptor.protect(world.directory);
    const replay = new ReferenceReplay(root.files);
    for (const step of SCRIPT) step.run(actor);
    await expectEqual(world, root, replay, 'the whole script');
    if (!world.interceptor.promises.everyCall) return;
    for (let verb: number = Verb.create; verb <= Verb.tmpfile; verb += 1)
      expect(replay.verbs.get(verb) ?? 0, `verb ${verb}`).toBeGreaterThan(0);
  });

  it('the sequence of records is dense over all that is protected', async () => {
    const world = await make();
    await world.interceptor.protect(world.directory);
    await world.interceptor.protect(world.second);
    for (let i = 0; i < 20; i += 1) {
      world.actor(world.directory).create(raw(`a${i}`));
      world.actor(world.second).create(raw(`b${i}`));
    }
    const sequences = (await settled(world)).map((r) => r.sequence);
    expect(sequences.length).toBeGreaterThanOrEqual(40);
    expect(sequences).toEqual(sequences.map((_, i) => (sequences[0] ?? 0) + i));
  });
}

function shownPromises(make: ConformanceFactory, promises: InterceptorPromises): void {
  it('promises what it is expected to, and nothing that this suite cannot show', async () => {
    const world = await make();
    expect(world.interceptor.promises).toEqual(promises);
    // That it holds calls is shown where a process can be made to wait: call-hold.test.ts of the driver.
    expect(world.interceptor.hold !== undefined).toBe(promises.hold);
    if (promises.survivesCrash) expect(world.crash).toBeDefined();
    if (promises.order) expect(promises.everyCall).toBe(true);
  });

  if (promises.order)
    it('[FSI2] records come in the order of the calls, across files and directories', async () => {
      const world = await make();
      const roots = [
        await world.interceptor.protect(world.directory),
        await world.interceptor.protect(world.second),
      ].map((root) => root.id);
      const actors = [world.actor(world.directory), world.actor(world.second)];
      for (const actor of actors) for (const file of ['p', 'q']) actor.create(raw(file));
      await settled(world);
      const expected: string[] = [];
      for (let i = 0; i < 200; i += 1) {
        const which = (i * 7) % 2;
        actors[which]?.append(raw(i % 3 === 0 ? 'p' : 'q'), bytes(`entry ${i}`));
        expected.push(`${roots[which]} entry ${i}`);
      }
      const got = (await settled(world)).filter((r) => r.verb === Verb.write);
      expect(got.map((r) => `${r.root} ${new TextDecoder().decode(r.data)}`)).toEqual(expected);
    });

  if (promises.everyCall) everyCallIsSeen(make);
  if (promises.mappedWrites) mappedStoresAreSeen(make);
  if (promises.survivesCrash) crashesCostNothing(make);
}

function mappedStoresAreSeen(make: ConformanceFactory): void {
  it('[FSI1] stores through a mapping are seen', async () => {
    const world = await make();
    const root = await world.interceptor.protect(world.directory);
    const replay = new ReferenceReplay(root.files);
    const actor = world.actor(world.directory);
    actor.create(raw('mapped'));
    actor.truncate(raw('mapped'), 20_000);
    replayRecords(replay, await settled(world), root);
    actor.mapStore(raw('mapped'), 5000, bytes('through memory'));
    const records = await settled(world);
    expect(records.some((r) => r.verb === Verb.write && (r.flags & RecordFlag.mapped) !== 0)).toBe(true);
    replayRecords(replay, records, root);
    await expectEqual(world, root, replay, 'a mapped store');
  });
}

function crashesCostNothing(make: ConformanceFactory): void {
  it('[FSI5] the death of its process costs no call and no record', async () => {
    const world = await make();
    const root = await world.interceptor.protect(world.directory);
    const replay = new ReferenceReplay(root.files);
    const actor = world.actor(world.directory);
    actor.create(raw('log'));
    for (let i = 0; i < 30; i += 1) {
      if (i % 10 === 5) await world.crash?.();
      actor.append(raw('log'), bytes(`line ${i}\n`));
      actor.create(raw(`f${i}`));
    }
    await expectEqual(world, root, replay, 'three crashes');
    expect(world.interceptor.status().restarts).toBeGreaterThan(0);
  });
}

function everyCallIsSeen(make: ConformanceFactory): void {
  it('[FSI1] every call is a record with its data: appends, what lives for an instant, and names to and fro', async () => {
    const world = await make();
    await world.interceptor.protect(world.directory);
    const actor = world.actor(world.directory);
    actor.create(raw('log'));
    await settled(world);
    let expected = '';
    for (let i = 0; i < 300; i += 1) {
      actor.append(raw('log'), bytes(`line ${i}\n`));
      expected += `line ${i}\n`;
    }
    actor.create(raw('instant'));
    actor.unlink(raw('instant'));
    for (let i = 0; i < 40; i += 1) actor.rename(raw(i % 2 === 0 ? 'log' : 'gol'), raw(i % 2 === 0 ? 'gol' : 'log'));
    const records = await settled(world);
    const writes = records.filter((r) => r.verb === Verb.write);
    expect(writes).toHaveLength(300);
    expect(writes.map((r) => new TextDecoder().decode(r.data)).join('')).toBe(expected);
    const named = (verb: number, name: string) => records.filter((r) => r.verb === verb && r.name === name).length;
    expect([named(Verb.create, 'instant'), named(Verb.unlink, 'instant')]).toEqual([1, 1]);
    expect([named(Verb.rename, 'log'), named(Verb.rename, 'gol')]).toEqual([20, 20]);
  });
}

function refusals(make: ConformanceFactory): void {
  it('[FSI7] refuses what it cannot protect with a sentence that names it', async () => {
    const world = await make();
    for (const [path, code] of [
      [world.missing, 'missing'],
      [world.file, 'not-a-directory'],
    ] as const) {
      const error = await world.interceptor.protect(path).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(InterceptorRefusal);
      expect((error as InterceptorRefusal).code).toBe(code);
      expect((error as InterceptorRefusal).message).toContain(printable(path));
    }
    expect(world.interceptor.roots()).toEqual([]);
  });

  it('[FSI7] refuses a directory within a protected one; the same one again is the same root', async () => {
    const world = await make();
    world.actor(world.directory).mkdir(raw('inner'));
    const root = await world.interceptor.protect(world.directory);
    expect((await world.interceptor.protect(world.directory)).id).toBe(root.id);
    await expect(world.interceptor.protect(`${world.directory}/inner` as RawName)).rejects.toBeInstanceOf(
      InterceptorRefusal,
    );
    expect(world.interceptor.roots()).toHaveLength(1);
  });
}

function endings(make: ConformanceFactory, promises: InterceptorPromises): void {
  it('release ends the records at once and leaves the directory as it was', async () => {
    const world = await make();
    const actor = world.actor(world.directory);
    for (const step of BASELINE) step.run(actor);
    const identity = actor.identity();
    const root = await world.interceptor.protect(world.directory);
    actor.create(raw('during'));
    await settled(world);
    const before = imageOfSource(root.files);
    const { unmounted, users } = await world.interceptor.release(root.id);
    expect([unmounted, users]).toEqual([true, []]);
    expect(actor.identity()).toBe(identity);
    expect(world.interceptor.roots()).toEqual([]);
    actor.create(raw('after'));
    actor.unlink(raw('after'));
    expect(await settled(world)).toEqual([]);
    const again = await world.interceptor.protect(world.directory);
    const now = imageOfSource(again.files);
    expect([...now.keys()]).toEqual([...before.keys()]);
  });

  it('tells that the ring may be read', async () => {
    const world = await make();
    let told = 0;
    world.interceptor.onReadable(() => {
      told += 1;
    });
    await world.interceptor.protect(world.directory);
    world.actor(world.directory).create(raw('a'));
    if (!promises.everyCall) world.interceptor.barrier();
    while (told === 0) await world.turn();
    expect(world.interceptor.status().ringUsed).toBeGreaterThan(0);
  });
}
