import { describe, expect, it } from 'vitest';
import { raw } from '../testing/fake-interceptor.ts';
import { startOrder } from './start-order.ts';

describe('the order of starting', () => {
  const order = (jobs: Record<string, string[]>) =>
    startOrder(Object.keys(jobs), (name) => (jobs[name] ?? []).map(raw)).join(' ');

  it('puts a job before those whose directories it holds', () => {
    expect(order({ inner: ['/a/b'], outer: ['/a'], innermost: ['/a/b/c'] })).toBe('outer inner innermost');
  });

  it('looks at every directory, not only at the shallowest', () => {
    expect(order({ mixed: ['/z', '/a/b/c'], wide: ['/a/b'] })).toBe('wide mixed');
  });

  it('leaves the order as it is where nothing is shared, and gives up on none', () => {
    expect(order({ b: ['/b'], a: ['/a'], same: ['/a'], ab: ['/ab'] })).toBe('b a same ab');
    expect(order({ one: ['/a', '/b/c'], two: ['/b', '/a/d'] })).toBe('one two');
  });
});
