import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HistoryStore, type Ring, rings } from './history-store.ts';
import {
  DamagedRing,
  decodeRing,
  encodeSlot,
  type Figures,
  headerOf,
  ringBytes,
  type Slot,
  withMore,
} from './ring-format.ts';

const ID = '0b9c8a52-7a44-4a2e-9b5c-0d8d6b1f4e21';
const OTHER = '1b9c8a52-7a44-4a2e-9b5c-0d8d6b1f4e21';
const [FINE, COARSE] = rings;
const START = 1_700_000_000_000;
const figures = (wire: number, more: Partial<Figures> = {}): Figures => ({
  wire,
  queue: 1,
  disk: 2,
  waiting: 3,
  age: 4,
  ...more,
});
const byTime = (slots: Slot[]): Slot[] => [...slots].sort((one, other) => one.stretch - other.stretch);

describe('the history of a job on the disk', () => {
  let home: string;
  let said: string[];
  const open = (): HistoryStore => new HistoryStore(home, (id, sentence) => said.push(`${id} ${sentence}`));
  const pathOf = (ring: Ring): string => join(home, 'history', `${ID}.${ring.suffix}`);
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'understudy-history-'));
    said = [];
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('is there again for whoever opens it next, fine and coarse', () => {
    const store = open();
    for (let i = 0; i < 90; i += 1) store.add(ID, START + i * FINE.stepMs, figures(i, { queue: 90 - i }));
    // Nothing was closed: that is all that a killed process leaves, too.
    const again = open();
    const fine = byTime(again.read(ID, FINE));
    expect(fine).toHaveLength(90);
    expect(fine[0]).toEqual({ stretch: START / FINE.stepMs, wires: 1, ...figures(0, { queue: 90 }) });
    const coarse = byTime(again.read(ID, COARSE));
    const first = Math.floor(START / COARSE.stepMs);
    const count = ((first + 1) * COARSE.stepMs - START) / FINE.stepMs;
    expect(coarse[0]).toMatchObject({ stretch: first, wires: count, queue: 90, age: 4 });
    expect(coarse[0]?.wire).toBeCloseTo((count - 1) / 2, 3);
    again.add(ID, START + 90 * FINE.stepMs, figures(7));
    expect(again.read(ID, FINE)).toHaveLength(91);
    expect(said).toEqual([]);
  });

  it('never takes more of the disk than at its beginning, and the oldest goes first', () => {
    const store = open();
    const sizes = (): number[] =>
      readdirSync(join(home, 'history')).map((name) => statSync(join(home, 'history', name)).size);
    store.add(ID, START, figures(1));
    const before = sizes();
    expect(before.reduce((sum, size) => sum + size, 0)).toBe(ringBytes(FINE) + ringBytes(COARSE));
    const lap = FINE.count * FINE.stepMs;
    for (const at of [0.5, 1, 1.25, 2]) store.add(ID, START + at * lap, figures(at));
    expect(sizes()).toEqual(before);
    // What a lap later takes the same place has replaced it.
    expect(byTime(store.read(ID, FINE)).map(({ wire }) => wire)).toEqual([0.5, 1.25, 2]);
  });

  it.each([
    ['cut off', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 5_000)), 'it has 5000 bytes'],
    ['emptied', (path: string) => writeFileSync(path, ''), 'it has 0 bytes'],
    [
      'longer',
      (path: string) => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.of(0)])),
      'bytes and should',
    ],
    ['of another job', (path: string) => withHeader(path, headerOf(FINE, OTHER)), 'its beginning'],
    ['a directory', asDirectory, 'it is a directory'],
  ] as const)('is set aside and begun anew when it is %s, which is said; what is coarse stays', (_, spoil, why) => {
    const store = open();
    store.add(ID, START, figures(1));
    spoil(pathOf(FINE));
    expect(store.read(ID, FINE)).toEqual([]);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(why);
    expect(said[0]).toContain(`${pathOf(FINE)}.damaged`);
    expect(existsSync(`${pathOf(FINE)}.damaged`)).toBe(true);
    expect(store.read(ID, COARSE)).toHaveLength(1);
    store.add(ID, START, figures(5));
    expect(store.read(ID, FINE)).toMatchObject([{ wire: 5 }]);
    // A second time: there is one that was set aside, and no more.
    spoil(pathOf(FINE));
    store.add(ID, START, figures(6));
    expect(said).toHaveLength(2);
    expect(readdirSync(join(home, 'history')).sort()).toEqual(
      [`${ID}.coarse`, `${ID}.fine`, `${ID}.fine.damaged`].sort(),
    );
    expect(store.read(ID, FINE)).toMatchObject([{ wire: 6 }]);
  });

  it('is removed whole, what was set aside too, and others stay', () => {
    const store = open();
    for (const id of [ID, OTHER]) store.add(id, START, figures(1));
    writeFileSync(pathOf(FINE), 'spoilt');
    store.read(ID, FINE);
    expect(store.ids()).toEqual(new Set([ID, OTHER]));
    store.remove(ID);
    expect(readdirSync(join(home, 'history')).sort()).toEqual([`${OTHER}.coarse`, `${OTHER}.fine`]);
    expect(store.ids()).toEqual(new Set([OTHER]));
  });

  it('what it cannot write it throws, and the ring stays', () => {
    const store = open();
    store.add(ID, START, figures(1));
    rmSync(join(home, 'history'), { recursive: true });
    expect(() => store.add(ID, START, figures(1))).toThrow('ENOENT');
    expect(said).toEqual([]);
  });
});

