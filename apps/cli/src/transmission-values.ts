/** How rates, sizes and windows of the week are written on a command line. Each wrong one gets a sentence with an example. */
import { InvalidArgumentError } from '@commander-js/extra-typings';
import {
  DAYS,
  type Day,
  FASTEST_RATE,
  LEAST_PORTION,
  type RateWindow,
  SLOWEST_RATE,
  type TimeWindow,
} from '@understudy/wire';

const BITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };
const BYTES: Readonly<Record<string, number>> = {
  ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4 },
};

const RATE_RULE =
  'Write a rate in bits per second such as 10Mbit or 512kbit, in bytes per second such as 2MB or 2MiB, or none.';

/** Bytes per second, null: no limit. `10Mbit`, `10Mbit/s`, `10Mbps`, `2MB`, `2MiB/s`, `none`. A number without a unit is refused. */
export function parseRate(text: string): number | null {
  const tidy = text.trim();
  if (tidy === 'none') return null;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+?)(?:\/s|ps)?$/i.exec(tidy);
  const unit = match?.[2] ?? '';
  // One letter decides between bits and bytes, so it is read as it is written: Mb is refused.
  const wrongCase = /^[kmg]b$/i.test(unit) && !unit.endsWith('B');
  const word = unit.toLowerCase().replace(/^([kmg])?b$/i, (all) => all.toLowerCase());
  const factor = wrongCase ? undefined : /bit$/i.test(unit) ? (BITS[word] ?? Number.NaN) / 8 : BYTES[word];
  const rate = Math.round(Number(match?.[1]) * (factor ?? Number.NaN));
  if (!Number.isFinite(rate)) throw new InvalidArgumentError(RATE_RULE);
  if (rate < SLOWEST_RATE)
    throw new InvalidArgumentError(`Write at least 66kbit (8KiB): below it one packet takes minutes. ${RATE_RULE}`);
  if (rate > FASTEST_RATE) throw new InvalidArgumentError(`Write at most 1000Gbit, or none. ${RATE_RULE}`);
  return rate;
}

const SIZE_RULE = 'Write a size above 0 with its unit, such as 64MiB, 2GB or 1TB, or none.';

/** `64MiB`, `1GB`, `none`. Bytes. */
export function parseSize(text: string): number | null {
  const tidy = text.trim();
  if (tidy === 'none') return null;
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]i?b|b)$/i.exec(tidy);
  const bytes = Math.round(Number(match?.[1]) * (BYTES[(match?.[2] ?? '').toLowerCase()] ?? Number.NaN));
  if (bytes > Number.MAX_SAFE_INTEGER) throw new InvalidArgumentError(`Write at most 9000TB. ${SIZE_RULE}`);
  if (Number.isFinite(bytes) && bytes >= 1) return bytes;
  throw new InvalidArgumentError(SIZE_RULE);
}

/** A size after which a transmission ends. */
export function parsePortion(text: string): number | null {
  const bytes = parseSize(text);
  if (bytes === null || bytes >= LEAST_PORTION) return bytes;
  throw new InvalidArgumentError(
    `Write at least 64KiB: a whole packet goes, and is often longer than that. ${SIZE_RULE}`,
  );
}

/** `15m`, `4h`, `none`. Minutes, at most a week. */
export function parseInterval(text: string): number | null {
  const tidy = text.trim();
  if (tidy === 'none') return null;
  const match = /^(\d+)\s*(m|min|h|d)$/.exec(tidy);
  const minutes = Number(match?.[1]) * ({ m: 1, min: 1, h: 60, d: 1440 }[match?.[2] ?? ''] ?? Number.NaN);
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= 10_080) return minutes;
  throw new InvalidArgumentError(
    'Write how often in whole minutes, hours or days, from 1m to 7d, such as 15m, 4h or 1d, or none.',
  );
}

const MINUTES_A_DAY = 1440;
const WINDOW_RULE = 'Write days and hours such as "mon-fri 22:00-06:00", "sat,sun 00:00-24:00" or "daily 12:00-13:00".';

/** `mon-fri 22:00-06:00`: what ends before it begins ends on the next day. */
export function parseWindow(text: string): TimeWindow {
  const match = /^(\S+)\s+(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(text.trim().toLowerCase());
  if (match === null) throw new InvalidArgumentError(WINDOW_RULE);
  const days = parseDays(match[1] ?? '');
  if (days === null)
    throw new InvalidArgumentError(`Days are called ${DAYS.join(', ')}; all of them are daily. ${WINDOW_RULE}`);
  const from = minuteOf(match[2], match[3]);
  const to = minuteOf(match[4], match[5]);
  if (from === null || to === null || from >= MINUTES_A_DAY)
    throw new InvalidArgumentError(`A day goes from 00:00 to 24:00, and an hour to its minute 59. ${WINDOW_RULE}`);
  if (from === to)
    throw new InvalidArgumentError(`A window cannot end when it begins; a whole day is 00:00-24:00. ${WINDOW_RULE}`);
  return { days, from, to };
}

/** `mon-fri 08:00-18:00 2Mbit`. */
export function parseRateWindow(text: string): RateWindow {
  const parts = text.trim().split(/\s+/);
  const rate = parts.pop();
  if (rate === undefined || parts.length !== 2)
    throw new InvalidArgumentError('Write days, hours and a rate, such as "mon-fri 08:00-18:00 2Mbit".');
  return { ...parseWindow(parts.join(' ')), rate: parseRate(rate) };
}

/** Of several the first that holds counts: one within whose hours another holds always would be without any effect. */
export function demandEffect(window: TimeWindow, before: readonly TimeWindow[]): void {
  const taken = new Set(before.flatMap(minutesOf));
  if (minutesOf(window).some((minute) => !taken.has(minute))) return;
  throw new InvalidArgumentError(
    'It would never hold: of several the first that holds counts, and those before it hold in all of its hours. Write it before them.',
  );
}

/** Of the week, Sunday first. */
function minutesOf({ days, from, to }: TimeWindow): number[] {
  const length = to > from ? to - from : to + MINUTES_A_DAY - from;
  return days.flatMap((day) => {
    const begin = DAYS.indexOf(day) * MINUTES_A_DAY + from;
    return Array.from({ length }, (_, i) => (begin + i) % (DAYS.length * MINUTES_A_DAY));
  });
}

/** For options given several times; the single word none empties the list. */
export function collected<T>(
  parse: (text: string) => T,
  demand: (value: T, before: readonly T[]) => void = () => {},
): (text: string, before: readonly T[] | undefined) => T[] {
  return (text, before = []) => {
    if (text.trim() !== 'none') {
      const value = parse(text);
      demand(value, before);
      return [...before, value];
    }
    if (before.length > 0) throw new InvalidArgumentError('none stands alone: it takes away every window.');
    return [];
  };
}

function parseDays(text: string): Day[] | null {
  if (text === 'daily') return [...DAYS];
  const days = new Set<Day>();
  for (const part of text.split(',')) {
    const [first, last = first] = part.split('-').map((name) => DAYS.indexOf(name as Day));
    if (first === undefined || last === undefined || first < 0 || last < 0) return null;
    // fri-mon goes over the end of the week.
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(DAYS[day] as Day);
      if (day === last) break;
    }
  }
  return [...days];
}

function minuteOf(hours: string | undefined, minutes: string | undefined): number | null {
  const [hour, minute] = [Number(hours), Number(minutes)];
  if (!(minute < 60 && hour <= 24) || hour * 60 + minute > MINUTES_A_DAY) return null;
  return hour * 60 + minute;
}
