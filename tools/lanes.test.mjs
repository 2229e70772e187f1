import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { apart, joined, laneCount, lanesOf, whyNotApart } from './lanes.mjs';

const spec = (name) => `e2e/specs/${name}.spec.ts`;

describe('lanes', () => {
  it('have every file once, and none is empty', () => {
    const files = ['synchronous', 'kills', 'topology', 'verbs', 'unheard-of'].map(spec);
    const lanes = lanesOf(files, 2);
    expect(lanes.flat().sort()).toEqual([...files].sort());
    expect(lanes).toHaveLength(2);
    expect(lanesOf([spec('verbs')], 2)).toEqual([[spec('verbs')]]);
  });

  it('are balanced by what the specs take: the longest has a lane to itself where the others together take less', () => {
    const lanes = lanesOf(['synchronous', 'kills', 'verbs', 'bypass'].map(spec), 2);
    expect(lanes[0]).toEqual([spec('synchronous')]);
  });

  it('are two for two processors, or as many as somebody says, in words that are checked', () => {
    expect([1, 2, 3, 8].map((processors) => laneCount('', processors))).toEqual([1, 2, 2, 4]);
    expect(laneCount('1', 2)).toBe(1);
    for (const wrong of ['0', '-1', 'two', '1.5', '100']) expect(() => laneCount(wrong, 2)).toThrow(/a whole number/);
  });

  it('do not see the processes outside', (ctx) => {
    const why = whyNotApart();
    if (why !== null) ctx.skip(`namespaces are not to be had here: ${why}`);
    const [program, args] = apart('sh', ['-c', 'echo $$; ls -d /proc/[0-9]* | wc -l']);
    const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
    const [pid, processes] = stdout.trim().split('\n').map(Number);
    expect(pid).toBe(1);
    expect(processes).toBeLessThan(6);
  });
});

describe('what the lanes said', () => {
  it('is added up, and no failure gets lost', () => {
    const one = {
      suites: { e2e: { passed: 2, failed: 1, skipped: 0, ms: 10 } },
      skipped: [],
      failed: [{ name: 'a', why: 'b' }],
    };
    const two = {
      suites: { e2e: { passed: 3, failed: 0, skipped: 1, ms: 5 } },
      skipped: [{ name: 's', why: 'w' }],
      failed: [],
    };
    expect(joined([one, two])).toEqual({
      suites: { e2e: { passed: 5, failed: 1, skipped: 1, ms: 15 } },
      skipped: [{ name: 's', why: 'w' }],
      failed: [{ name: 'a', why: 'b' }],
    });
  });
});
