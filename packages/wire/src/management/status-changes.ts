/**
 * A status is told once a second and hardly differs from the one before: what is told is the difference. In: the statuses of jobs, one
 * after the other. Out: what changed, and from that the statuses again. Promised: nothing comes out that the schema would refuse, and what
 * is as it was keeps its identity.
 */
import { z } from 'zod';
import { type JobStatus, jobStatusSchema } from './job.ts';
import { jobNameSchema } from './vocabulary.ts';

/** Paths are `PART` or `PART.FIELD`: a part of a status, or one field of a part that is an object before and after. */
export interface StatusChanges {
  readonly set: Readonly<Record<string, unknown>>;
  readonly gone: readonly string[];
}

/** A job's whole status, null where the job was deleted; or, of one that was told as a whole before, what has changed since. */
export const jobNewsSchema = z.object({
  name: jobNameSchema,
  status: jobStatusSchema.nullable().optional(),
  set: z.record(z.string(), z.unknown()).optional(),
  gone: z.array(z.string()).optional(),
});
export type JobNews = z.output<typeof jobNewsSchema>;

/** Null: they are the same. What is `undefined` is not there, as in JSON. */
export function changesOf(before: JobStatus, now: JobStatus): StatusChanges | null {
  const found: Found = { set: {}, gone: [] };
  compare('', before, now, found, (part, one, other) => {
    if (!isRecord(one) || !isRecord(other)) return false;
    compare(`${part}.`, one, other, found, () => false);
    return true;
  });
  return found.gone.length === 0 && Object.keys(found.set).length === 0 ? null : found;
}

interface Found {
  readonly set: Record<string, unknown>;
  readonly gone: string[];
}

/** `within` answers whether it has looked into the two itself. */
function compare(
  at: string,
  before: object,
  now: object,
  { set, gone }: Found,
  within: (key: string, one: unknown, other: unknown) => boolean,
): void {
  const [old, young] = [before as Record<string, unknown>, now as Record<string, unknown>];
  for (const key of Object.keys(young)) {
    const [one, other] = [old[key], young[key]];
    if (other === undefined || other === one || within(key, one, other) || isEqual(one, other)) continue;
    set[at + key] = other;
  }
  for (const key of Object.keys(old)) if (old[key] !== undefined && young[key] === undefined) gone.push(at + key);
}

const parts = jobStatusSchema.shape as Readonly<Record<string, z.ZodType>>;

/** Not checked: for who has made the changes himself. A part that this version does not know is left out. */
export function withChanges(before: JobStatus, changes: StatusChanges): JobStatus {
  return changed(before, changes).status as unknown as JobStatus;
}

function changed(before: JobStatus, { set, gone }: StatusChanges) {
  const old = before as unknown as Readonly<Record<string, unknown>>;
  const status: Record<string, unknown> = { ...old };
  const touched = new Set<string>();
  const put = (path: string, value: unknown): void => {
    const dot = path.indexOf('.');
    const part = dot === -1 ? path : path.slice(0, dot);
    if (!Object.hasOwn(parts, part)) return;
    if (dot === -1) status[part] = value;
    else status[part] = withField(status[part], path.slice(dot + 1), value, !touched.has(part));
    touched.add(part);
    if (status[part] === undefined) delete status[part];
  };
  for (const path of Object.keys(set)) put(path, set[path]);
  for (const path of gone) put(path, undefined);
  return { status, touched };
}

/** What is shared with the status of before is copied first. */
function withField(part: unknown, field: string, value: unknown, isShared: boolean): unknown {
  const fields = isShared || !isRecord(part) ? { ...(isRecord(part) ? part : {}) } : part;
  // A field of this name would be no field, but where all objects come from.
  if (field === '__proto__') return fields;
  if (value === undefined) delete fields[field];
  else fields[field] = value;
  return fields;
}

/** What one listener was told. */
export class StatusTeller {
  readonly #told = new Map<string, JobStatus>();

  /** What to tell him now; null: he knows. */
  tell(name: string, status: JobStatus | null): JobNews | null {
    const before = this.#told.get(name);
    if (status === null) this.#told.delete(name);
    else this.#told.set(name, status);
    if (status === null || before === undefined) return { name, status };
    const changes = changesOf(before, status);
    return changes === null ? null : { name, set: changes.set, gone: [...changes.gone] };
  }
}

/** Of one agent. */
const STATUSES_KEPT = 10_000;

/** What a listener has heard. */
export class StatusBook {
  readonly #heard = new Map<string, JobStatus>();

  /** The job's status now, or null where it was deleted; a text says what is wrong with what was told. */
  take({ name, status, set = {}, gone = [] }: JobNews): JobStatus | null | string {
    if (status === null) this.#heard.delete(name);
    if (status !== undefined) return status === null ? null : this.#keep(name, status);
    const before = this.#heard.get(name);
    if (before === undefined) return `a change of ${name}, which was not told before`;
    const now = checkedChanges(before, { set, gone });
    return typeof now === 'string' ? now : this.#keep(name, now);
  }

  #keep(name: string, status: JobStatus): JobStatus | string {
    if (!this.#heard.has(name) && this.#heard.size >= STATUSES_KEPT) return `more than ${STATUSES_KEPT} jobs`;
    this.#heard.set(name, status);
    return status;
  }
}

/** The schema has no rule that spans two of its parts, so each that was touched is checked by its own. */
function checkedChanges(before: JobStatus, changes: StatusChanges): JobStatus | string {
  const { status, touched } = changed(before, changes);
  for (const part of touched) {
    const checked = (parts[part] as z.ZodType).safeParse(status[part]);
    if (!checked.success) return `${part}: ${checked.error.issues[0]?.message ?? 'wrong'}`;
    if (checked.data === undefined) delete status[part];
    else status[part] = checked.data;
  }
  return status as unknown as JobStatus;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of JSON. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one))
    return Array.isArray(other) && one.length === other.length && one.every((item, i) => isEqual(item, other[i]));
  if (!isRecord(one) || !isRecord(other)) return false;
  for (const key of Object.keys(one)) if (!isEqual(one[key], other[key])) return false;
  for (const key of Object.keys(other)) if (other[key] !== undefined && one[key] === undefined) return false;
  return true;
}
