import { InvalidArgumentError } from '@commander-js/extra-typings';
import { parseByteSize } from '@understudy/base';
import { blockSizeSchema } from '@understudy/wire';

/** The states of a job, in the order of its life; `wait --until` takes one of them. A test holds them to the agent's own list. */
export const JOB_STATES = [
  'stopped',
  'calculating',
  'mirroring',
  'repairing',
  'protected',
  'degraded',
  'paused',
  'disconnected',
  'replaying',
  'failing-over',
  'failed-over',
  'failing-back',
  'halted',
] as const;
export type JobStateName = (typeof JOB_STATES)[number];

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_MS = 86_400_000;

/** `500ms`, `60s`, `10m`, `1h`; a bare number is seconds. Milliseconds, at most a day. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(text.trim());
  const ms = match === null ? Number.NaN : Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? 's'] ?? Number.NaN));
  if (!(ms >= 1 && ms <= LONGEST_MS))
    throw new InvalidArgumentError('Write a time of at most a day, such as 60s, 10m or 1h.');
  return ms;
}

const LONGEST_AGE_MS = 36_500 * 86_400_000;

/** As a duration, but of things that lie about: up to a hundred years. Milliseconds. */
export function parseAge(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(m|h|d)$/.exec(text.trim());
  const ms = match === null ? Number.NaN : Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN));
  if (!(ms >= 1 && ms <= LONGEST_AGE_MS)) throw new InvalidArgumentError('Write an age such as 90m, 12h or 30d.');
  return ms;
}

/** `4096`, `64K`, `1M`. */
export function parseBlockSize(text: string): number {
  const parsed = blockSizeSchema.safeParse(parseByteSize(text));
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('Write a power of two from 4K to 1M, such as 16K.');
}

export function parseCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 1000) throw new InvalidArgumentError('Write a whole number from 1 to 1000.');
  return count;
}

/** A rule or folder as the agent takes it: an absolute path. Bytes that are no UTF-8 pass as lone surrogates. */
export function parseAbsolutePath(text: string): string {
  if (text.startsWith('/')) return text;
  const likely = /^\w[^/]*\//.test(text) ? `/${text}` : '/srv/data';
  throw new InvalidArgumentError(`Write an absolute path, for example ${likely}.`);
}

/** For options that may be given several times, each with one or more values. */
export function collectPaths(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), parseAbsolutePath(text)];
}