function asDirectory(path: string): void {
  rmSync(path, { recursive: true });
  mkdirSync(path);
}

function withHeader(path: string, header: Buffer): void {
  writeFileSync(path, Buffer.concat([header, readFileSync(path).subarray(header.length)]));
}

const SHAPE = { stepMs: 10_000, count: 64 };
const value = fc.oneof(fc.constant(Number.NaN), fc.nat({ max: 2 ** 24 }));
const written = fc
  .array(
    fc.record({
      stretch: fc.integer({ min: 1, max: 500 }),
      wire: value,
      queue: value,
      disk: value,
      waiting: value,
      age: value,
    }),
    {
      maxLength: 80,
    },
  )
  .map((moments) => {
    const bytes = Buffer.alloc(ringBytes(SHAPE));
    headerOf(SHAPE, ID).copy(bytes);
    const slots = new Map<number, Slot>();
    for (const { stretch, ...more } of moments) {
      const index = stretch % SHAPE.count;
      const slot = withMore(slots.get(index) ?? null, stretch, more);
      // As it comes back from the disk.
      slots.set(index, { ...slot, wire: Math.fround(slot.wire) });
      encodeSlot(slot).copy(bytes, 64 + index * 32);
    }
    return { bytes, slots };
  });

describe('the bytes of a ring', () => {
  it('say what was written', () => {
    fc.assert(
      fc.property(written, ({ bytes, slots }) => {
        const read = decodeRing(bytes, SHAPE, ID);
        expect(read).toEqual([...slots.entries()].sort(([one], [other]) => one - other).map(([, slot]) => slot));
      }),
      { numRuns: 200 },
    );
  });

  it('that were changed anywhere are found out, or say nothing but what was written', () => {
    const hurt = fc.array(
      fc.record({
        at: fc.nat(),
        length: fc.integer({ min: 1, max: 70 }),
        fill: fc.option(fc.integer({ min: 0, max: 255 })),
      }),
      { minLength: 1, maxLength: 4 },
    );
    let found = 0;
    fc.assert(
      fc.property(written, hurt, fc.infiniteStream(fc.nat({ max: 255 })), ({ bytes, slots }, wounds, noise) => {
        const spoilt = Buffer.from(bytes);
        for (const { at, length, fill } of wounds) {
          const from = at % spoilt.length;
          const part = spoilt.subarray(from, from + length);
          if (fill === null) for (let i = 0; i < part.length; i += 1) part[i] = noise.next().value ?? 0;
          else part.fill(fill);
        }
        try {
          const known = [...slots.values()];
          for (const slot of decodeRing(spoilt, SHAPE, ID)) expect(known).toContainEqual(slot);
        } catch (error) {
          if (!(error instanceof DamagedRing)) throw error;
          found += 1;
        }
      }),
      { numRuns: 500 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it('that were cut off, moved or made up are found out', () => {
    fc.assert(
      fc.property(
        written,
        fc.nat(),
        fc.integer({ min: 1, max: 63 }),
        fc.uint8Array({ maxLength: 4_000 }),
        (ring, cut, by, made) => {
          const { bytes, slots } = ring;
          expect(() => decodeRing(bytes.subarray(0, cut % bytes.length), SHAPE, ID)).toThrow(DamagedRing);
          expect(() => decodeRing(Buffer.from(made), SHAPE, ID)).toThrow(DamagedRing);
          if (slots.size === 0) return;
          const body = bytes.subarray(64);
          const moved = Buffer.concat([bytes.subarray(0, 64), body.subarray(by * 32), body.subarray(0, by * 32)]);
          expect(() => decodeRing(moved, SHAPE, ID)).toThrow('not in its place');
        },
      ),
      { numRuns: 200 },
    );
  });
});
