import { createHash } from 'node:crypto';
import { brand, type RawName, rawFromText } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { NO_ATTRIBUTES, type NodeId, type OperationRecord, RenameFlag, record, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReferenceReplay } from '../conformance/reference-replay.ts';
import { imageDifferences, imageOf, imageOfSource } from '../conformance/tree-image.ts';
import { FallocateMode } from '../memory/memory-contents.ts';
import { MemoryFileSystem } from '../memory/memory-file-system.ts';
import { MemorySourceFiles } from '../memory/memory-source-files.ts';
import { FileType } from '../memory/node.ts';
import { BLOCK, ContentDiffer } from './content-differ.ts';
import { ScanTable } from './scan-table.ts';
import { TreeScanner } from './tree-scanner.ts';

const raw = (text: string): RawName => rawFromText(text);

function setUp(prepare: (fs: MemoryFileSystem, top: NodeId) => void = () => {}) {
  let ms = 1_000_000;
  const clock = {
    wallMs: () => {
      ms += 0.25;
      return ms;
    },
  };
  const fs = new MemoryFileSystem(clock);
  const top = fs.mkdir(fs.root, raw('data'));
  prepare(fs, top);
  ms += 1000;
  const files = new MemorySourceFiles(fs, top);
  const changeTimes = (directory: NodeId) => (name: RawName) => {
    const node = name === '.' ? directory : fs.lookup(directory, name);
    const ctime = node === null || fs.attributes(node) === null ? null : fs.node(node, 'stat').ctime;
    return ctime === null ? 0n : BigInt(ctime.sec) * 1_000_000_000n + BigInt(ctime.nsec);
  };
  const differ = new ContentDiffer({ digest: (bytes) => createHash('sha256').update(bytes).digest() });
  const scanner = new TreeScanner({ files, changeTimes, wallMs: () => ms, differ });
  for (const _ of scanner.baseline());
  const replay = new ReferenceReplay(files);
  const scan = (hints: NodeId[] | null = null) => {
    const records: OperationRecord[] = [];
    const steps = scanner.scan(hints);
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      if (step.value === null) continue;
      records.push(record(step.value));
      replay.apply(record(step.value));
    }
    return { records, again: step.value };
  };
  const differences = () => imageDifferences(imageOfSource(files), imageOf(replay), { atime: false });
  return { fs, top, files, scanner, scan, replay, differences, differ, wait: (by: number) => (ms += by) };
}

const small = fc.nat(5);
const operation = fc.record({
  kind: fc.nat(14),
  a: fc.nat(1000),
  b: small,
  c: fc.nat(1000),
  at: fc.nat(12_000),
});
type Operation = { kind: number; a: number; b: number; c: number; at: number };

interface Place {
  readonly parent: NodeId;
  readonly name: RawName;
  readonly node: NodeId;
}

function everyPlace(fs: MemoryFileSystem, from: NodeId): Place[] {
  const found: Place[] = [];
  for (const entry of fs.list(from) ?? [])
    found.push({ parent: from, name: entry.name, node: entry.node }, ...everyPlace(fs, entry.node));
  return found;
}

