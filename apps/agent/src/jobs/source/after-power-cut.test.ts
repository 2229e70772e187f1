import { rawFromText } from '@understudy/base';
import type { PowerCut, ProtectedRoot } from '@understudy/engine';
import { describe, expect, it } from 'vitest';
import { isOfLostRing, regionsAfter } from './after-power-cut.ts';
import type { JobRoot } from './job-roots.ts';

const root = (path: string, served = path): JobRoot => {
  const one = { id: 1, path: rawFromText(path), files: {} } as unknown as ProtectedRoot;
  return { ...one, served: { ...one, path: rawFromText(served) }, guard: null };
};
const cut: PowerCut = {
  ring: 'lost',
  bootedAtMs: 7,
  roots: [
    { path: rawFromText('/a'), regions: [{ kind: 'all' }] },
    { path: rawFromText('/b'), regions: [] },
    { path: rawFromText('/b/inner'), regions: [{ kind: 'all' }] },
  ],
  unknown: [rawFromText('/b/other')],
};
const key = (ring: string, id: number, more: Partial<{ epoch: number; path: string; node: string }> = {}) =>
  JSON.stringify([ring, more.epoch ?? 1, null, [], [['a'], []], [[id, more.path ?? '/a', more.node ?? '5']]]);

describe('after a power cut', () => {
  it('[SRM3] a job has the regions of its roots, in its order, and none where the log does not speak for all of them', () => {
    expect(regionsAfter(cut, [root('/b'), root('/a')])).toEqual({ regions: [[], [{ kind: 'all' }]], bootedAtMs: 7 });
    expect(regionsAfter(cut, [root('/a'), root('/c')])).toBeNull();
    expect(regionsAfter(null, [root('/a')])).toBeNull();
  });

  it('[SRM3] a root beneath a wider one has the regions of that, and of roots within roots those of the innermost', () => {
    const regions = (path: string, served: string) => regionsAfter(cut, [root(path, served)])?.regions;
    expect(regions('/b/beneath', '/b')).toEqual([[]]);
    expect(regions('/b/inner/beneath', '/b/inner')).toEqual([[{ kind: 'all' }]]);
    expect(regions('/b/innermost', '/b')).toEqual([[]]);
    // The wider root's log does not speak for a file system beneath it of which nothing is known.
    expect(regions('/b/other/beneath', '/b')).toBeUndefined();
  });

  it('[SRM3] what was kept counts for the ring that was lost and for the same roots and rules, whatever their numbers are now', () => {
    expect(isOfLostRing(key('lost', 3), key('new', 9), 'lost')).toBe(true);
    expect(isOfLostRing(key('older', 3), key('new', 9), 'lost')).toBe(false);
    expect(isOfLostRing(key('lost', 3, { epoch: 2 }), key('new', 9), 'lost')).toBe(false);
    expect(isOfLostRing(key('lost', 3, { path: '/x' }), key('new', 9), 'lost')).toBe(false);
    expect(isOfLostRing(key('lost', 3, { node: '6' }), key('new', 9), 'lost')).toBe(false);
    expect(isOfLostRing('no key', key('new', 9), 'lost')).toBe(false);
  });
});
