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
    const begun = performance.now();
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    const now = performance.now();
    if (now > deadline) throw new Error(`did not come to pass within the time limit: ${what}`);
    // Looking takes a third of the time, for what is looked at works on the same machine; but nothing is passed by for long.
    await delay(Math.max(options.everyMs ?? 25, Math.min(250, 2 * (now - begun))));
  }
}

/** For spacing events in time, where the spacing itself is what is tested. Not for waiting on a result. */
export const elapse = (ms: number): Promise<void> => delay(ms);
