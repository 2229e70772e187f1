import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Waits for something that nobody announces (a file that grows, a process that ends). `probe` answers undefined or false for "not yet".
 * Whatever a command can wait for (`wait`, `flush`) is waited for by the command.
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  options: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + (options.timeoutMs ?? 60_000);
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`did not come to pass within the time limit: ${what}`);
    await delay(options.everyMs ?? 25);
  }
}

/** For spacing events in time, where the spacing itself is what is tested. Not for waiting on a result. */
export const elapse = (ms: number): Promise<void> => delay(ms);
