/**
 * screen: a job as a person sees it in a terminal. In: a status, what surrounds it, and a width; out: text. Promised: pure, no line is
 * wider than `width`, every number has a unit, and figures of a lost connection are never shown as if they were of now.
 */
import { formatBytes } from '@understudy/base';
import type { AgentEvent, JobStatus } from '@understudy/wire';
import { type Paint, paints } from '../paint.ts';
import { counted, duration, eventText, grouped, sentence, shown } from '../text.ts';
import { clip, clock, gap, visibleLength, wrap } from './layout.ts';
import { drawPath } from './path.ts';
import { NO_RATES, type Rates } from './rates.ts';
import { failoverWords } from './takeover.ts';
import { dirtyWord, filesOf, mirrorWord, recoveryAge, stateWord, synchronousWord, warningsOf } from './words.ts';

export interface Surroundings {
  readonly nowMs: number;
  readonly rates?: Rates;
  /** Oldest first; the last ones are shown. */
  readonly events?: readonly AgentEvent[];
  readonly colour?: boolean;
  /** Since when the source's agent does not answer, and why; null: it does. */
  readonly lost?: { readonly sinceMs: number; readonly sentence: string } | null;
}

const EVENTS_SHOWN = 5;
const LABEL_WIDTH = 16;
/** Paths that were given up. */
const LISTED = 5;

export function render(status: JobStatus, width: number, around: Surroundings): string {
  const columns = Math.max(40, Math.min(width, 120));
  const paint = paints(around.colour === true);
  const lost = around.lost ?? null;
  const rates = lost === null ? (around.rates ?? NO_RATES) : NO_RATES;
  const lines = [
    ...header(status, columns, paint, lost !== null),
    ...(lost === null ? [] : lostLines(lost, columns, paint, around.nowMs)),
    ...reasonLines(status, columns, paint),
    '',
    ...drawPath(status, rates, columns, paint),
    '',
    ...facts(status, rates, paint, { nowMs: around.nowMs, isLive: lost === null }),
    ...dirtyLines(status, columns, paint),
    ...failoverLines(status, columns, paint),
    ...eventLines(around.events ?? [], columns, paint),
    '',
    `${label('possible now', paint)}${status.actions.length === 0 ? 'nothing' : status.actions.join(' · ')}`,
  ];
  return `${lines.map((line) => clip(line, columns)).join('\n')}\n`;
}

function label(text: string, paint: Paint): string {
  return paint.dim(text.padEnd(LABEL_WIDTH));
}

function header(status: JobStatus, columns: number, paint: Paint, isLost: boolean): string[] {
  const word = isLost ? paint.gray(`? last known: ${status.state}`) : stateWord(status.state, paint);
  const title = `${paint.bold(status.name)}  ${status.source} → ${status.target}`;
  const titleLine = `${title}${gap(columns - visibleLength(title) - visibleLength(word))}${word}`;
  return [titleLine, paint.dim('─'.repeat(columns))];
}

function lostLines(
  lost: { sinceMs: number; sentence: string },
  columns: number,
  paint: Paint,
  nowMs: number,
): string[] {
  const text = `the source's agent does not answer since ${duration(nowMs - lost.sinceMs)}; the figures are of then. ${lost.sentence}`;
  return wrap(sentence(text), columns).map((line) => paint.red(line));
}

function reasonLines(status: JobStatus, columns: number, paint: Paint): string[] {
  const lines: string[] = [];
  if (status.reason !== null)
    lines.push(...wrap(sentence(status.reason.sentence), columns).map((line) => paint.yellow(line)));
  if (typeof status.interceptorReason === 'string' && status.interceptorReason !== '')
    lines.push(...wrap(sentence(status.interceptorReason), columns).map((line) => paint.dim(line)));
  if (status.targetWrites?.state === 'unguarded')
    lines.push(...wrap(sentence(status.targetWrites.sentence), columns).map((line) => paint.yellow(line)));
  for (const warning of warningsOf(status))
    lines.push(...wrap(sentence(warning), columns).map((line) => paint.yellow(line)));
  if ((status.mountUsers ?? []).length > 0)
    lines.push(...wrap(`still mounted as pass-through, used by ${status.mountUsers?.join(', ')}`, columns));
  return lines;
}

/** How much may differ from the source, and why: it is sent again. */
function dirtyLines({ replication: { dirty } }: JobStatus, columns: number, paint: Paint): string[] {
  if (dirty === undefined) return [];
  return wrap(dirtyWord(dirty), columns - LABEL_WIDTH).map(
    (line, index) => `${label(index === 0 ? 'dirty' : '', paint)}${paint.yellow(line)}`,
  );
}

