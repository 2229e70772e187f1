import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { errnoOf, SdkError } from '../errors.ts';

const holderSchema = z.object({ id: z.string(), pid: z.number().int(), host: z.string() });
type Holder = z.output<typeof holderSchema>;

/** What is done under the lock takes milliseconds: a lock this old was left behind. */
const STALE_AFTER_MS = 30_000;
const RETRY_MS = 20;

export interface LockOptions {
  /** How long to wait for another holder. */
  readonly waitMs?: number;
}

/**
 * Runs `work` while no other process does so with the same file. The lock file names its holder, so that one left behind by a
 * process that died is taken over instead of blocking for ever.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const waitMs = options.waitMs ?? 5000;
  const mine: Holder = { id: randomUUID(), pid: process.pid, host: os.hostname() };
  for (let waited = 0; !tryTake(file, mine); waited += RETRY_MS) {
    if (removeIfStale(file, mine)) continue;
    if (waited >= waitMs) throw busy(file);
    await sleep(RETRY_MS);
  }
  try {
    return await work();
  } finally {
    if (readHolder(file)?.id === mine.id) fs.rmSync(file, { force: true });
  }
}

function busy(file: string): SdkError {
  const holder = readHolder(file);
  const who = holder === null ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return new SdkError('profile-busy', `${who} holds ${file}; wait for it to end, or remove the file if nothing runs`);
}

/** A link appears whole or not at all: nobody ever reads a lock file that is still being written. */
function tryTake(file: string, mine: Holder): boolean {
  const temporary = `${file}.${mine.id}`;
  fs.writeFileSync(temporary, JSON.stringify(mine), { mode: 0o600 });
  try {
    fs.linkSync(temporary, file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

function readHolder(file: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

function isStale(file: string, holder: Holder | null): boolean {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (Date.now() - stat.mtimeMs > STALE_AFTER_MS) return true;
  return holder !== null && holder.host === os.hostname() && !isAlive(holder.pid);
}

/** Two processes may judge the same lock stale: whoever finds that it moved a fresh one away puts it back. */
function removeIfStale(file: string, mine: Holder): boolean {
  const judged = readHolder(file);
  if (!isStale(file, judged)) return false;
  const aside = `${file}.${mine.id}.stale`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    throw error;
  }
  try {
    if (readHolder(aside)?.id !== judged?.id) fs.linkSync(aside, file);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
  return true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
