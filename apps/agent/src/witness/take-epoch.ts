/** An epoch is begun by a server that takes over (FO3): the machine of the engine on a clock and a register. */
import { EpochTaker, type EpochTakerOptions, type TakerOutcome } from '@understudy/engine';
import type { BootClock } from './boot-clock.ts';
import { askRegister, type Register, type WitnessError } from './register.ts';

export interface TakeOptions extends EpochTakerOptions {
  readonly register: Register;
  readonly clock: BootClock;
  readonly signal: AbortSignal;
}

const PAUSE_MS = 250;
/** A witness that does not answer for so long is given up. */
const MOST_SILENT_MS = 30_000;

/** Throws WitnessError where the witness does not answer; then the epoch may have begun, and asking again will tell. */
export async function takeEpoch(options: TakeOptions): Promise<TakerOutcome> {
  const { register, clock, signal } = options;
  const taker = new EpochTaker(options);
  let silentSince: number | null = null;
  for (;;) {
    const ask = taker.ask(clock());
    let failed: WitnessError | null = null;
    const answer = await askRegister(register, ask, (error) => {
      failed = error;
    });
    taker.answered(ask, answer, clock());
    if (taker.outcome !== null) return taker.outcome;
    if (failed === null) {
      silentSince = null;
      await pause(Math.min(PAUSE_MS, taker.lookOnMs(clock())));
      signal.throwIfAborted();
    } else {
      silentSince ??= ask.sentAtMs;
      if (signal.aborted || clock() - silentSince >= MOST_SILENT_MS) throw failed as WitnessError;
      await pause(PAUSE_MS);
    }
  }
}

/** Returns when the clock has come so far; throws where it is not wanted any more. */
export async function waitUntil(atMs: number, clock: BootClock, signal: AbortSignal): Promise<void> {
  for (let left = atMs - clock(); left > 0; left = atMs - clock()) {
    signal.throwIfAborted();
    await pause(Math.min(left + 1, PAUSE_MS));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
