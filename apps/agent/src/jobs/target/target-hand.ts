/**
 * What a failover does with the replica of one job. In: the target's half of the path, and its turns. Out: what is known of the replica,
 * everything received applied, the source sent away. Promise: once it is superseded nothing of an older epoch is taken.
 */
import type { TargetPath } from '@understudy/engine';
import type { Hello } from '@understudy/wire';

/** FO2: what the target knows by itself. */
export interface ReplicaFacts {
  readonly linked: boolean;
  readonly epoch: number;
  readonly received: number;
  readonly applied: number;
  readonly queue: { readonly operations: number; readonly bytes: number };
  /** Source times of what is applied, and of the oldest that waits; null: not known. */
  readonly appliedMs: number | null;
  readonly oldestMs: number | null;
  /** A mirror has been complete and none has begun since. */
  readonly complete: boolean;
  readonly mirroring: boolean;
  /** Operations were given up and not repaired. */
  readonly failures: boolean;
  /** After a power cut or a killed agent it is not past what had begun. */
  readonly replaying: boolean;
  readonly lostPower: boolean;
  /** What stands in the way of applying; null: nothing. */
  readonly trouble: { readonly code: string; readonly sentence: string } | null;
  readonly brake: 'held' | 'passing' | 'rolling-back' | 'halted' | null;
}

export interface HandParts {
  readonly path: TargetPath;
  readonly linked: () => boolean;
  /** Sends the source away. */
  readonly refuse: (sentence: string) => void;
  /** Begins to apply what waits. */
  readonly goOn: () => void;
}

export class TargetHand {
  readonly #parts: HandParts;
  #discarding = false;
  #holders = 0;
  readonly #onTurn = new Set<() => void>();

  constructor(parts: HandParts) {
    this.#parts = parts;
  }

  /** Something may have been applied. */
  turned(): void {
    for (const listener of [...this.#onTurn]) listener();
  }

  /** Nothing more is applied: what waits stays where it lies. */
  get isDiscarding(): boolean {
    return this.#discarding || this.#holders > 0;
  }

  /** Nothing is applied until the answer is called; what comes is received. */
  hold(): () => void {
    this.#holders += 1;
    let held = true;
    return () => {
      if (held) this.#holders -= 1;
      held = false;
      this.#parts.goOn();
    };
  }

  facts(): ReplicaFacts {
    const { accept, apply, condition } = this.#parts.path;
    this.#parts.path.restore();
    const { applied, complete, failures, replayTo, mirroring, lostPower, timeMs, epoch } = apply.stream;
    const trouble = condition.state === 'ok' || condition.state === 'replaying' ? null : condition;
    const { records: operations, bytes } = accept.queued;
    return {
      linked: this.#parts.linked(),
      epoch,
      received: Math.max(accept.received, applied),
      applied,
      queue: { operations, bytes },
      appliedMs: timeMs,
      oldestMs: operations === 0 ? null : accept.oldestMs,
      complete,
      mirroring,
      failures,
      replaying: replayTo > 0,
      lostPower: lostPower && replayTo > 0,
      trouble: trouble === null ? null : { code: trouble.code, sentence: trouble.sentence },
      brake: apply.brake.state?.phase ?? null,
    };
  }

  /** Throws FileError where the replica cannot be opened. */
  supersede(hello: Hello, epoch: number): void {
    this.#parts.path.goOnAlone(hello, epoch);
    this.#parts.refuse(`epoch ${epoch} has begun: this server has taken over`);
    this.#parts.goOn();
  }

  /** Resolves when all that is received is applied; rejects with what stands in the way, and when the signal says so. */
  drained(signal: AbortSignal): Promise<void> {
    this.#discarding = false;
    let troubleSince: number | null = null;
    return new Promise((resolve, reject) => {
      const settle = (settled: () => void) => {
        this.#onTurn.delete(look);
        clearInterval(timer);
        settled();
      };
      const look = () => {
        const { queue, received, applied, trouble } = this.facts();
        if (signal.aborted) settle(() => reject(new Error('it was broken off')));
        else if (queue.operations === 0 && applied >= received) settle(resolve);
        else if (trouble === null) troubleSince = null;
        else {
          troubleSince ??= performance.now();
          if (performance.now() - troubleSince > PATIENCE_MS) settle(() => reject(new Error(trouble.sentence)));
        }
      };
      this.#onTurn.add(look);
      const timer = setInterval(look, LOOK_MS);
      this.#parts.goOn();
      look();
    });
  }

  /** What is applied is on the replica's disk. Rejects with FileError. */
  sync(): Promise<void> {
    return this.#parts.path.apply.sync();
  }

  /** What waits is left where it lies, and not applied. */
  discard(): ReplicaFacts['queue'] {
    this.#discarding = true;
    return this.facts().queue;
  }
}

const LOOK_MS = 200;
/** What is in the way may go by itself: it is tried again all the time. */
const PATIENCE_MS = 5000;
