import { describe, expect, test } from 'vitest';
import { bytes, duration, fingerprintGroups, grouped, percent, rate, sentence, shown } from './format.ts';

const en = { tag: 'en-GB' };
const de = { tag: 'de-DE' };

describe('figures', () => {
  test.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1000, '1.0 s'],
    [4210, '4.2 s'],
    [59_400, '59 s'],
    [59_600, '1 min'],
    [200_000, '3 min 20 s'],
    [3_599_600, '1 h'],
    [7_500_000, '2 h 5 min'],
    [86_400_000, '1 d'],
    [273_600_000, '3 d 4 h'],
  ])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

  test('are grouped, and have their units, as the locale has it', () => {
    expect([grouped(1_234_567, en), grouped(1_234_567, de)]).toEqual(['1,234,567', '1.234.567']);
    expect([bytes(1536, en), bytes(1536, de), rate(0, en)]).toEqual(['1.5 KiB', '1,5 KiB', '0 B/s']);
  });

  test('never say 100 % while something is left', () => {
    expect([percent(99.999, en), percent(100, en), percent(0, en)]).toEqual(['99.9 %', '100 %', '0 %']);
  });
});

describe('what came from outside', () => {
  test('cannot hide or turn around: names', () => {
    expect(shown('a\u202egpj.exe')).toBe('a\\u202egpj.exe');
    expect(shown('tab\there')).toBe('tab\\x09here');
    expect(shown('\udcff')).toBe('\\xff');
    expect(shown('<img src=x>')).toBe('<img src=x>');
  });
  test('cannot hide or turn around: sentences keep their lines', () => {
    expect(sentence('one\ntwo\u0007\u2066x')).toBe('one\ntwo\\x07\\u2066x');
  });
});

test('a fingerprint can be compared by eye', () => {
  expect(fingerprintGroups('0123456789abcdef')).toBe('01234567 89abcdef');
});