function failoverLines({ failover, name }: JobStatus, columns: number, paint: Paint): string[] {
  if (failover === undefined) return [];
  return failoverWords(failover).flatMap(({ label: title, text }) =>
    wrap(text.replaceAll('NAME', name), columns - LABEL_WIDTH).map(
      (line, index) => `${label(index === 0 ? title : '', paint)}${line}`,
    ),
  );
}

interface Moment {
  readonly nowMs: number;
  readonly isLive: boolean;
}

function facts(status: JobStatus, rates: Rates, paint: Paint, { nowMs, isLive }: Moment): string[] {
  const { replication, recoveryPoint } = status;
  const lines = mirrorLines(status, rates, paint);
  const at =
    recoveryPoint.time === null
      ? ''
      : ` · ${clock(recoveryPoint.time)} · position ${groupedText(recoveryPoint.position)}`;
  lines.push(`${label('recovery point', paint)}${recoveryAge(status, nowMs, isLive)}${at}`);
  const waiting = status.targetQueue ?? { operations: 0, bytes: 0, oldest: null };
  if (waiting.operations > 0) {
    const age =
      waiting.oldest === null ? '' : ` · the oldest ${duration(Math.max(0, nowMs - Date.parse(waiting.oldest)))} old`;
    const what = `${counted(waiting.operations, 'operation')}, ${formatBytes(waiting.bytes)} to apply`;
    lines.push(`${label('at the target', paint)}${what}${age}`);
  }
  if (status.targetDataState !== 'ok')
    lines.push(`${label('target data', paint)}${paint.yellow(status.targetDataState)}`);
  if (status.synchronous !== undefined)
    lines.push(`${label('synchronous', paint)}${synchronousWord(status.synchronous)}`);
  if (status.verification !== undefined) {
    const { percent, differences } = status.verification;
    const found = differences === 0 ? 'no difference so far' : paint.yellow(`${grouped(differences)} differ so far`);
    lines.push(`${label('verification', paint)}${Math.floor(percent)} % · ${found}`);
  }
  lines.push(...unrepairableLines(status, paint));
  if (replication.lastFileTouched !== null)
    lines.push(`${label('last file', paint)}${shown(replication.lastFileTouched)}`);
  return lines;
}

function unrepairableLines({ unrepairable = 0, unrepairablePaths = [] }: JobStatus, paint: Paint): string[] {
  if (unrepairable === 0) return [];
  const listed = unrepairablePaths.slice(0, LISTED);
  const more = unrepairable - listed.length;
  return [
    `${label('unrepairable', paint)}${paint.red(counted(unrepairable, 'file'))}`,
    ...listed.map((path) => `${label('', paint)}${shown(path)}`),
    ...(listed.length > 0 && more > 0 ? [`${label('', paint)}and ${grouped(more)} more`] : []),
  ];
}

function mirrorLines(status: JobStatus, rates: Rates, paint: Paint): string[] {
  const { mirror } = status;
  const words = [mirrorWord(status), filesOf(mirror.filesDone, mirror.filesTotal)];
  const bytes: string[] = [];
  if (mirror.bytesSent > 0) bytes.push(`${formatBytes(mirror.bytesSent)} sent`);
  if (mirror.bytesSkipped > 0) bytes.push(`${formatBytes(mirror.bytesSkipped)} equal already`);
  if (mirror.bytesRemaining > 0) bytes.push(`${formatBytes(mirror.bytesRemaining)} left`);
  if (mirror.state === 'idle') return [`${label('mirror', paint)}${[...words, ...bytes].join(' · ')}`];
  const pace: string[] = [];
  if (rates.mirror !== null) pace.push(`${formatBytes(rates.mirror)}/s`);
  if (rates.timeLeftMs !== null) pace.push(`about ${duration(rates.timeLeftMs)} to go`);
  return [
    `${label('mirror', paint)}${words.join(' · ')}`,
    `${label('', paint)}${bar(mirror.percent, 30, paint)} ${pace.join(' · ')}`.trimEnd(),
    ...(bytes.length === 0 ? [] : [`${label('', paint)}${bytes.join(' · ')}`]),
  ];
}

function bar(percent: number, cells: number, paint: Paint): string {
  const full = Math.floor((Math.min(100, percent) / 100) * cells);
  return `${paint.cyan('━'.repeat(full))}${paint.dim('─'.repeat(cells - full))}`;
}

function groupedText(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

function eventLines(events: readonly AgentEvent[], columns: number, paint: Paint): string[] {
  if (events.length === 0) return [];
  const colours = { information: paint.dim, warning: paint.yellow, error: paint.red };
  const lines = events.slice(-EVENTS_SHOWN).map((event) => {
    const text = `${clock(event.time)}  ${event.severity.padEnd(11)}  ${eventText(event)}`;
    return colours[event.severity](clip(text, columns));
  });
  return ['', paint.dim('last events'), ...lines];
}
