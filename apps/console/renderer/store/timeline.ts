/**
 * The moments that a target offers, as a line. In: points, events, clocks. Out: where each stands, which one is meant, what is around it.
 * Promised: the line goes by time and the choice by points, so that each can be reached however close they lie. Pure.
 */
import type { Point } from '@understudy/wire';
import type { ServerEvent } from '../../shared/view.ts';

export interface TimelineEvent {
  readonly told: ServerEvent;
  /** On this machine's clock. */
  readonly atMs: number;
}

export interface Timeline {
  /** The oldest first; ms of this machine's clock. */
  readonly points: readonly { readonly point: Point; readonly atMs: number }[];
  readonly events: readonly TimelineEvent[];
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Clocks {
  readonly nowMs: number;
  /** Of the source, whose times the points bear. */
  readonly sourceOffsetMs: number;
  readonly offsetOf: (server: string) => number;
}

/** Null: there is no moment to go back to. */
export function timelineOf(points: readonly Point[], events: readonly ServerEvent[], clocks: Clocks): Timeline | null {
  const placed = points.map((point) => ({ point, atMs: Date.parse(point.time) - clocks.sourceOffsetMs }));
  const [first] = placed;
  if (first === undefined) return null;
  const toMs = Math.max(clocks.nowMs, ...placed.map(({ atMs }) => atMs), first.atMs + 1);
  const shown = events
    .map((told) => ({ told, atMs: Date.parse(told.event.time) - clocks.offsetOf(told.server) }))
    .filter(({ atMs }) => atMs >= first.atMs && atMs <= toMs)
    .sort((one, other) => one.atMs - other.atMs);
  return { points: placed, events: shown, fromMs: first.atMs, toMs };
}

/** Of the line's length, 0 to 1. */
export const shareAt = ({ fromMs, toMs }: Timeline, atMs: number): number =>
  Math.min(1, Math.max(0, (atMs - fromMs) / (toMs - fromMs)));

/** The point that lies nearest to that place; behind the last one, halfway to now, it is now: `points.length`. */
export function nearest(line: Timeline, share: number): number {
  const wanted = line.fromMs + share * (line.toMs - line.fromMs);
  const places = [...line.points.map(({ atMs }) => atMs), line.toMs];
  let best = 0;
  for (const [index, atMs] of places.entries())
    if (Math.abs(atMs - wanted) <= Math.abs((places[best] ?? 0) - wanted)) best = index;
  return best;
}

/** Where that time is chosen; a moment that was let go of meanwhile is nowhere. */
export function indexOf(line: Timeline, time: string | null): number | null {
  if (time === null) return line.points.length;
  const found = line.points.findIndex(({ point }) => point.time === time);
  return found < 0 ? null : found;
}

/** At most `count` of each side, in order. */
export function around(line: Timeline, atMs: number, count: number): readonly TimelineEvent[] {
  const before = line.events.filter((one) => one.atMs <= atMs).slice(-count);
  const after = line.events.filter((one) => one.atMs > atMs).slice(0, count);
  return [...before, ...after];
}

/** What goes when the replica is taken back to there: how long a time, and how many operations that are applied. */
export function givenUp(point: Point, appliedPosition: string, atMs: number, nowMs: number) {
  const operations = BigInt(appliedPosition) - BigInt(point.position);
  return { ms: Math.max(0, nowMs - atMs), operations: Number(operations > 0n ? operations : 0n) };
}
