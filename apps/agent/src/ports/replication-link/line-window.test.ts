import { describe, expect, it } from 'vitest';
import { LineWindow } from './line-window.ts';

const FRAME = 64 * 1024;
const STEP_MS = 1;

/** A line with a rate and a delay, and all the room that kernels have; whoever sends sends as much as may be. */
class Line {
  readonly window = new LineWindow();
  /** Bytes a second. */
  rate: number;
  delayMs: number;
  nowMs = 1000;
  carried = 0;
  /** What lies before the line and on it, in the order of its going. */
  readonly #queue: { bytes: number; mark: number | null }[] = [];
  readonly #answers: { atMs: number; mark: number }[] = [];
  #budget = 0;
  #mark = 0;

  constructor(rate: number, delayMs: number) {
    this.rate = rate;
    this.delayMs = delayMs;
  }

  /** Handed over and not carried yet, in ms of the line's work. */
  get waitsMs(): number {
    return (this.#queue.reduce((sum, { bytes }) => sum + bytes, 0) / this.rate) * 1000;
  }

  /** Bytes carried within the next `ms`; `send`: how much a millisecond there is to send, at most. */
  run(ms: number, send = Number.POSITIVE_INFINITY): number {
    const before = this.carried;
    let owed = 0;
    for (const end = this.nowMs + ms; this.nowMs < end; this.nowMs += STEP_MS) {
      this.#hear();
      owed = Math.min(owed + send, Number.MAX_SAFE_INTEGER);
      for (let sent = 0; this.window.open && owed > 0 && sent < 1000; sent += 1) {
        const bytes = Math.min(FRAME, owed);
        owed -= bytes;
        this.#put(bytes);
      }
      this.#carry();
    }
    return this.carried - before;
  }

  #put(bytes: number): void {
    this.window.sent(bytes, this.nowMs);
    this.#queue.push({ bytes, mark: null });
    this.#markIfDue();
  }

  #markIfDue(): void {
    if (!this.window.wantsMark) return;
    this.#mark += 1;
    this.window.marked(this.#mark, this.nowMs);
    this.#queue.push({ bytes: 0, mark: this.#mark });
  }

  #carry(): void {
    this.#budget += (this.rate * STEP_MS) / 1000;
    for (let first = this.#queue[0]; first !== undefined && this.#budget >= 0; first = this.#queue[0]) {
      const bytes = Math.min(first.bytes, this.#budget);
      first.bytes -= bytes;
      this.#budget -= bytes;
      this.carried += bytes;
      if (first.bytes > 0) return;
      this.#queue.shift();
      if (first.mark !== null) this.#answers.push({ atMs: this.nowMs + this.delayMs, mark: first.mark });
    }
    if (this.#queue.length === 0) this.#budget = 0;
  }

  #hear(): void {
    while (this.#answers[0] !== undefined && this.#answers[0].atMs <= this.nowMs) {
      this.window.answered(this.#answers.shift()?.mark ?? 0, this.nowMs);
      this.#markIfDue();
    }
  }
}

const MB = 1_000_000;

describe('what is under way on a line', () => {
  it.each([
    ['slow', MB, 10],
    ['slow and long', MB, 400],
    ['very slow', 0.4 * MB, 30],
    ['usual', 12 * MB, 20],
    ['long and fast', 125 * MB, 100],
    ['by satellite', 5 * MB, 700],
    ['next door', 1000 * MB, 1],
  ])('[SCM4] of a %s one is little, and the line is never idle for it', (_name, rate, delayMs) => {
    const line = new Line(rate, delayMs);
    line.run(6000);
    expect(line.waitsMs).toBeLessThan(500);
    expect(line.run(60_000) / (60 * rate)).toBeGreaterThan(0.93);
    expect(line.waitsMs).toBeLessThan(500);
    expect(line.run(60_000) / (60 * rate)).toBeGreaterThan(0.93);
    expect(line.waitsMs).toBeLessThan(500);
  });

  it('[SCM4] follows a line that becomes slower, faster, longer', () => {
    const line = new Line(10 * MB, 20);
    line.run(5000);
    line.rate = MB;
    line.run(6000);
    expect(line.waitsMs).toBeLessThan(500);
    line.rate = 50 * MB;
    line.run(3000);
    expect(line.run(5000) / (5 * line.rate)).toBeGreaterThan(0.9);
    line.delayMs = 600;
    line.run(20_000);
    expect(line.run(20_000) / (20 * line.rate)).toBeGreaterThan(0.9);
  });

  it('takes a little traffic for no measure of the line', () => {
    const line = new Line(100 * MB, 20);
    line.run(3000);
    const { limit } = line.window;
    line.run(20_000, 100);
    expect(line.window.limit).toBeGreaterThan(limit / 2);
  });

  it('is not moved by answers to nothing, and gathers no marks of a peer that gives none', () => {
    const window = new LineWindow();
    window.sent(10 * FRAME, 1);
    for (let i = 0; i < 1000; i += 1) window.marked(i, 1);
    window.answered(5000, 2);
    // The oldest were given up.
    window.answered(3, 2);
    expect([window.underWay, window.open]).toEqual([10 * FRAME, false]);
    window.answered(999, 2);
    expect([window.underWay, window.open]).toEqual([0, true]);
  });
});