function perform(fs: MemoryFileSystem, top: NodeId, op: Operation): void {
  const places = everyPlace(fs, top);
  const none: Place = { parent: top, name: raw('none'), node: top };
  const one = places[op.a % places.length] ?? none;
  const two = places[op.c % places.length] ?? none;
  const directories = [top, ...places.filter((p) => fs.list(p.node) !== null).map((p) => p.node)];
  const directory = directories[op.c % directories.length] ?? top;
  const name = raw(`n${op.b}`);
  const data = new Uint8Array(op.at).fill(op.b + 1);
  const calls: (() => void)[] = [
    () => fs.write(fs.create(directory, name), op.c, data),
    () => fs.mkdir(directory, name),
    () => fs.symlink(directory, name, data.subarray(0, 9)),
    () => fs.mknod(directory, name, FileType.fifo | 0o600),
    () => fs.link(one.node, directory, name),
    () => fs.unlink(one.parent, one.name),
    () => fs.rmdir(one.parent, one.name),
    () => fs.rename(one.parent, one.name, directory, name),
    () => fs.rename(one.parent, one.name, two.parent, two.name),
    () => fs.rename(one.parent, one.name, two.parent, two.name, RenameFlag.exchange),
    () => fs.write(one.node, op.at * 16, data),
    () => fs.truncate(one.node, op.at * 16),
    () => fs.fallocate(one.node, FallocateMode.punchHole | FallocateMode.keepSize, op.c, op.at * 16 + 1),
    () => fs.chown(one.node, op.a, op.b),
    () => fs.setXattr(one.node, raw('user.k'), data.subarray(0, 50)),
  ];
  try {
    calls[op.kind]?.();
  } catch (error) {
    if ((error as Error).name !== 'FileError') throw error;
  }
}

const rounds = fc.array(fc.array(operation, { maxLength: 25 }), { minLength: 1, maxLength: 4 });

