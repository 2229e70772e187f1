import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JobStore, type StoredJob } from './stored-job.ts';

const ID = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const job: StoredJob = {
  id: ID,
  revision: 1,
  epoch: 1,
  started: true,
  paused: false,
  definition: {
    name: 'files',
    sourceName: null,
    target: { name: 'beta', address: '192.0.2.1:7320', fingerprint: 'f'.repeat(64) },
    include: [{ text: '/srv/\udcff', bytes: Buffer.from([47, 115, 114, 118, 47, 255]).toString('base64') }],
    exclude: [],
    to: null,
    intercept: 'auto',
    mode: 'async',
    compression: 'none',
    bandwidth: null,
  },
};

describe('the store of jobs', () => {
  let folder: string;
  let store: JobStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-store-'));
    store = new JobStore(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives back what was saved, names of any bytes too, and nothing that was removed', () => {
    store.save(job);
    store.reserve(ID).write(7);
    expect(new JobStore(folder).all()).toEqual([job]);
    expect(new JobStore(folder).reserve(ID).read()).toBe(7);
    store.save({ ...job, revision: 2 });
    expect(new JobStore(folder).all()).toEqual([{ ...job, revision: 2 }]);
    store.remove(ID);
    store.remove(ID);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a job that has never had a position begins before the first', () => {
    expect(store.reserve(ID).read()).toBe(0);
  });

  it.each([
    ['cut off', (text: string) => text.slice(0, 40)],
    ['empty', () => ''],
    ['of a future version', (text: string) => text.replace('"started"', '"begun"')],
    ['out of range', (text: string) => text.replace('"epoch": 1', '"epoch": 0')],
  ])('a definition that is %s is named and left as it is', (_what, damage) => {
    store.save(job);
    const path = join(folder, `${ID}.json`);
    const damaged = damage(readFileSync(path, 'utf8'));
    writeFileSync(path, damaged);
    expect(() => new JobStore(folder).all()).toThrow(
      expect.objectContaining({ name: 'StartError', fault: 'state-damaged' }),
    );
    expect(() => new JobStore(folder).all()).toThrow(path);
    expect(readFileSync(path, 'utf8')).toBe(damaged);
  });

  it('other files in the folder are nobody’s business', () => {
    writeFileSync(join(folder, `${ID}.json.123-1.new`), 'half');
    writeFileSync(join(folder, 'notes'), '');
    expect(store.all()).toEqual([]);
  });
});
