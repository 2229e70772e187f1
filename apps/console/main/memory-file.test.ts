import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_PREFERENCES, preferencesSchema } from '../shared/preferences.ts';
import { MemoryFile } from './memory-file.ts';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-console-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const open = () => new MemoryFile(path.join(folder, 'deep', 'console.json'), preferencesSchema);

test('what was remembered is there the next time', () => {
  expect(open().read()).toBeNull();
  open().write({ ...DEFAULT_PREFERENCES, theme: 'dark' });
  expect(open().read()).toEqual({ ...DEFAULT_PREFERENCES, theme: 'dark' });
  expect(fs.readdirSync(path.join(folder, 'deep'))).toEqual(['console.json']);
});

test.each(['', '{', '[]', '{"theme":"loud"}', '{"place":{"screen":"job"}}'])(
  'a damaged one (%s) is kept aside and costs nothing',
  (text) => {
    fs.mkdirSync(path.join(folder, 'deep'));
    fs.writeFileSync(path.join(folder, 'deep', 'console.json'), text);
    expect(open().read()).toBeNull();
    expect(fs.readFileSync(path.join(folder, 'deep', 'console.json.damaged'), 'utf8')).toBe(text);
    open().write(DEFAULT_PREFERENCES);
    expect(open().read()).toEqual(DEFAULT_PREFERENCES);
  },
);

test('a place that cannot be written to is no reason to fail', () => {
  fs.writeFileSync(path.join(folder, 'deep'), 'a file where a folder should be');
  expect(() => open().write(DEFAULT_PREFERENCES)).not.toThrow();
});
