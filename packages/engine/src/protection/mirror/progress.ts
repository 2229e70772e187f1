/** What a mirror tells about itself. 100 % means done (MIR5): while anything is left it shows less. */
export interface MirrorProgress {
  filesTotal: number;
  filesDone: number;
  bytesTotal: number;
  /** Bytes of content sent. */
  bytesSent: number;
  /** Bytes found equal and not sent. */
  bytesSkipped: number;
}

export const noProgress = (): MirrorProgress => ({
  filesTotal: 0,
  filesDone: 0,
  bytesTotal: 0,
  bytesSent: 0,
  bytesSkipped: 0,
});

export function percentOf(progress: MirrorProgress, done: boolean): number {
  if (done) return 100;
  const handled = progress.bytesSent + progress.bytesSkipped + progress.filesDone;
  const total = progress.bytesTotal + progress.filesTotal;
  return total === 0 ? 0 : Math.min(99, Math.floor((handled / total) * 100));
}

/** Over how long the rate is taken, and how often a sample is. */
const WINDOW_MS = 10_000;
const SAMPLE_MS = 500;

/** How fast a mirror is. In: its progress with the time. Out: bytes handled (sent or found equal) a second, and what is left of it. */
export class ProgressRate {
  readonly #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  observe(progress: MirrorProgress, nowMs: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && nowMs - last.atMs < SAMPLE_MS) return;
    const bytes = progress.bytesSent + progress.bytesSkipped;
    // Another run has begun.
    if (last !== undefined && bytes < last.bytes) this.#samples.length = 0;
    this.#samples.push({ atMs: nowMs, bytes });
    while (nowMs - (this.#samples[0]?.atMs ?? nowMs) > WINDOW_MS) this.#samples.shift();
  }

  /** null: too little has been seen. */
  get bytesPerSecond(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
    return ((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1000;
  }

  /** null: nobody can say. */
  secondsLeft(progress: MirrorProgress): number | null {
    const rate = this.bytesPerSecond;
    if (rate === null || rate <= 0) return null;
    return Math.max(0, progress.bytesTotal - progress.bytesSent - progress.bytesSkipped) / rate;
  }
}
