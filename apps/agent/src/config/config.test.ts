import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { editConfig, openConfig } from './config-file.ts';
import { defaultFile, defaultSettings, settingKeys } from './settings.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-config-'));
  path = join(folder, 'agent.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function refusalOf(text: string): string {
  writeFileSync(path, text);
  let sentence = '';
  try {
    openConfig(path, false);
  } catch (error) {
    sentence = (error as Error).message;
  }
  expect(readFileSync(path, 'utf8')).toBe(text);
  return sentence;
}

describe('agent.yaml', () => {
  it('is written with every setting explained, and then means the defaults', () => {
    expect(openConfig(path, false).settings).toEqual(defaultSettings());
    const text = readFileSync(path, 'utf8');
    for (const key of settingKeys) expect(text).toContain(`${key.split('.').at(-1)}: `);
    expect(openConfig(path, false).settings).toEqual(defaultSettings());
  });

  it('written by the agent is valid, and the same, without its comment signs', () => {
    const uncommented = defaultFile()
      .split('\n')
      .slice(2)
      .map((line) => line.replace(/^# /, ''))
      .join('\n');
    writeFileSync(path, uncommented);
    expect(openConfig(path, false).settings).toEqual(defaultSettings());
  });

  it('is read', () => {
    writeFileSync(path, 'name: beta\nlisten: "[::1]:9000"\nqueue: { memory: 64 MiB }\nreplication:\n  dead: 30s\n');
    const { settings } = openConfig(path, false);
    expect(settings).toMatchObject({ name: 'beta', listen: '[::1]:9000', 'queue.memory': 67_108_864 });
    expect(settings['replication.dead']).toBe(30_000);
  });

  it('named by hand must exist', () => {
    expect(() => openConfig(path, true)).toThrow(/agent\.yaml does not exist/);
  });

  it.each([
    [
      'an unknown key',
      'name: beta\nlisen: 0.0.0.0:1\n',
      /agent\.yaml, line 2, column 1: .*`lisen`; did you mean `listen`/,
    ],
    [
      'an unknown key in a group',
      'queue:\n  memry: 1 MiB\n',
      /line 2, column 3: .*`queue.memry`; did you mean `queue.memory`/,
    ],
    ['an unknown group', 'cache:\n  size: 1\n', /line 1, column 1: there is no setting `cache`/],
    ['a wrong type', 'name: beta\nlisten: 7320\n', /line 2, column 9: `listen` is 7320; right would be HOST:PORT/],
    ['a value out of range', 'queue:\n  memory: 1 KiB\n', /line 2, column 11: .*between 1\.0 MiB/],
    ['a list where one value belongs', 'name: [a, b]\n', /line 1, column 7: `name` is not a single value/],
    ['an empty value', 'name:\n', /line 1, column \d+: `name` is empty/],
    ['a key given twice', 'name: a\nname: b\n', /line 2, column 1: this is not YAML/],
    ['an open quote', 'name: "be\n', /line [12], column \d+: this is not YAML/],
    ['a group cut off', 'queue:\n', /line 1, column 1: `queue` is a group/],
    ['a group cut off in a name', 'queue:\n  mem\n', /line 1, column 1: `queue` is a group/],
    ['a line cut off', 'name: beta\nlisten: 0.0.0.0:73', /line 2, column \d+: .*cut off/],
    ['nothing', '', /line 1, column 1: the file is empty/],
    ['no mapping', '- name\n', /line 1, column 1: settings are lines of/],
    ['a tab for indentation', 'queue:\n\tmemory: 1 MiB\n', /line 2, column \d+: this is not YAML/],
  ])('with %s is refused by line and column, and left alone', (_, text, expected) => {
    expect(refusalOf(text)).toMatch(expected);
  });

  it('that is not text is refused', () => {
    writeFileSync(path, Buffer.from([0x6e, 0xff, 0xfe, 0x0a]));
    expect(() => openConfig(path, false)).toThrow(/cannot be read as UTF-8/);
  });

  it('keeps its comments and order when one value is edited', () => {
    writeFileSync(path, '# ours\nname: beta # the second\n\nqueue:\n  # small machine\n  memory: 64 MiB\n');
    expect(editConfig(path, 'queue.memory', '32 MiB')['queue.memory']).toBe(33_554_432);
    editConfig(path, 'log.level', 'debug');
    expect(readFileSync(path, 'utf8')).toBe(
      '# ours\nname: beta # the second\n\nqueue:\n  # small machine\n  memory: 32 MiB\nlog:\n  level: debug\n',
    );
  });

  it('is not changed by an edit that makes no sense', () => {
    writeFileSync(path, 'name: beta\n');
    expect(() => editConfig(path, 'queue.memory', 'much')).toThrow(/`queue\.memory` is "much"/);
    expect(readFileSync(path, 'utf8')).toBe('name: beta\n');
  });
});
