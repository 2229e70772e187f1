/**
 * SCM4: whether a job may send now. In: its limits, the time, what waits, what went. Out: open, or shut with the reason.
 * Promise: it only decides; a limit that is changed holds at the next question. A transmission that has begun within its window goes on
 * until nothing waits any more, its window ends, or it has sent what it may, which is asked before each packet.
 */
import { isOpen, type LocalTime, nextOpening, sayLocalTime, type WeeklyWindow } from './schedule.ts';

export interface TransmissionLimits {
  /** Only within these; none: at any time. */
  readonly windows: readonly WeeklyWindow[];
  /** A transmission begins this often; null: no interval. */
  readonly everyMs: number | null;
  /** A transmission begins when so much waits, or a run is due; null: no such limit. */
  readonly startAtBytes: number | null;
  /** A transmission ends with the packet that reaches so many bytes on the wire; null: no such limit. */
  readonly stopAfterBytes: number | null;
}

export const UNLIMITED: TransmissionLimits = { windows: [], everyMs: null, startAtBytes: null, stopAfterBytes: null };

export interface GateFacts {
  /** Grows evenly, whatever is done to the clock on the wall. */
  readonly nowMs: number;
  readonly local: LocalTime;
  /** Bytes that wait to be sent, or to be acknowledged. */
  readonly waitingBytes: number;
  /** A mirror, a repair or a verification has something to send besides, nobody knows how much; a queue that was full is a repair. */
  readonly due: boolean;
  /** Nothing waits: no queue, no mirror, no repair. */
  readonly idle: boolean;
  /** Bytes on the wire since the job began to run. */
  readonly sentBytes: number;
}

export interface Shut {
  readonly code: 'outside-window' | 'waiting-for-interval' | 'waiting-for-queue-size' | 'stopped-after-bytes';
  readonly sentence: string;
}

export class TransmissionGate {
  #limits: TransmissionLimits = UNLIMITED;
  #sending = false;
  /** When the present or last transmission began; null: there was none. */
  #beganMs: number | null = null;
  #sentAtBegin = 0;
  /** The last transmission ended because it had sent what it may. */
  #exhausted = false;
  #wasInWindow = false;

  /** A job whose limits change begins as one that has just been started. */
  setLimits(limits: TransmissionLimits): void {
    this.#limits = limits;
    this.#sending = false;
    this.#beganMs = null;
    this.#exhausted = false;
  }

  /** Null: it may send. */
  decide(facts: GateFacts): Shut | null {
    const inWindow = isOpen(this.#limits.windows, facts.local);
    const opens = inWindow && !this.#wasInWindow;
    this.#wasInWindow = inWindow;
    if (!inWindow) {
      this.#sending = false;
      return this.#outside(facts.local);
    }
    if (this.#sending) this.#endIfDue(facts);
    if (!this.#sending && this.#isDue(facts, opens)) this.#begin(facts);
    return this.#sending ? null : this.#waiting(facts);
  }

  /** A transmission ends after so many bytes: they have to be counted. */
  get isBounded(): boolean {
    return this.#limits.stopAfterBytes !== null;
  }

  /** It has sent what it may: not one packet more. */
  isSpent(sentBytes: number): boolean {
    const { stopAfterBytes } = this.#limits;
    return this.#sending && stopAfterBytes !== null && sentBytes - this.#sentAtBegin >= stopAfterBytes;
  }

  #begin({ nowMs, sentBytes }: GateFacts): void {
    this.#sending = true;
    this.#exhausted = false;
    this.#beganMs = nowMs;
    this.#sentAtBegin = sentBytes;
  }

  #endIfDue({ idle, sentBytes }: GateFacts): void {
    if (this.isSpent(sentBytes)) {
      this.#sending = false;
      this.#exhausted = true;
    } else if (idle && this.#comesAgain) this.#sending = false;
  }

  /** Something but the window says when a transmission begins. */
  get #comesAgain(): boolean {
    return this.#limits.everyMs !== null || this.#limits.startAtBytes !== null;
  }

  #isDue({ nowMs, waitingBytes, due }: GateFacts, opens: boolean): boolean {
    const { everyMs, startAtBytes } = this.#limits;
    if (opens && this.#exhausted) return true;
    if (!this.#comesAgain) return !this.#exhausted;
    // What was stopped by its bytes is not begun again by what is left.
    const enough = startAtBytes !== null && (due || waitingBytes >= startAtBytes);
    if (enough && !this.#exhausted) return true;
    return everyMs !== null && (this.#beganMs === null || nowMs - this.#beganMs >= everyMs);
  }

  #outside(local: LocalTime): Shut {
    const next = nextOpening(this.#limits.windows, local);
    const when = next === null ? '' : `; the next one begins on ${sayLocalTime(next)}`;
    return {
      code: 'outside-window',
      sentence: `Transmission rests outside its window${when}, local time of the source. Changes are queued.`,
    };
  }

  #waiting({ nowMs, waitingBytes, due }: GateFacts): Shut {
    const { everyMs, startAtBytes, stopAfterBytes } = this.#limits;
    const starts: string[] = [];
    if (everyMs !== null) {
      const left = everyMs - (nowMs - (this.#beganMs ?? nowMs));
      starts.push(`in ${Math.max(1, Math.ceil(left / 60_000))} min`);
    }
    if (startAtBytes !== null && !this.#exhausted) starts.push(`when ${startAtBytes} bytes wait (now ${waitingBytes})`);
    if (starts.length === 0) starts.push('when its window begins again');
    const besides = due ? ' A mirror, a repair or a verification waits for it, too.' : '';
    const next = `It goes on ${starts.join(', or ')}. Changes are queued.${besides}`;
    if (this.#exhausted)
      return {
        code: 'stopped-after-bytes',
        sentence: `Transmission has sent the ${stopAfterBytes} bytes it may at a time. ${next}`,
      };
    const code = everyMs === null ? 'waiting-for-queue-size' : 'waiting-for-interval';
    return { code, sentence: `Transmission rests. ${next}` };
  }
}
