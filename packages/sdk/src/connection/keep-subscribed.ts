import { setTimeout as sleep } from 'node:timers/promises';
import type { TopicName, TopicParams, TopicPayload } from '@understudy/wire';
import { SdkError } from '../errors.ts';
import type { Connection } from './connection.ts';

export interface KeptSubscription<T extends TopicName> {
  readonly topic: T;
  /** Asked anew for each connection, so that a reader of events can go on after the last one it saw. */
  readonly params: () => TopicParams<T>;
  readonly onPayload: (payload: TopicPayload<T>) => void;
  /** The link is up (`null`) or down with the reason; told once per change. */
  readonly onLink?: (down: SdkError | null) => void;
  readonly open: () => Promise<Connection>;
  readonly signal: AbortSignal;
  /** First and longest pause between tries. */
  readonly backOff?: { readonly firstMs: number; readonly longestMs: number };
}

/** Errors that no further try will mend. */
const FINAL = new Set(['fingerprint-changed', 'not-trusted', 'agent-error', 'bad-argument', 'invalid-answer']);

/**
 * Keeps a subscription over lost connections until the signal ends it, with growing pauses between tries. Rejects with what no
 * further try would mend: a changed fingerprint, a refused subscription.
 */
export async function keepSubscribed<T extends TopicName>(kept: KeptSubscription<T>): Promise<void> {
  const { firstMs, longestMs } = kept.backOff ?? { firstMs: 250, longestMs: 15_000 };
  let pause = firstMs;
  let up: boolean | null = null;
  while (!kept.signal.aborted) {
    const end = await once(kept, () => {
      pause = firstMs;
      if (up !== true) kept.onLink?.(null);
      up = true;
    });
    if (end === null) return;
    if (FINAL.has(end.code)) throw end;
    if (up !== false) kept.onLink?.(end);
    up = false;
    try {
      await sleep(pause, undefined, { signal: kept.signal });
    } catch {
      return;
    }
    pause = Math.min(longestMs, pause * 2);
  }
}

/** One connection's life; null where the signal ended it. */
async function once<T extends TopicName>(kept: KeptSubscription<T>, isUp: () => void): Promise<SdkError | null> {
  let connection: Connection | null = null;
  const stop = () => connection?.close();
  kept.signal.addEventListener('abort', stop);
  try {
    connection = await kept.open();
    if (kept.signal.aborted) return null;
    await connection.subscribe(kept.topic, kept.params(), kept.onPayload);
    isUp();
    const end = await connection.closed;
    return kept.signal.aborted ? null : end;
  } catch (error) {
    if (kept.signal.aborted) return null;
    if (error instanceof SdkError) return error;
    throw error;
  } finally {
    kept.signal.removeEventListener('abort', stop);
    connection?.close();
  }
}
