/**
 * What the charts draw. In: jobs as they stand, every two seconds where they are seen. Out: columns of numbers, half an hour of them where
 * they are seen. It is kept by this window and begins when it opens; what was before agents have kept (kept-history.ts). Promised: bounded,
 * and a time without an answer is a gap and not a line.
 */
import { growsOld, type JobView, recoveryAgeMs } from './jobs.ts';

export const SAMPLE_MS = 2000;
export const SAMPLES = 900;
/** Of a job that nobody watches figures come less often; that they were the same so long is no news. */
const UNSEEN_MS = 10_000;
const FIRST_SAMPLES = 64;

export const series = ['wire', 'queue', 'age'] as const;
export type Series = (typeof series)[number];

interface Counters {
  readonly atMs: number;
  readonly wireBytes: number;
}

/** Fixed columns that are written round and round; they grow by doubling until they have their full length. */
class Track {
  #times = new Float64Array(FIRST_SAMPLES);
  #values: Record<Series, Float64Array> = emptyColumns(FIRST_SAMPLES);
  #next = 0;
  #size = 0;
  counters: Counters | null = null;
  last: { readonly job: JobView; readonly atMs: number } | null = null;

  add(timeMs: number, sample: Readonly<Record<Series, number>>): void {
    if (this.#size === this.#times.length && this.#size < SAMPLES) this.#grow();
    this.#times[this.#next] = timeMs / 1000;
    for (const name of series) this.#values[name][this.#next] = sample[name];
    this.#next = (this.#next + 1) % this.#times.length;
    this.#size = Math.min(this.#size + 1, this.#times.length);
  }

  /** The oldest first; what was not known is null. Seconds since 1970. */
  columns(name: Series): [number[], (number | null)[]] {
    const times: number[] = [];
    const values: (number | null)[] = [];
    const length = this.#times.length;
    for (let i = 0; i < this.#size; i += 1) {
      const at = (this.#next - this.#size + i + length) % length;
      times.push(this.#times[at] ?? 0);
      const value = this.#values[name][at] ?? Number.NaN;
      values.push(Number.isNaN(value) ? null : value);
    }
    return [times, values];
  }

  #grow(): void {
    const length = Math.min(SAMPLES, this.#times.length * 2);
    const times = new Float64Array(length);
    times.set(this.#times);
    const values = emptyColumns(length);
    for (const name of series) values[name].set(this.#values[name]);
    this.#times = times;
    this.#values = values;
    this.#next = this.#size;
  }
}

const emptyColumns = (length: number): Record<Series, Float64Array> => ({
  wire: new Float64Array(length),
  queue: new Float64Array(length),
  age: new Float64Array(length),
});

export class History {
  readonly #tracks = new Map<string, Track>();
  readonly #listeners = new Set<() => void>();

  /** Jobs that are gone take their history along. */
  sample(jobs: readonly JobView[], nowMs: number, isSeen: (job: JobView) => boolean = () => true): void {
    const keys = new Set(jobs.map(({ key }) => key));
    for (const key of this.#tracks.keys()) if (!keys.has(key)) this.#tracks.delete(key);
    for (const job of jobs) this.#sampleJob(job, nowMs, isSeen);
    for (const listener of this.#listeners) listener();
  }

  columns(key: string, name: Series): [number[], (number | null)[]] {
    return this.#tracks.get(key)?.columns(name) ?? [[], []];
  }

  /** The last throughput, bytes a second; null: not known. */
  wireRate(key: string): number | null {
    return this.columns(key, 'wire')[1].at(-1) ?? null;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #sampleJob(job: JobView, nowMs: number, isSeen: (job: JobView) => boolean): void {
    const track = this.#tracks.get(job.key) ?? new Track();
    const { last } = track;
    if (last?.job === job && nowMs - last.atMs < UNSEEN_MS && !growsOld(job) && !isSeen(job)) return;
    track.last = { job, atMs: nowMs };
    this.#tracks.set(job.key, track);
    const { replication, mirror, targetQueue } = job.status;
    const now = { atMs: nowMs, wireBytes: replication.sentBytes + mirror.bytesSent };
    const before = track.counters;
    const isStale = job.staleSinceMs !== null;
    track.counters = isStale ? null : now;
    track.add(nowMs, {
      wire: isStale ? Number.NaN : rateOf(before, now),
      queue: isStale ? Number.NaN : replication.queuedBytes + (targetQueue === undefined ? 0 : targetQueue.bytes),
      age: (isStale ? null : recoveryAgeMs(job, nowMs)) ?? Number.NaN,
    });
  }
}

/** A counter that falls began anew: nothing is known of that moment. */
function rateOf(before: Counters | null, now: Counters): number {
  if (before === null || now.wireBytes < before.wireBytes || now.atMs <= before.atMs) return Number.NaN;
  return ((now.wireBytes - before.wireBytes) * 1000) / (now.atMs - before.atMs);
}
