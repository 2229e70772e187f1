/**
 * CLOCK_BOOTTIME as a number of ms: it goes on while the machine sleeps, and nobody sets it. Rounded down to 10 ms, as the kernel tells it;
 * the margin of the lease covers that. Only Linux has it: elsewhere nobody holds a lease, because nobody could keep to it.
 */
import { readFileSync } from 'node:fs';

export type BootClock = () => number;

export const bootMs: BootClock = () => {
  const [seconds] = readFileSync('/proc/uptime', 'latin1').split(' ');
  return Math.floor(Number(seconds) * 1000);
};
