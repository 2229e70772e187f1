import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskIo, SegmentDamage, type SegmentIo, SegmentStore, type SegmentStoreOptions } from './index.ts';

const KIB = 1024;
const failing = (code: string): never => {
  throw Object.assign(new Error(`${code}: the disk`), { code });
};

describe('the segment store', () => {
  let folder: string;
  const stores: SegmentStore[] = [];
  const open = (options: Partial<SegmentStoreOptions> = {}) => {
    const limits = { diskBytes: 1024 * KIB, minFreeBytes: 0, ...options.limits };
    const opened = SegmentStore.open({ folder, segmentBytes: 64 * KIB, ...options, limits });
    stores.push(opened.store);
    return opened;
  };
  const body = (entry: number, length = 10 * KIB): Buffer => Buffer.alloc(length, `body ${entry} `);
  const fill = (store: SegmentStore, count: number): void => {
    for (let i = 0; i < count; i += 1)
      expect(store.append(Buffer.from(`head ${store.next}`), body(store.next)).ok).toBe(true);
  };
  const expectWhole = (store: SegmentStore, first: number, last: number): void => {
    for (let entry = first; entry <= last; entry += 1) {
      const read = store.read(entry);
      expect(read.head.toString()).toBe(`head ${entry}`);
      expect(read.body.equals(body(entry))).toBe(true);
    }
  };
  const files = (): string[] => readdirSync(folder).sort();
  const damageFile = (name: string, at: number, bytes: Uint8Array): void => {
    const content = readFileSync(join(folder, name));
    content.set(bytes, at);
    writeFileSync(join(folder, name), content);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-segments-'));
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) {
      store.close();
      await store.flush();
    }
    rmSync(folder, { recursive: true });
  });

  it('gives back what was appended, at once, and to the next process', () => {
    const { store } = open();
    fill(store, 30);
    expect([store.oldest, store.next]).toEqual([1, 31]);
    expectWhole(store, 1, 30);
    const again = open();
    expect(again.damage).toEqual([]);
    expect([again.store.oldest, again.store.next, again.store.durable]).toEqual([1, 31, 31]);
    expectWhole(again.store, 1, 30);
    fill(again.store, 3);
    expectWhole(again.store, 28, 33);
  });

  it('[SRM1] reserves the room of each file before the first entry in it, and a disk that has none is an answer', () => {
    const asked: number[] = [];
    let full = false;
    const allocate: SegmentIo['allocate'] = (fd, bytes) => {
      asked.push(bytes);
      return full ? failing('ENOSPC') : diskIo.allocate(fd, bytes);
    };
    const { store } = open({ io: { ...diskIo, allocate } });
    fill(store, 1);
    expect(files().map((name) => statSync(join(folder, name)).size)).toEqual([64 * KIB]);
    fill(store, 11);
    expect([asked, files().length]).toEqual([[64 * KIB, 64 * KIB], 2]);
    expect(store.append(Buffer.alloc(0), body(13, 100 * KIB)).ok).toBe(true);
    expect(asked.slice(2)).toEqual([statSync(join(folder, files()[2] ?? '')).size]);
    full = true;
    expect(store.append(Buffer.from('head 14'), body(14))).toMatchObject({ ok: false, fault: 'full' });
    expect(files()).toHaveLength(3);
    full = false;
    fill(store, 1);
    expectWhole(store, 14, 14);
  });

  it('[SRM1] fills its files also where the file system cannot reserve room, over a restart too', async () => {
    const io: SegmentIo = { ...diskIo, allocate: () => false };
    const { store } = open({ io });
    fill(store, 15);
    expect(files()).toHaveLength(3);
    expect(store.bytes).toBe(files().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0));
    store.close();
    await store.flush();
    const again = open({ io });
    expect([again.damage, again.store.next]).toEqual([[], 16]);
    fill(again.store, 3);
    expect(files()).toHaveLength(3);
    expectWhole(again.store, 1, 18);
    expectWhole(open({ io }).store, 1, 18);
  });

  it('[TCM5] says what is durable only after a sync that began behind it, many entries with one', async () => {
    const marks: number[] = [];
    const waiting: (() => void)[] = [];
    const io: SegmentIo = { ...diskIo, sync: () => new Promise((resolve) => waiting.push(resolve)) };
    const { store } = open({ io, durable: (next) => marks.push(next) });
    const asked = async (count: number) => {
      while (waiting.length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    fill(store, 3);
    await asked(1);
    fill(store, 2);
    expect([marks, store.durable]).toEqual([[], 1]);
    waiting.shift()?.();
    await asked(1);
    expect([marks, store.durable]).toEqual([[4], 4]);
    waiting.shift()?.();
    await store.flush();
    expect([marks, store.durable]).toEqual([[4, 6], 6]);
  });

  it('deletes whole files that nobody needs, and none that is needed', async () => {
    const { store } = open();
    fill(store, 30);
    await store.flush();
    const before = files().length;
    store.free(5);
    expect([files().length, store.oldest]).toEqual([before, 6]);
    store.free(20);
    expect(files().length).toBeLessThan(before);
    expectWhole(store, 21, 30);
    expect(store.bytes).toBe(files().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0));
    const again = open();
    expect(again.store.oldest).toBeLessThanOrEqual(21);
    expectWhole(again.store, 21, 30);
  });

  it('[TCM6] a limit in bytes is an answer, and it goes on once there is room', async () => {
    const { store } = open({ limits: { diskBytes: 200 * KIB } });
    let last = store.append(Buffer.from('head 1'), body(1));
    while (last.ok) last = store.append(Buffer.from(`head ${store.next}`), body(store.next));
    expect(last).toMatchObject({ fault: 'full', sentence: expect.stringContaining('at most 200 KiB') });
    expect(store.bytes).toBeLessThanOrEqual(200 * KIB);
    const held = store.next - 1;
    expectWhole(store, 1, held);
    await store.flush();
    store.free(held - 1);
    expect(store.append(Buffer.from(`head ${store.next}`), body(store.next)).ok).toBe(true);
    expectWhole(store, held, held + 1);
  });

  it('[TCM6] leaves free on the disk what is to stay free', () => {
    let free = 100 * KIB;
    const io: SegmentIo = { ...diskIo, space: () => ({ free, size: 10 * 1024 * KIB }) };
    const { store } = open({ io, limits: { diskBytes: null, minFreeBytes: 50 * KIB } });
    expect(store.limitBytes).toBe(1024 * KIB);
    expect(store.append(Buffer.from('head 1'), body(1))).toMatchObject({ ok: false, fault: 'full' });
    expect(files()).toEqual([]);
    free = 200 * KIB;
    fill(store, 1);
    expectWhole(store, 1, 1);
  });

  it('a disk that is full or bad in the middle of an append is an answer, and what was there stays', () => {
    let fault: string | null = null;
    const io: SegmentIo = {
      ...diskIo,
      write: (fd, parts, at) => {
        if (fault === 'short') {
          fault = 'ENOSPC';
          return diskIo.write(fd, [Buffer.concat(parts).subarray(0, 5000)], at);
        }
        const zeros = parts.length === 1 && parts[0]?.every((byte) => byte === 0);
        if (fault !== null && !zeros) failing(fault);
        return diskIo.write(fd, parts, at);
      },
    };
    const { store } = open({ io });
    fill(store, 2);
    for (const [code, expected] of [
      ['ENOSPC', 'full'],
      ['EIO', 'failed'],
      ['short', 'full'],
    ] as const) {
      fault = code;
      expect(store.append(Buffer.from('head 3'), body(3))).toMatchObject({ ok: false, fault: expected });
      fault = null;
      expect(open().store.next).toBe(3);
    }
    fill(store, 2);
    expectWhole(store, 1, 4);
    expectWhole(open().store, 1, 4);
  });

  it('[TCM5] what a failed sync leaves is not counted upon, neither now nor later', async () => {
    let bad = false;
    const said: string[] = [];
    const io: SegmentIo = { ...diskIo, sync: (fd) => (bad ? Promise.reject(new Error('EIO')) : diskIo.sync(fd)) };
    const { store } = open({ io, failed: (sentence) => said.push(sentence) });
    fill(store, 3);
    await store.flush();
    bad = true;
    fill(store, 4);
    await store.flush();
    expect(said).toEqual([expect.stringContaining('check the disk')]);
    expect(store.durable).toBe(4);
    expect(store.append(Buffer.from('head 8'), body(8))).toMatchObject({ ok: false, fault: 'failed' });
    const again = open();
    expect([again.damage, again.store.next]).toEqual([[], 4]);
    expectWhole(again.store, 1, 3);
    fill(again.store, 2);
    expect(open().store.next).toBe(6);
  });

  it('[TCM5] an end that was being written is no damage, and is written again', () => {
    const { store } = open();
    fill(store, 8);
    const [name = '', ,] = files().slice(-1);
    const size = 10 * KIB + 32 + 6 + 2;
    const at = 32 + ((8 - 1) % 6) * size;
    // Zeros where its last pages were to be: the length came to the disk, the content did not.
    damageFile(name, at + 4096, Buffer.alloc(4096));
    const again = open();
    expect([again.damage, again.store.next]).toEqual([[], 8]);
    fill(again.store, 2);
    expectWhole(again.store, 1, 9);
    expectWhole(open().store, 1, 9);
  });

  it('names what is damaged, and keeps what is behind it', () => {
    fill(open().store, 14);
    const [first = '', second = ''] = files();
    const size = 10 * KIB + 32 + 6 + 2;
    damageFile(first, 32 + 2 * size + 500, Buffer.from('x'));
    // The header of an entry: what follows it in this file cannot be found.
    damageFile(second, 32 + 4 * size + 20, Buffer.from('yyy'));
    const { store, damage } = open();
    expect(damage.map((loss) => [loss.first, loss.last])).toEqual([
      [3, 3],
      [11, 12],
    ]);
    expect(damage[0]?.sentence).toContain(first);
    expectWhole(store, 1, 2);
    expectWhole(store, 4, 10);
    expectWhole(store, 13, 14);
    expect(() => store.read(3)).toThrow(SegmentDamage);
    expect(() => store.body(11)).toThrow(SegmentDamage);
  });

  it('names what a file held that is gone', () => {
    fill(open().store, 18);
    rmSync(join(folder, files()[1] ?? ''));
    const { store, damage } = open();
    expect(damage.map((loss) => [loss.first, loss.last])).toEqual([[7, 12]]);
    expectWhole(store, 1, 6);
    expectWhole(store, 13, 18);
  });

  it('a file without a beginning is kept aside, not deleted', () => {
    fill(open().store, 14);
    const [, second = ''] = files();
    damageFile(second, 0, Buffer.alloc(32, 7));
    const { store, damage } = open();
    expect(damage.map((loss) => [loss.first, loss.last])).toEqual([[7, 12]]);
    expect(files()).toContain(`${second}.damaged`);
    expectWhole(store, 13, 14);
  });

  it('what was cut off does not come back, and its numbers are given anew', () => {
    const { store } = open();
    fill(store, 14);
    store.cut(5);
    expect(store.next).toBe(5);
    expect(open().store.next).toBe(5);
    expect(store.append(Buffer.from('head 5'), body(5)).ok).toBe(true);
    expectWhole(store, 1, 5);
    const again = open();
    expect([again.damage, again.store.next]).toEqual([[], 6]);
    expectWhole(again.store, 1, 5);
  });

  it('is empty after a clear, and its numbers go on', () => {
    const { store } = open();
    fill(store, 14);
    store.clear();
    expect([store.oldest, store.next, store.bytes, files()]).toEqual([15, 15, 0, []]);
    fill(store, 1);
    expectWhole(store, 15, 15);
    expect(() => store.read(14)).toThrow(/holds 15 to 15/);
  });

  it('[SRM1] says once that half of the room is used, and once that it is not any more', async () => {
    const said: boolean[] = [];
    const { store } = open({ limits: { diskBytes: 512 * KIB, alertShare: 0.5 }, alert: (over) => said.push(over) });
    fill(store, 25);
    expect(said).toEqual([true]);
    await store.flush();
    store.free(24);
    expect(said).toEqual([true, false]);
  });

  it('an entry larger than a file gets its own, and one without bounds is refused', () => {
    const { store } = open();
    fill(store, 1);
    const large = Buffer.alloc(300 * KIB, 'large');
    expect(store.append(Buffer.alloc(0), large)).toEqual({ ok: true, entry: 2 });
    expect(store.body(2).equals(large)).toBe(true);
    expect(open().store.body(2).equals(large)).toBe(true);
    expect(store.append(Buffer.alloc(0), Buffer.alloc(17 << 20))).toMatchObject({ ok: false, fault: 'failed' });
  });
});
