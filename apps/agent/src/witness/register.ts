/**
 * What a witness has to be able to do: keep one record a job, and change it for whoever names the record that it replaces. Everything else
 * (who may claim, how long is waited) is made of that, in the same way for every kind.
 */
import type { EpochRecord, Kept, WitnessAnswer, WitnessAsk } from '@understudy/engine';

export type Swap =
  | { readonly swapped: true; readonly now: Kept }
  | { readonly swapped: false; readonly now: Kept | null };

export interface Register {
  /** For sentences: `etcd at https://etcd1:2379`. */
  readonly name: string;
  /** What is kept now, by everybody's reckoning; null: nothing yet. Throws WitnessError. */
  read(): Promise<Kept | null>;
  /**
   * Where `expected` is what is kept (null: nothing is), `record` is kept from now on. Throws WitnessError; then nobody knows whether it was
   * done, and a read will tell.
   */
  swap(expected: string | null, record: EpochRecord): Promise<Swap>;
  close(): void;
}

/** A closed list. */
export type WitnessFault = 'unreachable' | 'denied' | 'damaged';

export class WitnessError extends Error {
  override readonly name = 'WitnessError';
  readonly code: WitnessFault;
  constructor(code: WitnessFault, sentence: string) {
    super(sentence);
    this.code = code;
  }
}

/** `failed` hears why no answer came. */
export async function askRegister(
  register: Register,
  ask: WitnessAsk,
  failed: (error: WitnessError) => void,
): Promise<WitnessAnswer> {
  try {
    if (ask.kind === 'read') return { kind: 'kept', kept: await register.read() };
    const swap = await register.swap(ask.expected, ask.record);
    return swap.swapped ? { kind: 'swapped', now: swap.now } : { kind: 'not-swapped', now: swap.now };
  } catch (error) {
    if (!(error instanceof WitnessError)) throw error;
    failed(error);
    return { kind: 'unknown' };
  }
}
