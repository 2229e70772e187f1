import { describe, expect, it } from 'vitest';
import {
  collected,
  demandEffect,
  parseInterval,
  parsePortion,
  parseRate,
  parseRateWindow,
  parseSize,
  parseWindow,
} from './transmission-values.ts';

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
    expect(said(() => parseRate('1001Gbit'))).toContain('at most 1000Gbit, or none');
    expect(parseRate('1000Gbit')).toBe(125e9);
  });

  it('sizes and intervals', () => {
    expect([parseSize('64MiB'), parseSize('2GB'), parseSize('none')]).toEqual([67_108_864, 2_000_000_000, null]);
    expect(said(() => parseSize('64'))).toContain('64MiB');
    expect([parseInterval('15m'), parseInterval('4h'), parseInterval('none')]).toEqual([15, 240, null]);
    for (const wrong of ['15', '0m', '-5m', '1.5h', '30s', '8d', '2w'])
      expect(said(() => parseInterval(wrong))).toContain('from 1m to 7d, such as 15m');
    for (const wrong of ['15', '0m', '30s', '8d']) expect(said(() => parseInterval(wrong))).toContain('15m');
  });

  it('sizes as large as disks, and none that are no size', () => {
    expect([parseSize('1TB'), parseSize('1.5TiB')]).toEqual([1e12, 1.5 * 1024 ** 4]);
    for (const wrong of ['64', '64M', '64Mbit', '-1MB', '0MB', 'much'])
      expect(said(() => parseSize(wrong))).toBe(
        'Write a size above 0 with its unit, such as 64MiB, 2GB or 1TB, or none.',
      );
    expect(said(() => parseSize('99999999999GB'))).toContain('at most 9000TB');
    expect(parseSize('9000TB')).toBe(9e15);
  });

  it('a transmission ends after no less than a packet', () => {
    expect([parsePortion('64KiB'), parsePortion('20GB'), parsePortion('none')]).toEqual([65_536, 20e9, null]);
    expect(said(() => parsePortion('1KB'))).toMatch(/^Write at least 64KiB/);
    expect(said(() => parsePortion('1'))).toContain('with its unit');
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
    for (const wrong of ['mon 25:00-26:00', 'mon 08:61-09:00', 'mon 24:00-08:00', 'mon 10:00-24:30'])
      expect(said(() => parseWindow(wrong))).toMatch(
        /^A day goes from 00:00 to 24:00, and an hour to its minute 59\. /,
      );
    for (const wrong of ['monday 08:00-09:00', 'mon-fry 08:00-09:00', 'weekend 08:00-09:00'])
      expect(said(() => parseWindow(wrong))).toMatch(
        /^Days are called sun, mon, tue, wed, thu, fri, sat; all .* daily\. /,
      );
    expect(said(() => parseWindow('mon 08:00-08:00'))).toContain('00:00-24:00');
    expect(said(() => parseRateWindow('mon 2Mbit'))).toContain('days, hours and a rate');
  });

  it('none empties a list and stands alone', () => {
    const add = collected(parseWindow);
    expect(add('none', undefined)).toEqual([]);
    expect(said(() => add('none', add('mon 08:00-09:00', undefined)))).toContain('stands alone');
  });

  it('a rate that another one covers would never hold; windows to send in may lie over each other', () => {
    const rates = (...texts: string[]) => {
      const add = collected(parseRateWindow, demandEffect);
      return said(() =>
        texts.reduce<ReturnType<typeof add> | undefined>((before, text) => add(text, before), undefined),
      );
    };
    const [narrow, wide] = ['mon 09:00-10:00 1Mbit', 'mon-fri 08:00-18:00 2Mbit'];
    expect(rates(narrow, wide)).toContain('"rate":250000');
    expect(rates(wide, narrow)).toMatch(/^It would never hold: .* Write it before them\.$/);
    expect(rates(wide, wide)).toContain('never hold');
    expect(rates('mon 22:00-24:00 1Mbit', 'tue 00:00-06:00 1Mbit', 'mon 22:00-06:00 2Mbit')).toContain('never hold');
    expect(rates('sat 22:00-06:00 1Mbit', 'sun 00:00-06:01 2Mbit')).toContain('"rate":250000');
    expect(rates('sat 22:00-06:00 1Mbit', 'sun 00:00-06:00 2Mbit')).toContain('never hold');
    const add = collected(parseWindow);
    expect(add('mon 11:00-12:00', add('mon 10:00-13:00', undefined))).toHaveLength(2);
  });
});
