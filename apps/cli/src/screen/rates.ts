import type { JobStatus } from '@understudy/wire';

export interface Rates {
  /** Bytes a second, of the last seconds; null: not known yet. */
  readonly wire: number | null;
  readonly mirror: number | null;
  /** Of the mirror, milliseconds; null: not known, or none runs. */
  readonly timeLeftMs: number | null;
}

export const NO_RATES: Rates = { wire: null, mirror: null, timeLeftMs: null };

interface Sample {
  readonly atMs: number;
  readonly wireBytes: number;
  readonly mirrorBytes: number;
}

/** Shorter windows jump about, longer ones lag behind what a person sees. */
const WINDOW_MS = 5000;

/** Turns the counters of successive statuses into rates; a counter that falls (a new run) starts afresh. */
export class RateMeter {
  #samples: Sample[] = [];

  add(status: JobStatus, atMs: number): Rates {
    const { mirror, replication } = status;
    const next: Sample = {
      atMs,
      wireBytes: replication.sentBytes + mirror.bytesSent,
      mirrorBytes: mirror.bytesSent + mirror.bytesSkipped,
    };
    const last = this.#samples.at(-1);
    if (last !== undefined && (next.wireBytes < last.wireBytes || next.mirrorBytes < last.mirrorBytes))
      this.#samples = [];
    this.#samples.push(next);
    while (this.#samples.length > 2 && atMs - (this.#samples[1]?.atMs ?? atMs) >= WINDOW_MS) this.#samples.shift();
    return this.#rates(status, next);
  }

  #rates(status: JobStatus, now: Sample): Rates {
    const first = this.#samples[0];
    const elapsed = first === undefined ? 0 : now.atMs - first.atMs;
    if (first === undefined || elapsed < 200) return NO_RATES;
    const perSecond = (bytes: number) => (bytes * 1000) / elapsed;
    const wire = perSecond(now.wireBytes - first.wireBytes);
    if (status.mirror.state !== 'mirroring') return { wire, mirror: null, timeLeftMs: null };
    const mirror = perSecond(now.mirrorBytes - first.mirrorBytes);
    const timeLeftMs = mirror > 0 ? (status.mirror.bytesRemaining / mirror) * 1000 : null;
    return { wire, mirror, timeLeftMs };
  }
}
