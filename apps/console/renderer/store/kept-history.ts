/**
 * What an agent has kept of a job, and what this window has seen since, as one curve. In: the agent's answer, the window's own samples. Out:
 * columns for a chart. Promised: what the window has seen itself stands before what was kept, times are this machine's, and a stretch that
 * nobody measured stays a gap. Pure.
 */
import type { JobHistory } from '@understudy/wire';
import type { ServerView } from '../../shared/view.ts';
import type { Series } from './history.ts';
import type { JobView } from './jobs.ts';

export type Columns = readonly [times: number[], values: (number | null)[]];

export const spans = ['hour', 'day', 'month'] as const;
export type Span = (typeof spans)[number];
const HOUR_MS = 3_600_000;
/** How far back, and into how many stretches at most: a chart is no wider than that. */
export const SPANS: Readonly<Record<Span, { readonly ms: number; readonly points: number }>> = {
  hour: { ms: HOUR_MS, points: 370 },
  day: { ms: 24 * HOUR_MS, points: 730 },
  month: { ms: 30 * 24 * HOUR_MS, points: 730 },
};

/** Whom to ask: who captures, for only that one knows throughput and queue; else who answers. Null: nobody does. */
export function historian(job: JobView, servers: Readonly<Record<string, ServerView>>): ServerView | null {
  const ends = job.captor === null ? job.ends : [job.captor, ...job.ends];
  for (const { server } of ends) {
    const view = servers[server];
    if (view?.link.state === 'live') return view;
  }
  return null;
}

/** As they are asked for: in the server's own time. */
export function askedSpan(
  span: Span,
  nowMs: number,
  offsetMs: number,
): { readonly from: string; readonly limit: number } {
  const { ms, points } = SPANS[span];
  return { from: new Date(nowMs + offsetMs - ms).toISOString(), limit: points };
}

/** Each figure stands in the middle of its stretch. */
export function keptColumns(kept: JobHistory, name: Series, offsetMs: number): Columns {
  const values = valuesOf(kept, name);
  const begin = Date.parse(kept.from) - offsetMs + kept.resolutionMs / 2;
  return [values.map((_, i) => (begin + i * kept.resolutionMs) / 1000), values];
}

function valuesOf(kept: JobHistory, name: Series): (number | null)[] {
  if (name === 'wire') return [...kept.throughput];
  if (name === 'age') return [...kept.recoveryPointAgeMs];
  return kept.queueBytes.map((waiting, i) => {
    const parts = [waiting, kept.targetQueueBytes[i] ?? null];
    const known = parts.filter((part) => part !== null);
    return known.length === 0 ? null : known.reduce((sum, part) => sum + part, 0);
  });
}

/** From `sinceSeconds` on: what was kept until the window began to look, then what it saw. */
export function joined(kept: Columns | null, live: Columns, sinceSeconds: number): [number[], (number | null)[]] {
  const [times, values]: [number[], (number | null)[]] = [[], []];
  const add = (columns: Columns, untilSeconds: number): void => {
    for (const [i, time] of columns[0].entries()) {
      if (time < sinceSeconds || time >= untilSeconds) continue;
      times.push(time);
      values.push(columns[1][i] ?? null);
    }
  };
  if (kept !== null) add(kept, live[0][0] ?? Number.POSITIVE_INFINITY);
  add(live, Number.POSITIVE_INFINITY);
  return [times, values];
}
