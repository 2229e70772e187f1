import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changedSince } from './changed-since.ts';

const raw = (text: string) => brand<RawName>(text);

describe('[TRM3] what was changed in a replica while no agent ran', () => {
  let top: string;
  const at = (...names: string[]) => join(top, ...names);
  const changedAt = (path: string) => statSync(path).ctimeMs;
  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-since-')));
    mkdirSync(at('sub'));
    for (const name of ['a', 'b', 'c']) writeFileSync(at('sub', name), name);
  });
  afterEach(() => rmSync(top, { recursive: true, force: true }));

  it('is nothing behind the last change, and all there is before the first', () => {
    expect(changedSince(raw(top), changedAt(at('sub', 'c')) + 1000)).toEqual({ count: 0, first: [] });
    expect(changedSince(raw(top), changedAt(top) - 1000)).toMatchObject({
      count: 5,
      first: [top, at('sub'), expect.any(String)],
    });
  });

  it('is found though whoever wrote has set the times back', () => {
    const since = changedAt(top) - 1000;
    for (const path of [top, at('sub'), ...['a', 'b', 'c'].map((name) => at('sub', name))]) utimesSync(path, 1, 1);
    expect([statSync(at('sub', 'a')).mtimeMs, changedSince(raw(top), since)?.count]).toEqual([1000, 5]);
  });

  it('leaves out what the product keeps there for itself', () => {
    const since = changedAt(at('sub', 'c')) + 1000;
    mkdirSync(at('.understudy-7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11'));
    writeFileSync(at('.understudy-7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11', 'kept'), '');
    expect(changedSince(raw(top), since - 5000)?.count).toBe(5);
  });

  it('cannot be told of what is not there, nor in more time than there is', () => {
    let now = 0;
    expect(changedSince(raw(at('gone')), 0)).toBeNull();
    expect(changedSince(raw(top), 0, () => (now += 1500))).toBeNull();
  });
});
