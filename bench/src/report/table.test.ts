import { expect, it } from 'vitest';
import type { ContenderFigure } from '../measure/figure.ts';
import { numberText, ratioText, tableOf } from './table.ts';

const one = (contender: string, value: number | null, more: Partial<ContenderFigure> = {}): ContenderFigure => ({
  contender,
  row: 'latency',
  measure: 'median',
  unit: 'ms',
  value,
  samples: 1,
  ...more,
});

it('puts the contenders beside each other, with their ratio to the product and whether the bar is reached', () => {
  const figures = [one('understudy', 5, { reach: { atMost: 10 } }), one('other', 1000), one('absent', null)];
  const [, line = ''] = tableOf(figures, ['understudy', 'other', 'absent', 'never']);
  expect(line.replace(/ +/g, ' ')).toBe('latency: median (ms) 5 1,000 x200 none – ≤ 10 reached');
});

it('says what was missed, also where there is no figure, and repeats every note', () => {
  const figures = [one('understudy', null, { reach: { atLeast: 1 }, note: 'too late' })];
  const lines = tableOf(figures, ['understudy']);
  expect(lines[1]).toContain('≥ 1 MISSED');
  expect(lines.at(-1)).toBe('  latency, median, understudy: too late');
});

it('shows as many digits as matter', () => {
  expect([0, 3, 2.714, 12.6, 1234567].map(numberText)).toEqual(['0', '3', '2.71', '13', '1,234,567']);
  expect([0.123, 4.56, 123.4].map(ratioText)).toEqual(['x0.12', 'x4.6', 'x123']);
});
