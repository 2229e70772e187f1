/**
 * What a job had left on its disk, changed by a disk or a hand: what is handed out is what was written, or the start of it where the end
 * was cut off, or it is as if there were none.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { JobMemory, MirrorPlan } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileMirrorMemory } from './mirror-memory.ts';
import { QueueFolder } from './queue-folder.ts';
import { ScopeLog } from './scope-log.ts';

let top = '';
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'understudy-left-'));
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

interface Change {
  readonly at: number;
  readonly kind: number;
  readonly value: number;
}
const changes = fc.array(fc.record({ at: fc.nat(1 << 20), kind: fc.nat(5), value: fc.nat(0xffff_ffff) }), {
  minLength: 1,
  maxLength: 4,
});

/** A byte, a word, an end cut off, a piece taken out, a piece twice, zeros behind it. */
function changed(from: Buffer, list: readonly Change[]): Buffer {
  let bytes = Buffer.from(from);
  for (const { at, kind, value } of list) {
    const where = at % Math.max(1, bytes.length);
    const [head, tail] = [bytes.subarray(0, where), bytes.subarray(where)];
    if (kind === 0) bytes[where] = value & 255;
    else if (kind === 1 && where + 4 <= bytes.length) bytes.writeUInt32LE(value, where);
    else if (kind === 2) bytes = Buffer.from(head);
    else if (kind === 3) bytes = Buffer.concat([head, tail.subarray(value % 64)]);
    else if (kind === 4) bytes = Buffer.concat([head, tail.subarray(0, value % 64), tail]);
    else bytes = Buffer.concat([bytes, Buffer.alloc(value % 200)]);
  }
  return bytes;
}
const anything = fc.uint8Array({ maxLength: 300 });
const text = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));

// ------------------------------------------------------------------------------------------- state and marks

const KEY = 'ring roots rules';
const STREAM = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const MEMORY: JobMemory = {
  complete: true,
  items: [
    { kind: 'entry', root: 0, node: '12', name: 'file' },
    { kind: 'ranges', root: 0, node: '13', ranges: [0, 4096, 8192, 12_288] },
  ],
  reasons: [],
  scopes: [{ exceptions: ['5', '18446744073709551615'], nameless: [] }],
};

