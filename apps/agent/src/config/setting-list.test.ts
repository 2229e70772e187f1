import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openConfig } from './config-file.ts';
import { SettingList } from './setting-list.ts';
import { settingKeys } from './settings.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-settings-'));
  path = join(folder, 'agent.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (text: string | null, options = {}) => {
  if (text !== null) writeFileSync(path, text);
  return new SettingList(openConfig(path, false), options);
};
const of = (list: SettingList, key: string) => list.list().settings.find((setting) => setting.key === key);

describe('the settings of an agent', () => {
  it('are all told, with their meaning, what is usual and what holds', () => {
    const list = open('# ours\nqueue:\n  memory: 64 MiB\n', { listen: '127.0.0.1:1' });
    expect(list.list()).toMatchObject({ file: path, problem: null });
    expect(settingsSchema.parse(list.list()).settings.map(({ key }) => key)).toEqual(settingKeys);
    for (const { doc, unit } of list.list().settings) expect([doc, unit]).not.toContain('');
    expect(of(list, 'queue.memory')).toMatchObject({ usual: '128 MiB', now: '64 MiB', from: 'file', next: '64 MiB' });
    expect(of(list, 'queue.disk')).toMatchObject({ usual: '10 %', now: '10 %', from: 'default', next: '10 %' });
    expect(of(list, 'listen')).toMatchObject({ now: '127.0.0.1:1', from: 'option', next: '127.0.0.1:1' });
  });

  it('that are changed hold from the next start on, and the file keeps its comments', () => {
    const list = open('# ours\nqueue:\n  memory: 64 MiB # small\n');
    list.change('queue.memory', '32 MiB');
    list.change('queue.alert', '80');
    list.change('replicas.allow', '[/srv/replicas, /mnt]');
    list.change('queue.folder', '/var/queue');
    expect(of(list, 'queue.memory')).toMatchObject({ now: '64 MiB', next: '32 MiB' });
    expect(of(list, 'replicas.allow')).toMatchObject({ now: '[]', next: '[/srv/replicas, /mnt]' });
    expect(readFileSync(path, 'utf8')).toContain('# ours\nqueue:\n  memory: 32 MiB # small\n');
    expect(openConfig(path, false).settings).toMatchObject({
      ...{ 'queue.memory': 33_554_432, 'queue.alert': 80, 'queue.folder': '/var/queue' },
      'replicas.allow': ['/srv/replicas', '/mnt'],
    });
    list.change('queue.memory', null);
    list.change('queue.folder', '""');
    list.change('log.level', null);
    expect(of(list, 'queue.memory')).toMatchObject({ now: '64 MiB', from: 'file', next: '128 MiB' });
    expect(openConfig(path, false).settings['queue.folder']).toBe('');
  });

  it('of a file with nothing but comments can be changed, and put back', () => {
    const list = open(null);
    const before = readFileSync(path, 'utf8');
    list.change('queue.memory', null);
    expect(readFileSync(path, 'utf8')).toBe(before);
    list.change('undo.age', '48h');
    expect(of(list, 'undo.age')).toMatchObject({ now: '24h', next: '48h' });
  });

  it.each([
    ['no.such', '1', /there is no setting "no.such"/],
    ['__proto__', '1', /there is no setting/],
    ['queue.memory', 'much', /`queue\.memory` is "much"; right would be a size/],
    ['queue.memory', '{ a: 1 }', /`queue\.memory` is "\{ a: 1 \}"/],
    ['queue.memory', '[', /cannot be read/],
    ['audit.limit', '1s', /at least three times `audit.interval`/],
  ])('%s: %s is refused, and nothing is written', (key, value, said) => {
    const list = open('name: beta\n');
    expect(() => list.change(key, value)).toThrow(said);
    expect(readFileSync(path, 'utf8')).toBe('name: beta\n');
  });

  it('of a file that was damaged since the start: what runs is told, and that the agent would not start', () => {
    const list = open('name: beta\n');
    writeFileSync(path, 'name: [\n');
    expect(list.list().problem).toMatch(/agent\.yaml, line 1, column 8: this is not YAML/);
    expect(of(list, 'name')).toMatchObject({ now: 'beta', from: 'file', next: null });
    expect(() => list.change('name', 'gamma')).toThrow(/not YAML/);
    expect(readFileSync(path, 'utf8')).toBe('name: [\n');
  });
});
