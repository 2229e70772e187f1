/** Figures and texts for people. In: numbers, times, text from anywhere. Out: text; every number with its unit. Pure but for the locale. */
import { formatBytes, printable, rawFromText } from '@understudy/base';

export interface Locale {
  /** As the system has it: `en-GB`, `de-AT`. */
  readonly tag: string;
}

const caches = new Map<string, Intl.NumberFormat>();

export function grouped(count: number, locale: Locale): string {
  const cached = caches.get(locale.tag) ?? new Intl.NumberFormat(locale.tag);
  caches.set(locale.tag, cached);
  return cached.format(count);
}

/** Binary units; the decimal sign is the locale's. */
export function bytes(count: number, locale: Locale): string {
  const text = formatBytes(count);
  return decimalComma(locale) ? text.replace('.', ',') : text;
}

export const rate = (bytesPerSecond: number, locale: Locale): string => `${bytes(bytesPerSecond, locale)}/s`;

const commas = new Map<string, boolean>();
function decimalComma({ tag }: Locale): boolean {
  const known = commas.get(tag);
  if (known !== undefined) return known;
  const found = new Intl.NumberFormat(tag).format(1.5).includes(',');
  commas.set(tag, found);
  return found;
}

/** `3 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: the words of the command line. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return joined(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return joined(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return joined(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

const joined = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;

/** Never 100 while something is left to do. */
export function percent(value: number, locale: Locale): string {
  const shown = value < 100 ? Math.min(99.9, Math.floor(value * 10) / 10) : 100;
  return `${grouped(shown, locale)} %`;
}

/** Local time with its zone. */
export function moment(iso: string, locale: Locale): string {
  return new Intl.DateTimeFormat(locale.tag, { dateStyle: 'medium', timeStyle: 'long' }).format(new Date(iso));
}

/** Within a day: the time alone, to the second. */
export function clock(iso: string, locale: Locale): string {
  return new Intl.DateTimeFormat(locale.tag, { timeStyle: 'medium' }).format(new Date(iso));
}

/** The day alone. */
export function day(iso: string, locale: Locale): string {
  return new Intl.DateTimeFormat(locale.tag, { month: 'short', day: 'numeric' }).format(new Date(iso));
}

/** For lists: today the time, else the day too. */
export function shortMoment(iso: string, nowMs: number, locale: Locale): string {
  const then = new Date(iso);
  if (then.toDateString() === new Date(nowMs).toDateString()) return clock(iso, locale);
  return new Intl.DateTimeFormat(locale.tag, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(then);
}

/** What turns the direction of text around could make a name look like another one. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A path or a name of any bytes: what is no character is written out. */
export function shown(text: string): string {
  return printable(rawFromText(text)).replace(
    TURNING,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A sentence of an agent: line breaks stay, other control characters are written out. */
export function sentence(text: string): string {
  return text.split('\n').map(plain).join('\n');
}

function plain(line: string): string {
  let written = '';
  for (const sign of line) {
    const code = sign.charCodeAt(0);
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    written += isControl ? `\\x${code.toString(16).padStart(2, '0')}` : sign;
  }
  return written.replace(TURNING, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A fingerprint in groups that can be compared by eye. */
export const fingerprintGroups = (fingerprint: string): string =>
  fingerprint.match(/.{1,8}/g)?.join(' ') ?? fingerprint;
