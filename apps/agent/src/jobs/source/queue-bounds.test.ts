/** What a queue on disk says of itself to the next process where some of its files are gone, or are not what they were. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobEvent, JobMemory } from '@understudy/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SegmentStore } from '../../ports/segments/index.ts';
import { QueueFolder } from './queue-folder.ts';
import { SegmentQueueStore } from './queue-store.ts';

const KEY = 'ring roots rules';
const STREAM = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const MEMORY: JobMemory = { complete: true, items: [], reasons: [], scopes: [{ exceptions: [], nameless: [] }] };
const HEAD = new Uint8Array(56);
/** Files of a queue of this limit hold three such entries each. */
const LIMIT = 1 << 20;
const BODY = new Uint8Array(40 * 1024);

describe('[SRM3] a queue on disk', () => {
  let folder = '';
  let events: JobEvent[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-queue-'));
    events = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const limits = { diskBytes: LIMIT, minFreeBytes: 0, alertShare: 1 };
  const open = () => new QueueFolder({ folder, limits, event: (event) => events.push(event) });
  const files = () => readdirSync(join(folder, 'segments')).sort();
  const fileAt = (at: number) => join(folder, 'segments', files().at(at) ?? '');

  /** A process that kept a state and ten entries, of which the first was received, and died. */
  function died(freed = 1): void {
    const queue = open();
    expect(queue.leftBehind(KEY)).toBeNull();
    queue.store?.clear();
    for (let i = 0; i < 10; i += 1) queue.store?.append(HEAD, BODY);
    queue.store?.free(freed);
    expect(queue.keep({ key: KEY, streamId: STREAM, version: 3, memory: MEMORY })).toBe(true);
    queue.mark(77, 88, 3);
    queue.close();
  }

  /** What the next process finds: the entries it reads, and whether it has to compare everything. */
  function found() {
    const queue = open();
    const left = queue.leftBehind(KEY);
    const { oldest, next } = queue.store ?? { oldest: 0, next: 0 };
    queue.close();
    return { goesOn: left !== null, compares: left?.memory.scopes.length === 0, held: next - oldest };
  }

  it('is handed on as it was, with the file of what was received before', () => {
    died();
    expect(files().length).toBeGreaterThan(2);
    expect(found()).toEqual({ goesOn: true, compares: false, held: 10 });
    expect(events).toEqual([]);
  });

  it('that is empty by now is nothing that is missing, whatever has become of its files', () => {
    died(10);
    for (const name of files()) rmSync(join(folder, 'segments', name));
    expect(found()).toMatchObject({ goesOn: true, compares: false });
    expect(events).toEqual([]);
  });

  const losses: readonly [string, () => void][] = [
    ['whose first file is gone', () => rmSync(fileAt(0))],
    ['whose last file is gone', () => rmSync(fileAt(-1))],
    ['whose files are all gone, with their folder', () => rmSync(join(folder, 'segments'), { recursive: true })],
    ['of whose last file the beginning cannot be read', () => writeFileSync(fileAt(-1), 'nothing of a segment')],
    ['of whose last entry the end was cut off', () => truncateSync(fileAt(-1), BODY.length / 2)],
    ['beside which nothing says what it is to hold', () => rmSync(join(folder, 'bounds'))],
    ['of which that is no longer readable', () => writeFileSync(join(folder, 'bounds'), Buffer.alloc(24, 7))],
  ];
  for (const [what, lose] of losses)
    it(`${what} is damaged: it is said, and everything is compared`, () => {
      died();
      lose();
      expect(found()).toEqual({ goesOn: true, compares: true, held: 0 });
      expect(events).toMatchObject([{ code: 'queue-damaged', severity: 'error' }]);
      expect(events[0]?.sentence).toContain(join(folder, 'segments'));
    });

  it('that was damaged is not taken for whole by a process that comes after one that died at once', () => {
    died();
    renameSync(fileAt(-1), join(folder, 'away'));
    expect(found()).toMatchObject({ compares: true });
    expect(existsSync(join(folder, 'state.json'))).toBe(false);
    expect(found()).toMatchObject({ goesOn: false });
  });

  it('takes nothing more once what it holds cannot be written down', () => {
    const { store: segments } = SegmentStore.open({ folder });
    const failing = () => {
      throw new Error('EIO: i/o error, write');
    };
    const store = new SegmentQueueStore(segments, { write: failing, close: () => {} });
    for (let i = 0; i < 2; i += 1) expect(() => store.append(HEAD, BODY)).toThrow('cannot be written down: EIO');
    expect(segments.next - segments.oldest).toBe(1);
    store.close();
  });
});