describe('the state and the marks of a queue', () => {
  let good = '';
  const folderOf = (folder: string) =>
    new QueueFolder({ folder, limits: { diskBytes: 1 << 20, minFreeBytes: 0, alertShare: 0.8 }, event: () => {} });

  /** What the next process gets. */
  function left(state: Buffer, marks: Buffer): string {
    const folder = join(top, 'queue');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'state.json'), state);
    writeFileSync(join(folder, 'marks'), marks);
    writeFileSync(join(folder, 'bounds'), file('bounds'));
    const queue = folderOf(folder);
    try {
      return text(queue.leftBehind(KEY));
    } finally {
      queue.close();
    }
  }
  const file = (name: string) => readFileSync(join(top, 'good', name));

  beforeAll(() => {
    const queue = folderOf(join(top, 'good'));
    expect(queue.leftBehind(KEY)).toBeNull();
    expect(queue.keep({ key: KEY, streamId: STREAM, version: 3, memory: MEMORY })).toBe(true);
    queue.mark(77, 88, 3);
    queue.close();
    const next = folderOf(join(top, 'good'));
    good = text(next.leftBehind(KEY));
    next.close();
  });

  it('[SRM3] are handed out as they were, or not at all', () => {
    expect(JSON.parse(good)).toMatchObject({ streamId: STREAM, version: 3, received: 77, origin: 88, memory: MEMORY });
    fc.assert(
      fc.property(changes, changes, fc.nat(2), (one, two, which) => {
        const state = which === 1 ? file('state.json') : changed(file('state.json'), one);
        const marks = which === 0 ? file('marks') : changed(file('marks'), two);
        expect(['null', good]).toContain(left(state, marks));
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it('of any bytes, or any JSON, are none', () => {
    fc.assert(
      fc.property(anything, fc.jsonValue({ maxDepth: 3 }), (bytes, value) => {
        expect(left(Buffer.from(bytes), file('marks'))).toBe('null');
        expect(left(file('state.json'), Buffer.from(bytes))).toBe('null');
        const json = JSON.stringify(value);
        expect(left(Buffer.from(`{"sum":${crc32(json)},${json.slice(1)}`), file('marks'))).toBe('null');
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });

  it('[SRM3] marks of zeros, and marks in another order, are none', () => {
    expect(left(file('state.json'), Buffer.alloc(32))).toBe('null');
    const marks = file('marks');
    const swapped = Buffer.concat([marks.subarray(8, 16), marks.subarray(0, 8), marks.subarray(16)]);
    expect(left(file('state.json'), swapped)).toBe('null');
  });

  it('[SRM3] a state with one digit changed is none', () => {
    const state = file('state.json').toString();
    expect(left(Buffer.from(state.replace('8192', '8193')), file('marks'))).toBe('null');
    expect(left(Buffer.from(state.replace('"12"', '"13"')), file('marks'))).toBe('null');
  });
});

// ------------------------------------------------------------------------------------------------- scopes

describe('the log of what a target knows', () => {
  const PIECES = Array.from({ length: 9 }, (_, i) => new Uint8Array(10 + i * 7).fill(i + 1));
  let whole = Buffer.alloc(0);
  const path = () => join(top, 'scopes');
  const starts = new Set(PIECES.map((_, i) => text(PIECES.slice(0, i).map((one) => [...one]))));
  starts.add(text(PIECES.map((one) => [...one])));

  function read(bytes: Buffer): string | null {
    writeFileSync(path(), bytes);
    const found = new ScopeLog(path(), STREAM).read();
    return found === null ? null : text(found.map((one) => [...one]));
  }

  beforeAll(() => {
    const log = new ScopeLog(path(), STREAM);
    log.rewrite(PIECES.slice(0, 4));
    for (const one of PIECES.slice(4)) log.append(one);
    log.close();
    whole = readFileSync(path());
  });

  it('[SRM3] is what was written or the start of it where the end is cut off, or nothing', () => {
    expect(read(whole)).toBe(text(PIECES.map((one) => [...one])));
    fc.assert(
      fc.property(changes, (list) => {
        const found = read(changed(whole, list));
        expect(found === null || starts.has(found)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('[SRM3] is nothing where it was changed but not cut', () => {
    for (let at = 0; at < whole.length; at += 1)
      expect(read(Buffer.from(whole.with(at, (whole[at] ?? 0) ^ 4)))).toBeNull();
  });

  it('[SRM3] is nothing with zeros behind it, or with a piece there twice or missing', () => {
    for (const zeros of [12, 64, 4096]) expect(read(Buffer.concat([whole, Buffer.alloc(zeros)]))).toBeNull();
    const second = 12 + STREAM.length;
    const third = second + 12 + 10;
    const [before, piece, after] = [whole.subarray(0, second), whole.subarray(second, third), whole.subarray(third)];
    expect(read(Buffer.concat([before, piece, piece, after]))).toBeNull();
    expect(read(Buffer.concat([before, after]))).toBeNull();
  });

  it('of any bytes at all is nothing', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        expect(read(Buffer.from(bytes))).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

// ------------------------------------------------------------------------------------------- a mirror's memory

const PLAN: MirrorPlan = {
  compare: 'checksum',
  blockSize: 4096,
  calculate: true,
  orphans: 'move',
  orphansOlderThanMs: 1000,
};

/** As mirror-memory.ts writes a line. */
function line(kind: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeUInt8(kind, 8);
  payload.copy(bytes, 9);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

describe('[MIR3] the memory of a mirror', () => {
  let whole = Buffer.alloc(0);
  const path = () => join(top, 'job.mirror');
  const faults: unknown[] = [];
  const memory = () => new FileMirrorMemory({ path: path(), stream: STREAM, fault: (error) => faults.push(error) });

  beforeAll(() => {
    const begun = memory();
    begun.begin(PLAN);
    for (let i = 1; i <= 12; i += 1) begun.finished(i % 2, [BigInt(i), BigInt(100 + i)] as NodeId[]);
    begun.setPaused(true);
    begun.close();
    whole = readFileSync(path());
  });

  /** Loads it, goes on with it, loads it again: what was appended is there then. */
  function load(bytes: Buffer) {
    writeFileSync(path(), bytes);
    const one = memory();
    const note = one.load();
    one.finished(0, [999n] as NodeId[]);
    one.close();
    if (note !== null) {
      const again = memory();
      expect(
        again
          .load()
          ?.finished.get(0)
          ?.has(999n as NodeId),
      ).toBe(true);
      again.close();
    }
    return note;
  }

  it('holds nothing that was not finished, whatever was changed, and goes on', () => {
    expect([...(load(whole)?.finished.get(1) ?? [])]).toHaveLength(12);
    fc.assert(
      fc.property(changes, (list) => {
        const note = load(changed(whole, list));
        if (note === null) return;
        expect(note.plan).toEqual(PLAN);
        for (const [root, nodes] of note.finished)
          for (const node of nodes) expect(node % 100n <= 12n && Number(node % 2n) === root).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(faults).toEqual([]);
  });

  it('of any bytes at all is none, also behind a whole line', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        expect(load(Buffer.from(bytes))).toBeNull();
        const head = line(1, Buffer.from(JSON.stringify({ stream: STREAM, plan: PLAN })));
        expect(load(Buffer.concat([head, Buffer.from(bytes)]))?.finished.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it.each([0, 1, 3, 9, 11])('ends before a whole line of %i bytes that names no files', (length) => {
    const head = line(1, Buffer.from(JSON.stringify({ stream: STREAM, plan: PLAN })));
    const note = load(Buffer.concat([head, line(2, Buffer.alloc(length, 7)), line(3, Buffer.of(1))]));
    expect(note).toMatchObject({ plan: PLAN, paused: false });
    expect(note?.finished.size).toBe(0);
  });
});
