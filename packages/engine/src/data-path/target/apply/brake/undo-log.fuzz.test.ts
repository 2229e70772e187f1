/**
 * What is kept to take a replica back, changed by a disk or a hand: it is what was kept, or the start of it where the end is cut off, or
 * there is none; never another past, never an exception while a root is opened.
 */
import type { RawName } from '@understudy/base';
import { MirrorCompare, NO_ATTRIBUTES, position, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileError, type Handle } from '../../../../ports.ts';
import { MemoryReplica } from '../../../../testing/memory-replica.ts';
import { bytesOf, ModelSource } from '../../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../../testing/rig.ts';
import { Generations } from './generations.ts';
import { Keeper } from './keeper.ts';
import { decodeUndo, encodeUndo, UndoKind, UndoLog } from './undo-log.ts';

const NAME = 'undo-0000000001' as RawName;
const ENTRIES = [
  encodeUndo(UndoKind.begin, ['2026-01-01T00-00-00Z'], [7, 1000, 900]),
  encodeUndo(UndoKind.made, ['1', 'file']),
  encodeUndo(UndoKind.touched, ['5'], [10, 0o100644, 0, 0, 1, 2, 3, 4]),
  encodeUndo(UndoKind.content, ['5'], [4096], new Uint8Array(700).fill(0x61)),
  encodeUndo(UndoKind.xattrs, ['5', 'user.a', 'value', 'user.b', '']),
  encodeUndo(UndoKind.moved, ['6', '1', 'gone', '2', 'gone'], [1]),
  encodeUndo(UndoKind.unbound, ['99', '6'], [0]),
];
const WHOLE = Uint8Array.from(ENTRIES.flatMap((entry) => [...entry]));
const STARTS = new Set(ENTRIES.map((_, i) => JSON.stringify(ENTRIES.slice(0, i).map(decodeUndo))));
STARTS.add(JSON.stringify(ENTRIES.map(decodeUndo)));

interface Change {
  readonly at: number;
  readonly kind: number;
  readonly value: number;
}
const changes = fc.array(fc.record({ at: fc.nat(1 << 20), kind: fc.nat(4), value: fc.nat(0xffff_ffff) }), {
  minLength: 1,
  maxLength: 4,
});

