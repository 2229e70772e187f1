/**
 * A job that is being changed. In: the definition as it was loaded, as a person wants it, as somebody else has made it meanwhile. Out: the
 * fields that differ, and one definition of two. Promised: a field that was not touched is not sent, and of two editors neither undoes what
 * the other did without seeing it. Pure.
 */
import type { JobChanges, JobDefinition, RateWindow, RawPath } from '@understudy/wire';
import { rawPathFromText, shownPath } from '../raw-path.ts';

export const editable = [
  'bandwidth',
  'bandwidthWindows',
  'compression',
  'transmit',
  'mode',
  'synchronous',
  'include',
  'exclude',
  'ruleOrder',
  'mirror',
  'verifySchedule',
  'brake',
  'failover',
  'intercept',
  'targetWrites',
  'devices',
  'setuid',
] as const satisfies readonly (keyof JobDefinition)[];
export type Editable = (typeof editable)[number];

/** Not while the job runs. */
export const whenStopped: readonly Editable[] = ['intercept', 'targetWrites', 'devices', 'setuid'];

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

export const changedFields = (before: JobDefinition, after: JobDefinition): readonly Editable[] =>
  editable.filter((field) => !same(before[field], after[field]));

/** What `job.edit` is to be told. */
export function changesOf(before: JobDefinition, after: JobDefinition): JobChanges {
  return Object.fromEntries(changedFields(before, after).map((field) => [field, after[field] ?? null])) as JobChanges;
}

export interface Merged {
  readonly definition: JobDefinition;
  /** Fields that somebody else has changed. */
  readonly theirs: readonly Editable[];
  /** Of those the ones that were changed here, too, into something else: what is written here would replace it. */
  readonly both: readonly Editable[];
}

/** Mine on top of theirs. */
export function merged(base: JobDefinition, mine: JobDefinition, theirs: JobDefinition): Merged {
  const changedHere = changedFields(base, mine);
  const changedThere = changedFields(base, theirs);
  return {
    definition: { ...theirs, ...Object.fromEntries(changedHere.map((field) => [field, mine[field]])) },
    theirs: changedThere,
    both: changedThere.filter((field) => changedHere.includes(field) && !same(mine[field], theirs[field])),
  };
}

type Rules = Pick<JobDefinition, 'include' | 'exclude' | 'ruleOrder'>;

/** One rule a line, in their order. */
export function rulesText({ include, exclude, ruleOrder }: Rules): string {
  const [ins, outs] = [[...include], [...exclude]];
  const lines: string[] = [];
  for (const kind of ruleOrder ?? []) {
    const next = (kind === 'include' ? ins : outs).shift();
    if (next !== undefined) lines.push(line(kind, next));
  }
  return [...lines, ...ins.map((path) => line('include', path)), ...outs.map((path) => line('exclude', path))].join(
    '\n',
  );
}

const line = (kind: 'include' | 'exclude', path: RawPath): string =>
  `${kind === 'include' ? '+' : '-'} ${shownPath(path)}`;

/** Null: a line is no rule, or nothing is protected. A path that stood there before keeps its bytes. */
export function rulesOf(text: string, before: Rules): Rules | null {
  if (text.trim() === rulesText(before)) {
    const { include, exclude, ruleOrder } = before;
    return { include, exclude, ruleOrder };
  }
  const known = new Map([...before.include, ...before.exclude].map((path) => [shownPath(path), path]));
  const rules: { kind: 'include' | 'exclude'; path: RawPath }[] = [];
  for (const written of text.split('\n').map((each) => each.trim())) {
    if (written === '') continue;
    const match = /^([+-])\s*(\/.*)$/.exec(written);
    if (match === null) return null;
    const [, sign, path = ''] = match;
    rules.push({ kind: sign === '+' ? 'include' : 'exclude', path: known.get(path) ?? rawPathFromText(path) });
  }
  const of = (kind: 'include' | 'exclude'): RawPath[] =>
    rules.filter((rule) => rule.kind === kind).map(({ path }) => path);
  if (of('include').length === 0) return null;
  return { include: of('include'), exclude: of('exclude'), ruleOrder: rules.map(({ kind }) => kind) };
}

export const limits = ['none', 'fixed', 'schedule'] as const;
export type Limit = (typeof limits)[number];

export function limitOf({ bandwidth, bandwidthWindows = [] }: JobDefinition): Limit {
  if (bandwidthWindows.length > 0) return 'schedule';
  return bandwidth === null ? 'none' : 'fixed';
}

const MIB = 1024 * 1024;
/** 08:00–18:00 on working days. */
export const FIRST_WINDOW: RateWindow = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: 480, to: 1080, rate: MIB };

export function withLimit(definition: JobDefinition, limit: Limit): JobDefinition {
  const { bandwidth } = definition;
  if (limit === 'none') return { ...definition, bandwidth: null, bandwidthWindows: [] };
  if (limit === 'fixed') return { ...definition, bandwidth: bandwidth ?? 10 * MIB, bandwidthWindows: [] };
  return { ...definition, bandwidthWindows: [FIRST_WINDOW] };
}

const UNIT_MS = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 } as const;
export const ageUnits = ['minutes', 'hours', 'days'] as const;
export type AgeUnit = (typeof ageUnits)[number];

/** In the largest unit that holds it without a rest; what the command line gave in seconds is shown in minutes, rounded up. */
export function ageOf(ms: number | null): { readonly count: number | null; readonly unit: AgeUnit } {
  if (ms === null) return { count: null, unit: 'days' };
  const unit = ageUnits.findLast((one) => ms % UNIT_MS[one] === 0) ?? 'minutes';
  return { count: Math.ceil(ms / UNIT_MS[unit]), unit };
}
export const msOf = (count: number, unit: AgeUnit): number => count * UNIT_MS[unit];

/** Powers of two from 4 KiB to 1 MiB. */
export const BLOCK_SIZES: readonly number[] = Array.from({ length: 9 }, (_, power) => 4096 * 2 ** power);

export const toMib = (bytes: number): number => Math.round((bytes / MIB) * 1000) / 1000;
export const fromMib = (mib: number): number => Math.round(mib * MIB);

/** `18:00`; the end of a day is the beginning of the next one. */
export const clockText = (minute: number): string =>
  `${String(Math.floor(minute / 60) % 24).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

export function minuteOf(text: string): number | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match === null ? null : Number(match[1]) * 60 + Number(match[2]);
}
