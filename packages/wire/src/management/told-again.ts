/**
 * A status is told once a second and hardly differs from the one before. In: what came, one payload after the other, of one subscription.
 * Out: what the topic's schema makes of it. Promised: nothing passes that the schema would refuse; what is as it was when it was checked is
 * not checked again, and keeps its identity.
 */
import type { z } from 'zod';
import { type TopicName, topics } from './calls.ts';
import { type JobStatus, jobStatusSchema } from './job.ts';

/** How a payload is checked. */
export type PayloadCheck = (payload: unknown) => z.ZodSafeParseResult<unknown>;

export function checkOf(topic: TopicName): PayloadCheck {
  if (topic === 'job-status') return statusCheck();
  const { payload: schema } = topics[topic];
  return (payload) => schema.safeParse(payload);
}

/** Of one agent; the statuses of more jobs than this are checked as if each were the first. */
const STATUSES_KEPT = 10_000;

function statusCheck(): PayloadCheck {
  const last = new Map<string, JobStatus>();
  return (payload) => {
    const again = toldAgain(payload, last);
    // What differs too much, or is wrong, is looked at as a whole: the sentence about it is the schema's.
    const checked =
      again === null ? topics['job-status'].payload.safeParse(payload) : { success: true as const, data: again };
    if (!checked.success) return checked;
    const { name, status } = checked.data;
    if (status === null) last.delete(name);
    else if (last.has(name) || last.size < STATUSES_KEPT) last.set(name, status);
    return checked;
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function toldAgain(payload: unknown, last: ReadonlyMap<string, JobStatus>) {
  if (!isObject(payload) || typeof payload.name !== 'string') return null;
  const before = last.get(payload.name);
  if (before === undefined || !isObject(payload.status)) return null;
  const status = statusAgain(payload.status, before);
  return status === null ? null : { name: payload.name, status };
}

const parts = Object.entries(jobStatusSchema.shape) as readonly [keyof JobStatus, z.ZodType][];

/** The schema has no rule that spans two of its fields, so each that differs is checked by its own. Null: one of them is refused. */
function statusAgain(now: Readonly<Record<string, unknown>>, before: JobStatus): JobStatus | null {
  const status: Record<string, unknown> = {};
  for (const [key, schema] of parts) {
    let value: unknown = before[key];
    if (!isEqual(now[key], value)) {
      const checked = schema.safeParse(now[key]);
      if (!checked.success) return null;
      value = checked.data;
    }
    if (value !== undefined) status[key] = value;
  }
  return status as JobStatus;
}

/** Of JSON. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one))
    return Array.isArray(other) && one.length === other.length && one.every((item, i) => isEqual(item, other[i]));
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && isEqual(one[key], other[key]));
}
