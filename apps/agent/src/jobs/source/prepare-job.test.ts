import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobDefinition } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareJob } from './prepare-job.ts';

const path = (text: string) => ({ text, bytes: Buffer.from(text).toString('base64') });

describe('from a definition to what must be protected', () => {
  let top: string;
  const prepare = (include: string[], more: { exclude?: string[]; to?: string; intercept?: 'fuse' | 'watch' } = {}) => {
    const definition = {
      include: include.map(path),
      exclude: (more.exclude ?? []).map(path),
      to: more.to === undefined ? null : path(more.to),
      intercept: more.intercept ?? 'auto',
    } as unknown as JobDefinition;
    const surroundings = { homePath: join(top, 'home') };
    const { directories, ...verdict } = prepareJob(definition, surroundings);
    return { ...verdict, directories: directories.map((directory) => directory.path) };
  };
  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-prepare-')));
    for (const name of ['home', 'data', 'data/inner']) mkdirSync(join(top, name));
    writeFileSync(join(top, 'data', 'file'), '');
  });
  afterEach(() => rmSync(top, { recursive: true, force: true }));

  it('directories, files and wildcards come down to the directories that hold them', () => {
    const { errors, directories } = prepare([join(top, 'data', 'file'), join(top, 'data', 'inner', '*.db')]);
    expect(errors).toEqual([]);
    expect(directories).toEqual([join(top, 'data')]);
  });

  it('a path that does not exist yet is accepted, and said', () => {
    const { errors, notes, directories } = prepare([join(top, 'data', 'later')]);
    expect(errors).toEqual([]);
    expect(notes.join()).toContain(`${join(top, 'data', 'later')} does not exist yet`);
    expect(directories).toEqual([join(top, 'data')]);
  });

  it('names of any bytes are taken as they are', () => {
    const bytes = Buffer.concat([Buffer.from(`${top}/data/`), Buffer.from([0xff, 0x61])]);
    mkdirSync(bytes);
    const definition = {
      include: [{ text: 'for people', bytes: bytes.toString('base64') }],
      exclude: [],
      to: null,
      intercept: 'auto',
    } as unknown as JobDefinition;
    const { directories } = prepareJob(definition, { homePath: join(top, 'home') });
    expect(directories.map((directory) => directory.path)).toEqual([bytes.toString('latin1')]);
  });

  it.each([
    ['the home of the agent', () => [join(top, 'home')], "agent's own files|agent's home"],
    ['what holds the home of the agent', () => [top], "agent's home"],
    ['the whole machine', () => ['/'], 'whole machine'],
    ['a directory of the system', () => ['/proc/x'], "system's own"],
  ])('refuses %s', (_what, include, sentence) => {
    expect(prepare(include()).errors.join()).toMatch(new RegExp(sentence));
  });

  it('refuses what leads through a link, with the path that would be right', () => {
    symlinkSync(join(top, 'data'), join(top, 'link'));
    expect(prepare([join(top, 'link', 'file')]).errors.join()).toContain(join(top, 'data'));
  });

  it('/etc may be watched, and is refused by name where a mount is asked for', () => {
    expect(prepare(['/etc/hosts'], { intercept: 'watch' }).errors).toEqual([]);
    expect(prepare(['/etc/hosts'], { intercept: 'fuse' }).errors.join()).toContain('/etc');
  });

  it('refuses a --to that is no absolute path', () => {
    expect(prepare([join(top, 'data')], { to: 'replicas' }).errors.join()).toContain(
      '--to replicas is not an absolute path',
    );
  });
});
