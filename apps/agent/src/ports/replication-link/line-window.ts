/**
 * How much may be under way to the other end: what the line carries in a quarter of a second, beside its own delay. What has been handed to
 * socket and kernel cannot be taken back, and neither says how much lies there: a new rate, a pause or the end of a window is felt only
 * behind it. The other end says it, by answering marks that lie among the bytes. In: bytes sent, marks, their answers, the time.
 * Out: whether more should go, and when another mark is due. Promise: a line is not held below what it carries, however fast or long: the
 * bound follows what came through, and grows several-fold with each way there and back until the line is what holds.
 */

/** Of the line's own work, in ms: what waits beyond the delay that it has when it is empty. */
const QUEUED_MS = 250;
/** So much goes in any case: a packet, and the next one behind it. */
const LEAST_BYTES = 64 * 1024;
/** Before anything has come through. */
const FIRST_BYTES = 128 * 1024;
/** Between two marks, and what a measurement needs: less says more of the one who sends than of the line. */
const SPACING_BYTES = 16 * 1024;
const MARKS_A_WINDOW = 8;
/** Of a peer that does not answer: the oldest are given up. */
const MOST_MARKS = 64;
/** The best rate of this long, and of as long before, is the line's. */
const RATE_MS = 1000;
/** A way there and back that is so little longer than the shortest says that the shortest still holds. */
const SLACK_MS = 20;
/** The delay is measured anew, on an empty line, where it was not seen for so long; sooner where more lies between than we put there. */
const TRUSTED_MS = 30_000;
const DOUBTED_MS = 6000;

interface Mark {
  readonly value: number;
  readonly atMs: number;
  /** Sent up to it. */
  readonly total: number;
  /** What was known to have arrived when it was sent, and since when. */
  readonly basis: Basis;
}

interface Basis {
  readonly total: number;
  readonly atMs: number;
}

export class LineWindow {
  readonly #marks: Mark[] = [];
  #sent = 0;
  #marked = 0;
  #arrived = 0;
  #basis: Basis = { total: 0, atMs: 0 };
  /** Bytes a millisecond. */
  #best = 0;
  #former = 0;
  #bestSinceMs = 0;
  /** Of the line alone, and when it was last seen; the next one counts whatever it is, where that is stale. */
  #delayMs = 0;
  #seenMs = 0;
  #isStale = true;
  /** The line runs empty; then a mark goes that nothing lies before. */
  #emptying = false;
  #measuring = false;

  /** Bytes that were sent and are not known to have arrived. */
  get underWay(): number {
    return this.#sent - this.#arrived;
  }

  get limit(): number {
    const rate = Math.max(this.#best, this.#former);
    if (rate === 0) return FIRST_BYTES;
    return Math.max(LEAST_BYTES, rate * (this.#delayMs + QUEUED_MS));
  }

  /** More should go. */
  get open(): boolean {
    return !this.#emptying && this.underWay < this.limit;
  }

  /** A mark should go now, before anything else does. */
  get wantsMark(): boolean {
    if (this.#measuring) return true;
    const unmarked = this.#sent - this.#marked;
    // Who waits, waits for an answer.
    if (unmarked > 0 && this.#marks.length === 0 && !this.open) return true;
    return unmarked >= Math.max(SPACING_BYTES, this.limit / MARKS_A_WINDOW);
  }

  sent(bytes: number, nowMs: number): void {
    // Nothing was on the line, as far as we know: what is measured begins here.
    if (this.#marks.length === 0) this.#basis = { total: this.#sent, atMs: nowMs };
    this.#sent += bytes;
  }

  /** A mark that is answered with `value` lies behind all that was sent. */
  marked(value: number, nowMs: number): void {
    this.#measuring = false;
    this.#marked = this.#sent;
    this.#marks.push({ value, atMs: nowMs, total: this.#sent, basis: this.#basis });
    if (this.#marks.length > MOST_MARKS) this.#marks.shift();
  }

  /** What is no answer to a mark of ours says nothing. */
  answered(value: number, nowMs: number): void {
    const index = this.#marks.findIndex((mark) => mark.value === value);
    const mark = this.#marks[index];
    if (mark === undefined) return;
    const wasOpen = this.open;
    this.#marks.splice(0, index + 1);
    this.#arrived = mark.total;
    this.#basis = { total: mark.total, atMs: nowMs };
    this.#measure(mark, nowMs);
    this.#seeDelay(nowMs - mark.atMs, nowMs, wasOpen);
  }

  #measure({ total, basis }: Mark, nowMs: number): void {
    const bytes = total - basis.total;
    if (bytes < SPACING_BYTES) return;
    if (nowMs - this.#bestSinceMs > RATE_MS) {
      this.#former = this.#best;
      this.#best = 0;
      this.#bestSinceMs = nowMs;
    }
    this.#best = Math.max(this.#best, bytes / Math.max(0.05, nowMs - basis.atMs));
  }

  #seeDelay(delayMs: number, nowMs: number, wasOpen: boolean): void {
    if (!this.#emptying) {
      if (delayMs <= this.#delayMs + SLACK_MS || this.#isStale) this.#seenMs = nowMs;
      this.#delayMs = this.#isStale ? delayMs : Math.min(this.#delayMs, delayMs);
      this.#isStale = false;
      const unseenMs = delayMs > this.#delayMs + 2 * QUEUED_MS ? DOUBTED_MS : TRUSTED_MS;
      this.#emptying = !wasOpen && nowMs - this.#seenMs > unseenMs;
    }
    if (!this.#emptying || this.#marks.length > 0 || this.#marked < this.#sent) return;
    this.#emptying = false;
    this.#measuring = true;
    this.#isStale = true;
  }
}
