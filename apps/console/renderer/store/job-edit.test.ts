import { type JobDefinition, jobChangesSchema, jobDefinitionSchema, mirrorOptionsSchema } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rawPathFromBytes, rawPathFromText } from '../raw-path.ts';
import {
  ageOf,
  ageUnits,
  BLOCK_SIZES,
  changedFields,
  changesOf,
  clockText,
  limitOf,
  merged,
  minuteOf,
  msOf,
  rulesOf,
  rulesText,
  withLimit,
} from './job-edit.ts';

const BASE: JobDefinition = jobDefinitionSchema.parse({
  name: 'files',
  target: { name: 'beta', address: 'beta:7320', fingerprint: 'a'.repeat(64) },
  include: [rawPathFromText('/srv'), rawPathFromBytes(Uint8Array.of(0x2f, 0xff))],
  exclude: [rawPathFromText('/srv/tmp')],
});

test('only what differs is sent, and what was taken away is null', () => {
  expect(changesOf(BASE, { ...BASE })).toEqual({});
  const after = withLimit({ ...BASE, compression: 'high' as const, brake: null }, 'schedule');
  expect(changedFields(BASE, after)).toEqual(['bandwidthWindows', 'compression']);
  expect(jobChangesSchema.safeParse(changesOf(BASE, after)).success).toBe(true);
  expect([
    limitOf(BASE),
    limitOf(after),
    limitOf(withLimit(after, 'fixed')),
    limitOf(withLimit(after, 'none')),
  ]).toEqual(['none', 'schedule', 'fixed', 'none']);
});

describe('two editors', () => {
  const theirs = { ...BASE, compression: 'low' as const, bandwidth: 1_000_000 };
  test('what only one of them has changed is kept', () => {
    const mine = { ...BASE, mode: 'sync' as const };
    const both = merged(BASE, mine, theirs);
    expect(both).toMatchObject({ theirs: ['bandwidth', 'compression'], both: [] });
    expect(both.definition).toMatchObject({ mode: 'sync', compression: 'low', bandwidth: 1_000_000 });
    expect(changedFields(theirs, both.definition)).toEqual(['mode']);
  });
  test('what both have changed is named', () => {
    const mine = { ...BASE, compression: 'high' as const, bandwidth: 1_000_000 };
    expect(merged(BASE, mine, theirs)).toMatchObject({ both: ['compression'], definition: { compression: 'high' } });
  });
});

describe('rules as text', () => {
  test('come back with the bytes they had, in their order', () => {
    const text = rulesText(BASE);
    expect(text).toBe('+ /srv\n+ /\\xff\n- /srv/tmp');
    expect(rulesOf(`${text}\n`, BASE)).toEqual({ include: BASE.include, exclude: BASE.exclude, ruleOrder: undefined });
    const turned = rulesOf('- /srv/tmp\n+/srv\n\n + /\\xff\n+ /home', BASE);
    expect(turned?.ruleOrder).toEqual(['exclude', 'include', 'include', 'include']);
    expect(turned?.include[1]).toEqual(BASE.include[1]);
    expect(turned?.include[2]).toEqual(rawPathFromText('/home'));
  });
  test.each(['', '- /srv', '/srv', '+ srv', '* /srv'])('%j is refused', (text) =>
    expect(rulesOf(text, BASE)).toBe(null),
  );
});

test('an age is shown in the largest unit that holds it, and block sizes are those that an agent takes', () => {
  expect([ageOf(null), ageOf(7 * 86_400_000), ageOf(90 * 60_000), ageOf(36 * 3_600_000), ageOf(61_000)]).toEqual([
    { count: null, unit: 'days' },
    { count: 7, unit: 'days' },
    { count: 90, unit: 'minutes' },
    { count: 36, unit: 'hours' },
    { count: 2, unit: 'minutes' },
  ]);
  for (const unit of ageUnits) expect(ageOf(msOf(5, unit))).toEqual({ count: 5, unit });
  for (const blockSize of BLOCK_SIZES) expect(mirrorOptionsSchema.safeParse({ blockSize }).success).toBe(true);
  expect([BLOCK_SIZES[0], BLOCK_SIZES.at(-1)]).toEqual([4096, 1_048_576]);
});

test('every minute of a day is written and read again', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1439 }), (minute) => {
      expect(minuteOf(clockText(minute))).toBe(minute);
    }),
  );
  expect([clockText(1440), minuteOf('24:00'), minuteOf('8:00'), minuteOf('')]).toEqual(['00:00', null, null, null]);
});
