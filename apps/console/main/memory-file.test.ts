import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_PREFERENCES, preferencesSchema } from '../shared/preferences.ts';
import { MemoryFile } from './memory-file.ts';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-console-'));
  notices = [];
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

let notices: string[] = [];
const open = () =>
  new MemoryFile(path.join(folder, 'deep', 'console.json'), preferencesSchema, (sentence) => notices.push(sentence));

test('what was remembered is there the next time', () => {
  expect(open().read()).toBeNull();
  open().write({ ...DEFAULT_PREFERENCES, theme: 'dark' });
  expect(open().read()).toEqual({ ...DEFAULT_PREFERENCES, theme: 'dark' });
  expect(fs.readdirSync(path.join(folder, 'deep'))).toEqual(['console.json']);
});

test.each(['', '{', '[]', '{"theme":"loud"}', '{"place":{"screen":"job"}}'])(
  'a damaged one (%s) is kept aside, which is said, and costs nothing',
  (text) => {
    fs.mkdirSync(path.join(folder, 'deep'));
    fs.writeFileSync(path.join(folder, 'deep', 'console.json'), text);
    expect(open().read()).toBeNull();
    const file = path.join(folder, 'deep', 'console.json');
    expect(fs.readFileSync(`${file}.damaged`, 'utf8')).toBe(text);
    expect(notices).toEqual([expect.stringContaining(`${file} is damaged; it is kept as ${file}.damaged`)]);
    open().write(DEFAULT_PREFERENCES);
    expect(open().read()).toEqual(DEFAULT_PREFERENCES);
  },
);

test('a damaged one that cannot be kept aside is said, and is no reason to fail', () => {
  fs.mkdirSync(path.join(folder, 'deep', 'console.json.damaged', 'in the way'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'deep', 'console.json'), '{');
  expect(open().read()).toBeNull();
  expect(notices).toEqual([expect.stringMatching(/is damaged and cannot be kept aside: /)]);
});

test('what is forgotten is not there the next time, and may be forgotten twice', () => {
  open().write({ ...DEFAULT_PREFERENCES, theme: 'dark' });
  open().forget();
  open().forget();
  expect(open().read()).toBeNull();
});

test('a place that cannot be written to is no reason to fail', () => {
  fs.writeFileSync(path.join(folder, 'deep'), 'a file where a folder should be');
  expect(() => open().write(DEFAULT_PREFERENCES)).not.toThrow();
});
