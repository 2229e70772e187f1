/**
 * Segment files that a disk, or somebody, has changed: what is found is what was written, and what is not is named as lost.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskIo, SegmentDamage, type SegmentIo, SegmentStore } from './index.ts';

/** What lasts through a power cut is tested elsewhere. */
const io: SegmentIo = {
  ...diskIo,
  sync: () => Promise.resolve(),
  syncNow: () => {},
  syncFolder: () => Promise.resolve(),
  syncFolderNow: () => {},
};
const LAST = 40;
const content = (entry: number): Buffer => Buffer.alloc(300 + entry * 7, `entry ${entry} `);

describe('damaged segment files', () => {
  let top: string;
  let runs = 0;
  const open = (folder: string) => {
    const limits = { diskBytes: 1 << 20, minFreeBytes: 0 };
    return SegmentStore.open({ folder, segmentBytes: 4096, limits, io });
  };

  beforeAll(async () => {
    top = mkdtempSync(join(tmpdir(), 'understudy-segments-fuzz-'));
    const { store } = open(join(top, 'good'));
    for (let entry = 1; entry <= LAST; entry += 1)
      expect(store.append(Buffer.from(String(entry)), content(entry)).ok).toBe(true);
    await store.flush();
    store.close();
  });
  afterAll(() => rmSync(top, { recursive: true, force: true }));

  const damage = fc.array(
    fc.record({ file: fc.nat(20), at: fc.nat(4095), kind: fc.nat(4), value: fc.nat(0xffff_ffff) }),
    { minLength: 1, maxLength: 5 },
  );

  function change(path: string, at: number, kind: number, value: number): void {
    const bytes = readFileSync(path);
    if (kind === 0) rmSync(path);
    else if (kind === 1) writeFileSync(path, bytes.subarray(0, at));
    else if (kind === 2) writeFileSync(path, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + (value % 64))]));
    else {
      if (kind === 3) bytes[at % bytes.length] = value & 255;
      else if (at + 4 <= bytes.length) bytes.writeUInt32LE(value, at);
      writeFileSync(path, bytes);
    }
  }

  it('give back each entry as it was written, or name it as lost', () => {
    fc.assert(
      fc.property(damage, (list) => {
        runs += 1;
        const folder = join(top, `run-${runs}`);
        mkdirSync(folder);
        for (const name of readdirSync(join(top, 'good'))) copyFileSync(join(top, 'good', name), join(folder, name));
        for (const { file, at, kind, value } of list) {
          const names = readdirSync(folder).sort();
          const name = names[file % Math.max(1, names.length)];
          if (name !== undefined) change(join(folder, name), at, kind, value);
        }
        const { store, damage: losses } = open(folder);
        expect(store.next).toBeLessThanOrEqual(LAST + 1);
        const lost = (entry: number) => losses.some(({ first, last }) => first <= entry && entry <= last);
        for (let entry = store.oldest; entry < store.next; entry += 1) {
          if (lost(entry)) expect(() => store.read(entry)).toThrow(SegmentDamage);
          else expect(store.read(entry)).toEqual({ head: Buffer.from(String(entry)), body: content(entry) });
        }
        const after = store.append(Buffer.from('new'), content(7));
        expect(after.ok && store.read(after.entry).body.equals(content(7))).toBe(true);
        store.close();
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});
