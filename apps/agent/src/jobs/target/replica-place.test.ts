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
  const refused = (
    asked: Hello,
    machine = 'another',
    taken: { jobName: string; path: string }[] = [],
    allow: string[] = [],
  ) =>
    refusePlaces(placesOf(asked), asked, {
      allow: allow.map(raw),
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

  const SYSTEM = '/proc/x /sys /dev/shm /run/x /etc/cron.d /boot /usr/local/bin /bin /sbin /lib /lib64/x'.split(' ');
  it.each(SYSTEM)('not at %s, the system needs it, whatever is allowed and however it is called', (path) => {
    const link = join(top, 'link');
    symlinkSync(path, link);
    for (const asked of [hello(null, path), hello(null, link), hello(join(link, 'x'), '/deeper')])
      expect(refused(asked, 'another', [], ['/', path])).toMatchObject({
        code: 'replica-path-invalid',
        sentence: expect.stringContaining("the system's own"),
      });
    expect(refused(hello(null, '/'), 'another', [], ['/'])?.sentence).toContain("the system's own");
  });

  it('only where this server allows it, also by way of links, and it is said where that is', () => {
    const allow = [join(top, 'replicas')];
    symlinkSync(join(top, 'replicas'), join(top, 'in'));
    symlinkSync(top, join(top, 'replicas', 'out'));
    for (const to of [null, join(top, 'replicas', 'a'), join(top, 'in', 'b')])
      expect(refused(hello(to, join(top, 'replicas', 'c')), 'another', [], allow), String(to)).toBeNull();
    expect(
      refused(hello(join(top, 'other', 'c'), '/srv'), 'another', [], [join(top, 'in'), ...allow])?.sentence,
    ).toContain(`takes replicas in ${join(top, 'in')}, ${allow[0]} only (replicas.allow in its agent.yaml)`);
    for (const to of [join(top, 'other'), join(top, 'replicas', 'out', 'other'), join(top, 'replicasX'), top])
      expect(refused(hello(to, '/srv'), 'another', [], allow), to).toMatchObject({ code: 'replica-path-invalid' });
    expect(refused(hello(join(top, 'real'), '/srv'), 'another', [], [join(top, 'in')])).not.toBeNull();
    expect(refused(hello(join(top, 'replicas'), '/srv'), 'another', [], [join(top, 'in')])).toBeNull();
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
    symlinkSync('replicas/none', join(top, 'dangling'));
    expect(canonical(raw(join(top, 'dangling', 'x')))).toBe(join(top, 'replicas', 'none', 'x'));
    for (const [name, to] of Object.entries({ one: 'other', other: 'one' })) symlinkSync(to, join(top, name));
    expect(canonical(raw(join(top, 'one', 'x')))).toMatch(new RegExp(`^${top}/(one|other)/x$`));
  });
});
