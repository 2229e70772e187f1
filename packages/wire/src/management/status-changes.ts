/**
 * A status is told once a second and hardly differs from the one before: what is told is the difference. In: the statuses of jobs, one
 * after the other. Out: what changed, and from that the statuses again. Promised: nothing comes out that the schema would refuse, and what
 * is as it was keeps its identity.
 */
import { must } from '@understudy/base';
import { z } from 'zod';
import { type JobStatus, jobStatusSchema } from './job.ts';
import { jobNameSchema } from './vocabulary.ts';

/** Paths are `PART` or `PART.FIELD`: a part of a status, or one field of a part that is an object before and after. */
export interface StatusChanges {
  readonly set: Readonly<Record<string, unknown>>;
  readonly gone: readonly string[];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A job's whole status, null where the job was deleted; or, of one that was told as a whole before, what has changed since. */
export const jobNewsSchema = z.object({
  name: jobNameSchema,
  status: jobStatusSchema.nullable().optional(),
  set: z.custom<Readonly<Record<string, unknown>>>(isRecord, 'an object').optional(),
  gone: z.array(z.string()).optional(),
});
export type JobNews = z.output<typeof jobNewsSchema>;

/** Null: they are the same. What is `undefined` is not there, as in JSON. */
export function changesOf(before: JobStatus, now: JobStatus): StatusChanges | null {
  const found: OwnChanges = { set: {}, gone: [] };
  compare('', before, now, found);
  return found.gone.length === 0 && Object.keys(found.set).length === 0 ? null : found;
}

/** Changes that nobody else has. */
export interface OwnChanges {
  readonly set: Record<string, unknown>;
  readonly gone: string[];
}

/** `at`: empty, or the part that the two are, with its dot. */
function compare(at: string, before: object, now: object, found: OwnChanges): void {
  const [old, young] = [before as Record<string, unknown>, now as Record<string, unknown>];
  for (const key of Object.keys(young)) {
    const [one, other] = [old[key], young[key]];
    if (other === undefined) continue;
    if (at === '' && isRecord(one) && isRecord(other)) compare(`${key}.`, one, other, found);
    else if (!isEqual(one, other)) found.set[at + key] = other;
  }
  for (const key of Object.keys(old)) if (old[key] !== undefined && young[key] === undefined) found.gone.push(at + key);
}

/** Not checked: for who has made the changes himself. Shares with `before` what is as it was. */
export function withChanges(before: JobStatus, { set, gone }: StatusChanges): JobStatus {
  const status: Record<string, unknown> = { ...before };
  const own = new Set<string>();
  for (const path of Object.keys(set)) put(status, placeOf(path), set[path], own);
  for (const path of gone) put(status, placeOf(path), undefined, own);
  return status as unknown as JobStatus;
}

interface PathOfStatus {
  readonly part: string;
  /** null: all of the part. */
  readonly field: string | null;
}

function placeOf(path: string): PathOfStatus {
  const dot = path.indexOf('.');
  return dot === -1 ? { part: path, field: null } : { part: path.slice(0, dot), field: path.slice(dot + 1) };
}

/** `own`: parts that are not shared with another status; null: none is. */
function put(
  status: Record<string, unknown>,
  { part, field }: PathOfStatus,
  value: unknown,
  own: Set<string> | null,
): void {
  let [place, key] = [status, part];
  if (field !== null) {
    if (own !== null && !own.has(part)) status[part] = { ...(status[part] as object) };
    own?.add(part);
    [place, key] = [status[part] as Record<string, unknown>, field];
  }
  if (value === undefined) delete place[key];
  else place[key] = value;
}

/** What one listener was told. */
export class StatusTeller {
  readonly #told = new Map<string, JobStatus>();

  /** What to tell him now; null: he knows, or it is not wanted yet. What is not told is compared again with the next status. */
  tell(
    name: string,
    status: JobStatus | null,
    isWanted: (changes: StatusChanges, before: JobStatus, now: JobStatus) => boolean = () => true,
  ): JobNews | null {
    const before = this.#told.get(name);
    if (status === null) this.#told.delete(name);
    else if (before !== undefined) {
      const changes = changesOf(before, status);
      if (changes === null || !isWanted(changes, before, status)) return null;
      this.#told.set(name, status);
      return { name, set: changes.set, gone: [...changes.gone] };
    } else this.#told.set(name, status);
    return { name, status };
  }
}

export interface Heard {
  readonly name: string;
  /** Null: the job was deleted. Of one job always the same object, in which things change until it is told as a whole again. */
  readonly status: JobStatus | null;
  /** Null: it was told as a whole. Whoever hears them owns them. */
  readonly changes: OwnChanges | null;
}

/** Of one agent. */
const STATUSES_KEPT = 10_000;

/** What a listener has heard. */
export class StatusBook {
  readonly #heard = new Map<string, Record<string, unknown>>();