/** A byte, a word, an end cut off, a piece taken out, a piece twice. */
function changed(from: Uint8Array, list: readonly Change[]): Uint8Array {
  let bytes = from.slice();
  for (const { at, kind, value } of list) {
    const where = at % Math.max(1, bytes.length);
    const [head, tail] = [bytes.slice(0, where), bytes.slice(where)];
    if (kind === 0) bytes[where] = value & 255;
    else if (kind === 1 && where + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(where, value, true);
    else if (kind === 2) bytes = head;
    else if (kind === 3) bytes = Uint8Array.from([...head, ...tail.subarray(value % 64)]);
    else bytes = Uint8Array.from([...head, ...tail.subarray(0, value % 64), ...tail]);
  }
  return bytes;
}

function stored(bytes: Uint8Array): { files: MemoryReplica; handle: Handle } {
  const files = new MemoryReplica();
  const handle = files.createFile(files.limbo, NAME, { ...NO_ATTRIBUTES, mode: 0o100600, nlink: 1 });
  files.write(handle, 0, bytes);
  return { files, handle };
}

/** Null: damaged, and says so. */
function readAll(bytes: Uint8Array): string | null {
  const { files, handle } = stored(bytes);
  try {
    const log = new UndoLog(files, handle);
    expect(log.length).toBeLessThanOrEqual(bytes.length);
    expect(files.attributes(handle)?.size).toBe(log.length);
    return JSON.stringify(log.offsets().map((at) => log.read(at)));
  } catch (error) {
    expect(error).toBeInstanceOf(FileError);
    return null;
  }
}

describe('a log of what has to be done backwards', () => {
  it('[SAFE4] is read as what was written, as the start of it, or says that it is damaged', () => {
    expect(readAll(WHOLE)).toBe(JSON.stringify(ENTRIES.map(decodeUndo)));
    fc.assert(
      fc.property(changes, (list) => {
        const found = readAll(
          changed(
            WHOLE,
            list.filter(({ kind }) => kind < 3),
          ),
        );
        expect(found === null || STARTS.has(found)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('hands out entries that were written, also where pieces are missing or there twice', () => {
    const written = new Set(ENTRIES.map((entry) => JSON.stringify(decodeUndo(entry))));
    fc.assert(
      fc.property(changes, (list) => {
        const found = JSON.parse(readAll(changed(WHOLE, list)) ?? '[]') as unknown[];
        for (const entry of found) expect(written.has(JSON.stringify(entry))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('of any bytes at all has no entry, and opening a root with it throws nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect([null, '[]']).toContain(readAll(bytes));
        const { files } = stored(bytes);
        expect(new Generations(files).all).toEqual([]);
        expect(files.list(files.limbo)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('[SAFE4] cut off within an entry ends before it', () => {
    for (let end = 0; end <= WHOLE.length; end += 1)
      expect(STARTS.has(readAll(WHOLE.subarray(0, end)) ?? '')).toBe(true);
  });

  it('does not go round for ever where its file has gone', () => {
    const { files, handle } = stored(WHOLE);
    const log = new UndoLog(files, handle);
    files.unlink(files.limbo, NAME);
    expect(() => log.offsets()).toThrow(FileError);
    expect(() => log.read(0)).toThrow(FileError);
  });

  it('of entries whose counts claim more than they hold is damaged', () => {
    const entry = encodeUndo(UndoKind.made, ['1', 'file']);
    for (const [at, value] of [
      [5, 255],
      [6, 255],
      [0, 0],
      [3, 0x7f],
    ] as const)
      expect(() => decodeUndo(entry.with(at, value))).toThrow(FileError);
  });
});

it('[SAFE4] attributes that are longer than an entry may be are told as lost, and the log stays whole', () => {
  const files = new MemoryReplica();
  const file = files.createFile(files.root, 'file' as RawName, { ...NO_ATTRIBUTES, mode: 0o100600, nlink: 1 });
  for (let i = 0; i < 40; i += 1) files.setXattr(file, `user.${i}` as RawName, new Uint8Array(65_000).fill(i));
  const generations = new Generations(files);
  const lost: string[] = [];
  const keeper = new Keeper(files, generations, {
    wallMs: () => 0,
    room: () => 1 << 20,
    failed: (error) => expect(error).toBeNull(),
    lost: (path) => lost.push(path),
  });
  generations.begin({ position: 7, wallMs: 1000, sourceMs: 900 });
  keeper.begun();
  keeper.xattrsChanging(file);
  keeper.making({ parent: files.root, name: 'other' as RawName });
  expect(lost).toEqual(['file']);
  const length = generations.current?.log.length;
  expect(new Generations(files).all.map(({ log }) => log.length)).toEqual([length]);
});

describe('[SAFE4] a brake that holds over damaged stretches', () => {
  const HOW = { files: 3, share: 0, windowMs: 3000 };

  /** Old files, then a burst: the brake holds. `trees` has the source at each position. */
  function held(): { rig: Rig; trees: Map<number, Map<string, string>>; source: ModelSource } {
    const source = new ModelSource();
    const trees = new Map<number, Map<string, string>>();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
    source.say({
      verb: Verb.root,
      node: source.root.id,
      data: bytesOf(ROOT_PATH),
      attributes: source.attributes(source.root),
    });
    source.say({ verb: Verb.mirrorEnd });
    trees.set(source.records.length, source.tree());
    source.filter = (operation) => {
      trees.set(source.records.length + 1, source.tree());
      return [operation];
    };
    const files = Array.from({ length: 8 }, (_, i) => source.make(source.root, `file-${i}`, 0o100000));
    const rig = new Rig({ brakes: true });
    feed(rig, source, 10_000);
    for (const [i, file] of files.entries()) {
      source.write(file, 0, [...bytesOf(`other content ${i}`)]);
      source.unlink(source.root, `file-${i}`);
    }
    feed(rig, source, 10);
    return { rig, trees, source };
  }

  function feed(rig: Rig, source: ModelSource, stepMs: number): void {
    rig.records = source.records;
    if (rig.apply.stream.streamId === null) rig.hello({ next: position(1), brake: HOW });
    rig.hello({ next: position(rig.records.length + 1), brake: HOW });
    rig.send(rig.apply.stream.applied + 1);
    while (rig.accept.queued.records > 0 && rig.apply.brake.isHeld !== true) {
      rig.wallMs += stepMs;
      rig.step({ records: 2, bytes: 1 << 20 });
    }
  }

  const logs = ({ replica }: Rig) => (replica.list(replica.limbo) ?? []).filter(({ name }) => /^undo-\d+$/.test(name));

  it('stays where it is, and says no other position, where the newest stretch is damaged', () => {
    const { rig, trees, source } = held();
    const at = rig.apply.brake.state?.at ?? 0;
    const newest = logs(rig)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .at(-1);
    rig.replica.write(newest?.handle as Handle, 20, Uint8Array.of(0x5a, 0xa5));
    rig.restart();
    feed(rig, source, 10);
    rig.apply.brake.haltHere();
    expect(rig.apply.stream.applied).toBe(at);
    expect(rig.apply.brake.state).toMatchObject({ phase: 'halted', at });
    expect(rig.tree()).toEqual(trees.get(at));
  });

  it('is taken back to where it says, or stays where it is', () => {
    let taken = 0;
    let stayed = 0;
    fc.assert(
      fc.property(fc.nat(20), fc.nat(1 << 20), fc.integer({ min: 1, max: 255 }), (which, at, flip) => {
        const { rig, trees, source } = held();
        const holding = rig.apply.brake.state;
        expect(holding?.phase).toBe('held');
        const found = logs(rig);
        const log = found[which % found.length];
        if (log === undefined) throw new Error('nothing was kept');
        const bytes = rig.replica.read(log.handle, 0, log.attributes.size)?.slice() ?? new Uint8Array(0);
        const where = at % bytes.length;
        rig.replica.write(log.handle, where, Uint8Array.of((bytes[where] ?? 0) ^ flip));
        rig.restart();
        feed(rig, source, 10);
        rig.apply.brake.haltHere();
        const { applied } = rig.apply.stream;
        if (applied < (holding?.at ?? 0)) taken += 1;
        else stayed += 1;
        expect(rig.tree()).toEqual(trees.get(applied));
      }),
      { numRuns: 60 },
    );
    expect(taken + stayed).toBe(60);
    expect(stayed).toBeGreaterThan(0);
  });
});
