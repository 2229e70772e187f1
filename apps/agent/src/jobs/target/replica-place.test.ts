import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hello } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { raw } from '../testing/fake-interceptor.ts';
import { canonical, placesOf, refusePlaces } from './replica-place.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('where replicas may lie', () => {
  let top: string;
  const hello = (to: string | null, ...roots: string[]) =>
    ({
      machine: 'boot/ns',
      replicaBase: to === null ? null : base64(to),
      roots: roots.map((path) => ({ path: base64(path), node: 1n })),
    }) as unknown as Hello;
  const refused = (asked: Hello, machine = 'another', taken: { jobName: string; path: string }[] = []) =>
    refusePlaces(placesOf(asked), asked, {
      homePath: raw(join(top, 'home')),
      machine,
      taken: taken.map(({ jobName, path }) => ({ jobName, path: raw(path) })),
    });
  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-place-')));
    for (const name of ['home', 'replicas']) mkdirSync(join(top, name));
  });
  afterEach(() => rmSync(top, { recursive: true, force: true }));

  it('beneath --to by their whole path, or at the same path without it', () => {
    expect(placesOf(hello('/r', '/srv/a', '/b'))).toEqual([
      { source: '/srv/a', replica: '/r/srv/a' },
      { source: '/b', replica: '/r/b' },
    ]);
    expect(placesOf(hello(null, '/srv/a'))).toEqual([{ source: '/srv/a', replica: '/srv/a' }]);
  });

  it('not where the source is on the same machine, nor within it, nor around it, also by way of a link', () => {
    const source = join(top, 'replicas');
    mkdirSync(join(source, 'inside'));
    symlinkSync(join(source, 'inside'), join(top, 'link'));
    for (const to of [null, '/', join(source, 'inside'), join(top, 'link')])
      expect(refused(hello(to, source), 'boot/ns'), String(to)).toMatchObject({
        code: 'replica-path-invalid',
        sentence: expect.stringContaining('same machine'),
      });
    expect(refused(hello(null, source), 'another machine')).toBeNull();
    expect(refused(hello(join(top, 'elsewhere'), source), 'boot/ns')).toBeNull();
  });

  it.each(['/proc/x', '/sys', '/dev/shm', '/run/x'])('not at %s, the system needs it', (path) => {
    expect(refused(hello(null, path))?.code).toBe('replica-path-invalid');
  });

  it('not over, in or around the home of the target agent', () => {
    for (const path of [join(top, 'home'), join(top, 'home', 'x'), top])
      expect(refused(hello(null, path))?.sentence, path).toContain("target agent's own home");
  });

  it('not where a file is in the way, which is named', () => {
    writeFileSync(join(top, 'file'), '');
    expect(refused(hello(null, join(top, 'file', 'deeper')))).toMatchObject({
      code: 'replica-path-invalid',
      sentence: expect.stringContaining(`${join(top, 'file')} is a file`),
    });
  });

  it('not where another job fills, or around or within that, and the other job is named', () => {
    const taken = [{ jobName: 'first', path: join(top, 'replicas', 'a') }];
    symlinkSync(join(top, 'replicas'), join(top, 'link'));
    for (const path of ['replicas/a', 'replicas/a/b', 'replicas', 'link/a'].map((name) => join(top, name)))
      expect(refused(hello(null, path), 'another', taken), path).toMatchObject({
        code: 'replica-path-in-use',
        sentence: expect.stringContaining('the job first'),
      });
    expect(refused(hello(null, join(top, 'replicas', 'ab')), 'another', taken)).toBeNull();
  });

  it('not at a path that climbs', () => {
    expect(refused(hello('/r/../etc', '/a'))?.sentence).toContain('without «..»');
    for (const path of ['/a/../b', 'a', '/a\0b']) expect(refused(hello('/r', path))?.code, path).toBe('protocol');
  });

  it('the canonical path resolves what exists and keeps the rest as it is written', () => {
    symlinkSync(join(top, 'replicas'), join(top, 'link'));
    expect(canonical(raw(join(top, 'link', 'none', 'ne')))).toBe(join(top, 'replicas', 'none', 'ne'));
    expect(canonical(raw('/'))).toBe('/');
  });
});