  /** A text says what is wrong with what was told; then nothing has changed. */
  take({ name, status, set = {}, gone = [] }: JobNews): Heard | string {
    if (status === null) this.#heard.delete(name);
    else if (status !== undefined) {
      if (!this.#heard.has(name) && this.#heard.size >= STATUSES_KEPT) return `more than ${STATUSES_KEPT} jobs`;
      this.#heard.set(name, status);
    }
    if (status !== undefined) return { name, status, changes: null };
    const before = this.#heard.get(name);
    if (before === undefined) return `a change of ${name}, which was not told before`;
    return this.#change(name, before, { set, gone });
  }

  /** Everything is checked before anything is changed. */
  #change(name: string, status: Record<string, unknown>, { set, gone }: StatusChanges): Heard | string {
    const found: OwnChanges = { set: {}, gone: [] };
    for (const path in set) {
      const wrong = check(status, path, set[path], found);
      if (wrong !== null) return `${path.slice(0, SHOWN)}: ${wrong}`;
    }
    for (const path of gone) {
      const wrong = check(status, path, undefined, found);
      if (wrong !== null) return `${path.slice(0, SHOWN)}: ${wrong}`;
    }
    for (const path of [...Object.keys(found.set), ...found.gone]) if (hasFields(path)) dropFields(found, path);
    for (const path in found.set) put(status, knownPath(path), found.set[path], null);
    for (const path of found.gone) put(status, knownPath(path), undefined, null);
    return { name, status: status as unknown as JobStatus, changes: found };
  }
}

/** Of a part that is told as a whole. */
export function dropFields({ set, gone }: OwnChanges, part: string): void {
  const isOfPart = (path: string): boolean => path.startsWith(`${part}.`);
  for (const path of Object.keys(set).filter(isOfPart)) delete set[path];
  for (const path of gone.filter(isOfPart)) gone.splice(gone.indexOf(path), 1);
}

/** Of a path, in a sentence. */
const SHOWN = 64;

interface KnownPath extends PathOfStatus {
  readonly schema: z.ZodType;
  readonly hasFields: boolean;
}

/** Every path there is: a hundred and some, each looked up some thousand times a second where there are many jobs. */
const paths: ReadonlyMap<string, KnownPath> = new Map<string, KnownPath>(
  Object.entries(jobStatusSchema.shape as Readonly<Record<string, z.ZodType>>).flatMap(([part, schema]) => [
    [part, { part, field: null, schema, hasFields: fieldsOf(schema).length > 0 }] as [string, KnownPath],
    ...fieldsOf(schema).map(([field, inner]): [string, KnownPath] => [
      `${part}.${field}`,
      { part, field, schema: inner, hasFields: false },
    ]),
  ]),
);
const knownPath = (path: string): KnownPath => must(paths.get(path), 'a path that was checked');
const hasFields = (path: string): boolean => knownPath(path).hasFields;

/** None where the part is no object. */
function fieldsOf(schema: z.ZodType): (readonly [field: string, schema: z.ZodType])[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return fieldsOf(schema.unwrap() as z.ZodType);
  return schema instanceof z.ZodObject ? Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>) : [];
}

/**
 * The schema has no rule that spans two parts, or two fields of a part, so each that is touched is checked by its own. Adds to `found`, or
 * answers what is wrong. What this version does not know is left out.
 */
function check(
  status: Readonly<Record<string, unknown>>,
  path: string,
  value: unknown,
  { set, gone }: OwnChanges,
): string | null {
  const known = paths.get(path);
  if (known === undefined) return isFieldOfNone(path) ? NO_FIELDS : null;
  if (known.field !== null && !isRecord(status[known.part])) return NO_FIELDS;
  const checked = known.schema.safeParse(value);
  if (!checked.success) return checked.error.issues[0]?.message ?? 'wrong';
  if (checked.data === undefined) gone.push(path);
  else set[path] = checked.data;
  return null;
}

const NO_FIELDS = 'this is no object with fields';

/** The part is known, and has none. */
function isFieldOfNone(path: string): boolean {
  const { part, field } = placeOf(path);
  const known = paths.get(part);
  return field !== null && known?.hasFields === false;
}

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
