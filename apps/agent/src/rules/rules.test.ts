import { type RawName, rawFromBytes, rawFromText, rawToText } from '@understudy/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FORBIDDEN_PLACES,
  type PlaceProbe,
  parseRule,
  placesOverlap,
  protectedDirectories,
  type Rule,
  replicaPathOf,
  scopeOf,
  validateRules,
} from './index.ts';

const raw = (text: string): RawName => rawFromText(text);

/** `+path` includes, `-path` excludes. */
function parse(...texts: string[]): Rule[] {
  return texts.map((text) => {
    const rule = parseRule({ include: text.startsWith('+'), path: raw(text.slice(1)) });
    if (rule === null) throw new Error(`bad rule ${text}`);
    return rule;
  });
}

type Kind = ReturnType<PlaceProbe['kindOf']>;

function probeOf(kinds: Record<string, Kind>, links: Record<string, string> = {}): PlaceProbe {
  return {
    kindOf: (path) => (path === '/' ? 'directory' : (kinds[path] ?? 'missing')),
    canonical: (path) => (links[path] === undefined ? path : raw(links[path])),
  };
}

const INSIDE = 'inside';
const OUTSIDE = 'outside';
const WAY = 'on-the-way';

describe('precedence of include and exclude', () => {
  it.each([
    // rules, path, directory, verdict
    [['+/srv'], '/srv/a', false, INSIDE],
    [['+/srv'], '/srv', true, INSIDE],
    [['+/srv'], '/srvx', true, OUTSIDE],
    [['+/srv/data'], '/srv', true, WAY],
    [['+/srv/data'], '/srv', false, OUTSIDE],
    [['+/srv', '-/srv/cache'], '/srv/cache/x', false, OUTSIDE],
    [['+/srv', '-/srv/cache'], '/srv/cache', true, OUTSIDE],
    [['-/srv/cache', '+/srv'], '/srv/cache/x', false, OUTSIDE],
    [['+/srv', '-/srv/cache', '+/srv/cache/keep'], '/srv/cache/keep/x', false, INSIDE],
    [['+/srv', '-/srv/cache', '+/srv/cache/keep'], '/srv/cache', true, WAY],
    [['+/srv', '-/srv/cache', '+/srv/cache/keep'], '/srv/cache/other', true, OUTSIDE],
    [['+/srv', '+/srv/cache/keep', '-/srv/cache'], '/srv/cache/keep/x', false, OUTSIDE],
    [['+/srv', '-/srv/*.tmp', '+/srv/a.tmp'], '/srv/a.tmp', false, INSIDE],
    [['+/srv', '-/srv/*.tmp', '+/srv/a.tmp'], '/srv/b.tmp', false, OUTSIDE],
    [['+/srv', '-/srv/**/*.tmp'], '/srv/x.tmp', false, OUTSIDE],
    [['+/srv', '-/srv/**/*.tmp'], '/srv/a/b/x.tmp', false, OUTSIDE],
    [['+/srv', '-/srv/**/*.tmp'], '/srv/a/b/x.tmpl', false, INSIDE],
    [['+/srv', '-/srv/x', '+/srv/x/y', '-/srv/x/y/z'], '/srv/x/y/z', false, OUTSIDE],
    [['+/srv/**/*.db', '-/srv/cache'], '/srv/cache', true, OUTSIDE],
    [['+/srv/**/*.db', '-/srv/cache'], '/srv/cache/a.db', false, OUTSIDE],
    [['+/srv/**/*.db'], '/srv/a/b', true, WAY],
    [['+/srv/**/*.db'], '/srv/a.db', false, INSIDE],
    [['+/srv/**/*.db'], '/srv/a.db/inner', false, INSIDE],
    [['+/srv/**'], '/srv/a/b', false, INSIDE],
    [['+/srv/logs/'], '/srv/logs', false, OUTSIDE],
    [['+/srv/logs/'], '/srv/logs', true, INSIDE],
    [['+/srv/?.log'], '/srv/a.log', false, INSIDE],
    [['+/srv/?.log'], '/srv/ab.log', false, OUTSIDE],
    [['+/srv/*'], '/srv/.hidden', false, INSIDE],
    [['+/srv/*/x'], '/srv/a/b/x', false, OUTSIDE],
    [['+/a/**/b/**/c'], '/a/b/c', false, INSIDE],
    [['+/a/**/b/**/c'], '/a/x/b/y/z/c', false, INSIDE],
    [['+/a/**/b/**/c'], '/a/x/c', false, OUTSIDE],
  ] as const)('%j: %s (directory: %s) is %s', (rules, path, isDirectory, verdict) => {
    expect(scopeOf(raw('/srv'), parse(...rules)).decide(path, isDirectory)).toBe(verdict);
  });

  it.each([
    [['+/srv'], true],
    [['+/'.concat('srv/**')], true],
    [['+/srv', '-/srv/cache'], false],
    [['+/srv', '-/other'], true],
    [['+/srv', '-/srv/**/*.tmp'], false],
    [['+/srv/*.db'], false],
    [['+/srv', '-/**/*.tmp'], false],
  ] as const)('%j covers the whole of /srv: %s', (rules, whole) => {
    expect(scopeOf(raw('/srv'), parse(...rules)).whole).toBe(whole);
  });

  it('a directory that is on the way or inside leads to everything that is inside', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
    const part = fc.constantFrom('a', 'b', '*', '**', '?');
    const rule = fc
      .tuple(fc.constantFrom('+', '-'), fc.array(part, { minLength: 1, maxLength: 4 }))
      .map(([sign, parts]) => `${sign}/${parts.join('/')}`);
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), path, (rules, file) => {
        const scope = scopeOf(raw('/'), parse(...rules));
        if (scope.decide(file, false) !== 'inside') return;
        for (let at = file.lastIndexOf('/'); at > 0; at = file.lastIndexOf('/', at - 1))
          expect(scope.decide(file.slice(0, at), true)).not.toBe('outside');
      }),
      { numRuns: 2000 },
    );
  });
});

