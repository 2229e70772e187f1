/**
 * SCM3, SCM4: how fast packets may go. A bucket of tokens, one a byte on the wire. In: the rate, bytes that went, the time.
 * Out: how long to wait. Promise: over any second no more than the rate and one packet; what a packet takes beyond the bucket is owed,
 * so that the mean is exact; a new rate holds for what comes next, and a debt is then paid at the new rate.
 */

/** What may gather while nothing is sent: a tenth of a second, so that a pause is not followed by a burst. */
const GATHERED_SECONDS = 0.1;
/** A timer wakes up to a few milliseconds late: what it brings beyond this is lost to the rate. */
const LEAST_GATHERED = 16 * 1024;

export class Pacer {
  #rate: number | null = null;
  #tokens = 0;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Bytes per second; null: no limit. */
  get rate(): number | null {
    return this.#rate;
  }

  setRate(rate: number | null, nowMs: number): void {
    if (rate === this.#rate) return;
    this.#gather(nowMs);
    if (this.#rate === null || rate === null) this.#tokens = 0;
    this.#rate = rate;
    this.#tokens = Math.min(this.#tokens, this.#most());
  }

  /** Milliseconds until the next packet may go; 0: now. */
  waitMs(nowMs: number): number {
    if (this.#rate === null) return 0;
    this.#gather(nowMs);
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate) * 1000;
  }

  spent(bytes: number, nowMs: number): void {
    if (this.#rate === null) return;
    this.#gather(nowMs);
    this.#tokens -= bytes;
  }

  #most(): number {
    return this.#rate === null ? 0 : Math.max(LEAST_GATHERED, this.#rate * GATHERED_SECONDS);
  }

  #gather(nowMs: number): void {
    const passed = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    if (this.#rate !== null) this.#tokens = Math.min(this.#most(), this.#tokens + (passed / 1000) * this.#rate);
  }
}

/** A TLS 1.3 record carries up to 16 KiB and adds header, content type and authentication tag. */
const TLS_RECORD = 16 * 1024;
const TLS_OVERHEAD = 22;

/** What a frame of so many bytes, header included, takes on the wire, encrypted. */
export function bytesOnWire(frame: number): number {
  return frame + Math.ceil(frame / TLS_RECORD) * TLS_OVERHEAD;
}