describe('the scan', () => {
  it('[FSI6] whatever was done between two scans, the replay of what the second says equals the tree', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), rounds, (before, later) => {
        const { fs, top, scan, differences, wait } = setUp((fs, top) => {
          for (const op of before) perform(fs, top, op);
        });
        for (const operations of later) {
          for (const op of operations) perform(fs, top, op);
          wait(1);
          expect(scan().again).toBe(false);
          expect(differences()).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('[FSI6] looking into hinted directories only, then at everything, ends equal, and each step fits the one before', () => {
    fc.assert(
      fc.property(rounds, fc.array(fc.nat(1000), { minLength: 1, maxLength: 4 }), (later, picks) => {
        const { fs, top, scan, differences } = setUp();
        for (const operations of later) {
          for (const op of operations) perform(fs, top, op);
          const directories = [top, ...everyPlace(fs, top).map((p) => p.node)].filter((n) => fs.list(n) !== null);
          scan(picks.map((pick) => directories[pick % directories.length] ?? top));
        }
        if (scan().again) scan();
        expect(differences()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('changes that happen while it runs are found by the next scan', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 20 }), fc.array(operation, { maxLength: 20 }), (before, during) => {
        const { fs, top, scanner, replay, scan, differences } = setUp((fs, top) => {
          for (const op of before) perform(fs, top, op);
        });
        const rest = [...during];
        for (const step of scanner.scan(null)) {
          if (step !== null) replay.apply(record(step));
          const op = rest.shift();
          if (op !== undefined) perform(fs, top, op);
        }
        for (const op of rest) perform(fs, top, op);
        if (scan().again) scan();
        expect(differences()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('one file that cannot be read is noted as dirty, the others arrive, and it is tried again', () => {
    const { fs, top, files, scan, differences, replay } = setUp();
    const broken = fs.create(top, raw('broken'));
    fs.write(broken, 0, new Uint8Array(10).fill(1));
    fs.write(fs.create(top, raw('sound')), 0, new Uint8Array(10).fill(2));
    const open = files.open.bind(files);
    files.open = (node) => {
      if (node === broken) throw new FileError('EIO', 'read');
      return open(node);
    };
    scan();
    expect([...replay.dirty]).toEqual([broken]);
    expect(replay.size(fs.lookup(top, raw('sound')) ?? top)).toBe(10);
    files.open = open;
    scan();
    expect(differences()).toEqual([]);
  });

  it('says nothing when nothing has changed', () => {
    const { scan } = setUp((fs, top) => {
      fs.write(fs.create(fs.mkdir(top, raw('d')), raw('f')), 0, new Uint8Array(10));
    });
    expect(scan().records).toEqual([]);
  });

  it('sends a changed block of a large file the second time, and the whole file the first time', () => {
    const size = 20 * BLOCK;
    const { fs, top, scan, wait } = setUp((fs, top) =>
      fs.write(fs.create(top, raw('f')), 0, new Uint8Array(size).fill(1)),
    );
    const file = fs.lookup(top, raw('f')) ?? top;
    const sent = () => {
      wait(1000);
      return scan().records.reduce((sum, r) => sum + (r.verb === Verb.write ? r.extent : 0), 0);
    };
    fs.write(file, 5 * BLOCK + 7, new Uint8Array(10).fill(2));
    expect(sent()).toBe(size);
    fs.write(file, 7 * BLOCK + 7, new Uint8Array(10).fill(2));
    expect(sent()).toBe(BLOCK);
  });

  it('a file that became a hole is punched, not sent as zeros', () => {
    const size = 5 * BLOCK;
    const { fs, top, scan, differences } = setUp((fs, top) =>
      fs.write(fs.create(top, raw('f')), 0, new Uint8Array(size).fill(1)),
    );
    const file = fs.lookup(top, raw('f')) ?? top;
    fs.truncate(file, 0);
    fs.truncate(file, size);
    const verbs = scan().records.map((r) => r.verb);
    expect(verbs).not.toContain(Verb.write);
    expect(verbs).toContain(Verb.fallocate);
    expect(differences()).toEqual([]);
  });

  it('a directory that moved is one rename, whatever it holds', () => {
    const { fs, top, scan } = setUp((fs, top) => {
      const d = fs.mkdir(top, raw('d'));
      for (let i = 0; i < 50; i += 1) fs.create(d, raw(`f${i}`));
      fs.mkdir(top, raw('e'));
    });
    fs.rename(top, raw('d'), fs.lookup(top, raw('e')) ?? top, raw('moved'));
    expect(
      scan()
        .records.filter((r) => r.verb < Verb.write)
        .map((r) => r.verb),
    ).toEqual([Verb.rename]);
  });

  it('looks again at a file that was changed in the instant it was read', () => {
    const { fs, top, scan, differences, wait } = setUp();
    const file = fs.create(top, raw('f'));
    fs.write(file, 0, new Uint8Array(10).fill(1));
    scan();
    // As on a kernel that counts change times in ticks: another write that leaves size and times alone.
    fs.node(file, 'test').content.write(0, new Uint8Array(10).fill(2));
    expect(differences()).not.toEqual([]);
    wait(1000);
    scan();
    expect(differences()).toEqual([]);
    wait(1000);
    expect(scan().records.filter((r) => r.verb === Verb.write)).toHaveLength(0);
  });

  it('a file that left the protected directory alive is gone after the second look', () => {
    const { fs, top, scan, differences } = setUp((fs, top) => fs.create(top, raw('f')));
    fs.rename(top, raw('f'), fs.root, raw('outside'));
    expect(scan().again).toBe(true);
    expect(scan().again).toBe(false);
    expect(differences()).toEqual([]);
  });

  it('remembers 200,000 files in less than 60 MB', () => {
    const table = new ScanTable();
    const directory = (n: number) => table.add(brand<NodeId>(BigInt(n + 1) << 20n), NO_ATTRIBUTES, 0n);
    for (let d = 0; d < 2000; d += 1) {
      const parent = directory(d);
      for (let i = 0; i < 100; i += 1) {
        const slot = table.add(brand<NodeId>(BigInt(d * 100 + i + 1) | (77n << 32n)), NO_ATTRIBUTES, 0n);
        table.enter(parent, raw(`a-file-of-usual-length-${i}.txt`), slot);
      }
      table.pack();
    }
    expect(table.count).toBe(202_000);
    expect(table.heldBytes).toBeLessThan(60e6);
    expect(table.lookUp(table.find(brand<NodeId>(5n << 20n)), raw('a-file-of-usual-length-7.txt'))).toBe(
      table.find(brand<NodeId>(408n | (77n << 32n))),
    );
  });
});
