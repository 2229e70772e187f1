/** The examples of "Which rule counts" in SPEC.md, held against the code, and the page against the examples. */
import { readFileSync } from 'node:fs';
import { rawFromText } from '@understudy/base';
import { expect, it } from 'vitest';
import { parseRule, scopeOf } from './index.ts';

const SPEC = readFileSync(new URL('../../../../SPEC.md', import.meta.url), 'utf8');

/** A row's rules, as the page writes them. */
function scopeFor(rules: string) {
  const inputs = [...rules.matchAll(/(include|exclude) `([^`]+)`/g)].map(([, kind, path = '']) => ({
    include: kind === 'include',
    path: rawFromText(path),
  }));
  return scopeOf(
    rawFromText('/srv'),
    inputs.map(parseRule).filter((rule) => rule !== null),
  );
}

it.each([
  ['include `/srv`, exclude `/srv/cache`', ['/srv/a'], ['/srv/cache/x', '/srv/cache']],
  ['exclude `/srv/cache`, include `/srv`', ['/srv/a'], ['/srv/cache/x']],
  [
    'include `/srv`, exclude `/srv/cache`, include `/srv/cache/keep`',
    ['/srv/cache/keep/x', '/srv/a'],
    ['/srv/cache/x'],
  ],
  [
    'include `/srv`, include `/srv/cache/keep`, exclude `/srv/cache`',
    ['/srv/a'],
    ['/srv/cache/keep/x', '/srv/cache/x'],
  ],
  ['include `/srv`, exclude `/srv/**/*.tmp`', ['/srv/a', '/srv/b/a.tm'], ['/srv/x.tmp', '/srv/a/b/x.tmp']],
])('%s', (rules, inside, outside) => {
  expect(SPEC).toContain(`| ${rules} |`);
  const scope = scopeFor(rules);
  for (const path of inside) expect([path, scope.decide(path, false)]).toEqual([path, 'inside']);
  for (const path of outside) expect([path, scope.decide(path, false)]).toEqual([path, 'outside']);
});