/** The wildcards by their definition, character by character. */
function naive(pattern: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return name.length === 0;
  if (first === '*') return naive(rest, name) || (name.length > 0 && naive(pattern, name.slice(1)));
  return name.length > 0 && (first === '?' || first === name[0]) && naive(rest, name.slice(1));
}

describe('wildcards', () => {
  it('only * and ? are special; every other character and every byte is itself', () => {
    const character = fc.constantFrom(...('ab.[]{}!()+@|\\^$,"\'-#~ \n:=&%é😀'.match(/./gsu) ?? []), '\udcff');
    const characters = fc.array(character, { minLength: 1, maxLength: 5 });
    const pattern = fc.array(fc.oneof(character, fc.constantFrom('*', '?')), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(pattern, characters, (p, n) => {
        const [text, name] = [p.join(''), n.join('')];
        fc.pre(!['.', '..', '**'].includes(text) && !['.', '..'].includes(name));
        const scope = scopeOf(raw('/x'), parse(`+/x/${text}`));
        expect(scope.decide(`/x/${name}`, false) === 'inside').toBe(naive(p, n));
      }),
      { numRuns: 5000 },
    );
  });

  it('a name that is not UTF-8 is matched byte for byte', () => {
    const odd = rawFromBytes(Uint8Array.of(0x2f, 0x78, 0x2f, 0xff, 0x61));
    const rule = parseRule({ include: true, path: odd });
    const scope = scopeOf(raw('/x'), rule === null ? [] : [rule]);
    expect(scope.decide(rawToText(odd), false)).toBe('inside');
    expect(scope.decide(rawToText(rawFromBytes(Uint8Array.of(0x2f, 0x78, 0x2f, 0xfe, 0x61))), false)).toBe('outside');
  });
});

describe('directories to protect', () => {
  const probe = probeOf({
    '/srv': 'directory',
    '/srv/data': 'directory',
    '/srv/data/deep': 'directory',
    '/srv/file': 'other',
    '/var/lib': 'directory',
    '/var': 'directory',
  });
  const paths = (...texts: string[]) => protectedDirectories(parse(...texts), probe).map((found) => found.path);

  it.each([
    [['+/srv/data'], ['/srv/data']],
    [['+/srv/file'], ['/srv']],
    [['+/srv/data/*.db'], ['/srv/data']],
    [['+/srv/data/*/x'], ['/srv/data']],
    [['+/srv/data/new/x'], ['/srv/data']],
    [['+/srv/data', '+/srv/data/deep'], ['/srv/data']],
    [['+/srv/data/deep', '+/srv/file'], ['/srv']],
    [
      ['+/srv/data', '+/var/lib', '-/var'],
      ['/srv/data', '/var/lib'],
    ],
  ] as const)('%j needs %j', (rules, directories) => {
    expect(paths(...rules)).toEqual(directories);
  });
});

