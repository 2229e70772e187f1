import { describe, expect, it } from 'vitest';
import { collected, parseInterval, parseRate, parseRateWindow, parseSize, parseWindow } from './transmission-values.ts';

const said = (parse: () => unknown): string => {
  try {
    return JSON.stringify(parse());
  } catch (error) {
    return (error as Error).message;
  }
};

describe('values of transmission', () => {
  it.each([
    ['10Mbit', 1_250_000],
    ['10mbit/s', 1_250_000],
    ['10Mbps', null],
    ['2MB', 2_000_000],
    ['2MiB/s', 2_097_152],
    ['512 kbit', 64_000],
    ['1.5Gbit', 187_500_000],
    ['none', null],
  ])('a rate %s', (text, bytes) => {
    if (text === '10Mbps') expect(said(() => parseRate(text))).toContain('Write a rate');
    else expect(parseRate(text)).toBe(bytes);
  });

  it.each(['10', '10Mb', '-1Mbit', 'fast', '10Mbit extra', ''])('no rate: %s', (text) => {
    expect(said(() => parseRate(text))).toContain('Write a rate in bits per second such as 10Mbit');
  });

  it('a rate that is no use', () => {
    expect(said(() => parseRate('1kbit'))).toContain('at least 66kbit');
  });

  it('sizes and intervals', () => {
    expect([parseSize('64MiB'), parseSize('2GB'), parseSize('none')]).toEqual([67_108_864, 2_000_000_000, null]);
    expect(said(() => parseSize('64'))).toContain('64MiB');
    expect([parseInterval('15m'), parseInterval('4h'), parseInterval('none')]).toEqual([15, 240, null]);
    for (const wrong of ['15', '0m', '30s', '8d']) expect(said(() => parseInterval(wrong))).toContain('15m');
  });

  it('windows', () => {
    expect(parseWindow('mon-fri 22:00-06:00')).toEqual({
      days: ['mon', 'tue', 'wed', 'thu', 'fri'],
      from: 1320,
      to: 360,
    });
    expect(parseWindow('fri-mon 0:00-24:00')).toEqual({ days: ['fri', 'sat', 'sun', 'mon'], from: 0, to: 1440 });
    expect(parseWindow('sat,sun 08:30-12:15').days).toEqual(['sat', 'sun']);
    expect(parseRateWindow('daily 08:00-18:00 2Mbit')).toMatchObject({ from: 480, to: 1080, rate: 250_000 });
    for (const wrong of [
      'mon',
      'mon 8-9',
      'someday 08:00-09:00',
      'mon 25:00-26:00',
      'mon 08:61-09:00',
      'mon 24:00-08:00',
    ])
      expect(said(() => parseWindow(wrong))).toContain('mon-fri 22:00-06:00');
    expect(said(() => parseWindow('mon 08:00-08:00'))).toContain('00:00-24:00');
    expect(said(() => parseRateWindow('mon 2Mbit'))).toContain('days, hours and a rate');
  });

  it('none empties a list and stands alone', () => {
    const add = collected(parseWindow);
    expect(add('none', undefined)).toEqual([]);
    expect(said(() => add('none', add('mon 08:00-09:00', undefined)))).toContain('stands alone');
  });
});
