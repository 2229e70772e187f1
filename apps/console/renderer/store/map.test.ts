import { expect, test } from 'vitest';
import { endOf, LIVE, serverOf } from '../../testing.ts';
import { type JobView, jobsOf } from './jobs.ts';
import { mapOf, NODE } from './map.ts';

const servers = { alpha: serverOf('alpha', LIVE), beta: serverOf('beta', LIVE), gamma: serverOf('gamma', LIVE) };
function jobsFrom(
  ...given: readonly (readonly [name: string, source: string, target: string, state: 'protected' | 'halted'])[]
) {
  const ends = Object.fromEntries(
    given.map(([name, source, target, state]) => [`${source}/${name}`, endOf(source, { name, source, target, state })]),
  );
  return jobsOf(ends, servers) as JobView[];
}

test('jobs between the same two servers are one strand, which shows the worst of them', () => {
  const { strands, sources, targets } = mapOf(
    jobsFrom(
      ['two', 'alpha', 'beta', 'halted'],
      ['one', 'alpha', 'beta', 'protected'],
      ['back', 'beta', 'alpha', 'protected'],
    ),
  );
  expect(
    strands.map(({ source, target, jobs, health }) => [source, target, jobs.map(({ name }) => name), health]),
  ).toEqual([
    ['alpha', 'beta', ['one', 'two'], 'halted'],
    ['beta', 'alpha', ['back'], 'good'],
  ]);
  expect([sources, targets].map((nodes) => nodes.map(({ name }) => name))).toEqual([
    ['alpha', 'beta'],
    ['beta', 'alpha'],
  ]);
});

test('nothing overlaps, everything lies within, and the order of the jobs changes nothing', () => {
  const given = ['a', 'b', 'c', 'd', 'e'].map((name) => [name, `source-${name}`, 'gamma', 'protected'] as const);
  const map = mapOf(jobsFrom(...given));
  expect(mapOf(jobsFrom(...[...given].reverse()))).toEqual(map);
  expect(map.height).toBe(5 * NODE.height + 4 * NODE.gap);
  expect(new Set(map.sources.map(({ y }) => y)).size).toBe(5);
  for (const { from, to } of map.strands) {
    expect(from.y).toBeLessThan(map.height);
    expect(to.x + NODE.width).toBe(map.width);
  }
  expect(mapOf([])).toMatchObject({ sources: [], targets: [], strands: [], height: 0 });
});