describe('[FSI7] what is refused, and why', () => {
  const context = {
    probe: probeOf(
      {
        '/srv': 'directory',
        '/srv/data': 'directory',
        '/srv/file': 'other',
        '/srv/link': 'symlink',
        '/srv/current': 'symlink',
        '/srv/current/in': 'directory',
        '/var': 'directory',
        '/var/lib': 'directory',
        '/var/lib/understudy': 'directory',
        '/var/lib/understudy/x': 'directory',
        '/etc': 'directory',
        '/etc/nginx': 'directory',
        '/proc': 'directory',
        '/proc/1': 'directory',
        '/README': 'other',
      },
      { '/srv/current': '/srv/data', '/srv/current/in': '/srv/data/in', '/srv/link': '/srv/file' },
    ),
    forbidden: FORBIDDEN_PLACES,
    own: [{ path: raw('/var/lib/understudy'), what: "the agent's home" }],
  };
  const verdict = (...texts: string[]) =>
    validateRules(
      texts.map((text) => ({ include: text.startsWith('+'), path: raw(text.slice(1)) })),
      context,
    );

  it.each([
    [['+srv/data'], 'not an absolute path'],
    [['+'], 'is empty'],
    [['+/srv/../etc'], 'holds ".."'],
    [['+/'], 'would protect the whole machine'],
    [['+/srv/', '+/./srv'], 'is given twice'],
    [['+/srv', '-/srv/'], 'both included and excluded'],
    [['-/srv'], 'no rule includes anything'],
    [[], 'no rule includes anything'],
    [['+/srv/file/'], '/srv/file is a file'],
    [['+/srv/file/*.db'], '/srv/file is a file'],
    [['+/srv/current'], 'write it with the real path, /srv/data'],
    [['+/srv/current/*'], 'write it with the real path, /srv/data'],
    [['+/srv/current/in'], 'write it with the real path, /srv/data/in'],
    [['+/etc'], "/etc is the system's own"],
    [['+/etc/nginx'], "/etc is the system's own"],
    [['+/proc/1'], "/proc is the system's own"],
    [['+/README'], 'the root directory itself'],
    [['+/nowhere/at/all'], 'the root directory itself'],
    [['+/*.txt'], 'the root directory itself'],
    [['+/var/lib'], "holds the agent's home"],
    [['+/var/*.db'], "holds the agent's home"],
    [['+/var/lib/understudy/x'], "lies within the agent's home"],
    [[`+/srv/${'n'.repeat(256)}`], 'more than 255 bytes'],
    [['+/srv/a\0b'], 'zero byte'],
  ] as const)('%j: %s', (rules, sentence) => {
    const { errors, directories } = verdict(...rules);
    expect(errors.join('\n')).toContain(sentence);
    expect(directories).toEqual([]);
  });

  it('accepts good sets, says of a missing path that it is missing, and takes a link to a file as a link', () => {
    expect(verdict('+/srv/data', '-/srv/data/cache').errors).toEqual([]);
    expect(verdict('+/srv/link').directories.map((found) => found.path)).toEqual(['/srv']);
    const missing = verdict('+/srv/data/later');
    expect(missing.errors).toEqual([]);
    expect(missing.notes.join()).toContain('/srv/data/later does not exist yet');
    expect(missing.directories.map((found) => found.path)).toEqual(['/srv/data']);
  });
});

describe('places', () => {
  it.each([
    ['/srv', '/srv', true],
    ['/srv/a', '/srv', true],
    ['/srv', '/srv/a/b', true],
    ['/srv', '/srv2', false],
    ['/', '/x', true],
    ['/srv//a/', '/srv/a', true],
  ])('%s and %s overlap: %s', (a, b, overlap) => {
    expect(placesOverlap(raw(a), raw(b))).toBe(overlap);
  });

  it('the replica lies beneath the base with its whole source path, or at the same path', () => {
    expect(replicaPathOf(raw('/copy/'), raw('/srv/data'))).toBe('/copy/srv/data');
    expect(replicaPathOf(raw('/'), raw('/srv/data'))).toBe('/srv/data');
    expect(replicaPathOf(null, raw('/srv/data'))).toBe('/srv/data');
  });
});
