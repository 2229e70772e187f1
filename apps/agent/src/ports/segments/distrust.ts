/**
 * After a sync that failed the kernel gives lost pages back as if they were kept, for as long as they are in memory. So the number from
 * which on nothing is certain is noted beside the segments: a later process goes by it. Best effort: the disk is bad.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'distrusted-from';

export function noteDistrust(folder: string, entry: number): void {
  try {
    writeFileSync(join(folder, NAME), String(entry), { mode: 0o600 });
  } catch {
    // Then the CRC of what comes back after a boot has to tell.
  }
}

/** null: everything that is whole is kept. */
export function distrustedFrom(folder: string): number | null {
  try {
    const entry = Number(readFileSync(join(folder, NAME), 'utf8'));
    // Not even the note arrived whole: nothing of it is certain.
    return Number.isSafeInteger(entry) && entry > 0 ? entry : 0;
  } catch {
    return null;
  }
}

export function forgetDistrust(folder: string): void {
  rmSync(join(folder, NAME), { force: true });
}
