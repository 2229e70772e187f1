/**
 * Whether both sides are the same. In: a job that runs and sends. Out: yes or no, and the last of it brought over. Promise: yes is said only
 * where nothing is written here meanwhile, or it is a moment ago.
 */
import type { JobFacts } from '@understudy/engine';
import type { Running } from '../../source/known-job.ts';

const FLUSH_MS = 30_000;
const LOOK_MS = 5;

/** Everything is there, and nothing is under way. */
export function isEqual(facts: JobFacts): boolean {
  const {
    linked,
    complete,
    mirror,
    dirtyItems,
    unrepairable,
    targetTrouble,
    targetReplaying,
    halt,
    audit = null,
  } = facts;
  const whole = complete && mirror === 'none' && dirtyItems === 0 && unrepairable === 0;
  return linked && whole && halt === null && targetTrouble === null && !targetReplaying && audit?.kind !== 'doubt';
}

/**
 * All that was written is on the other server: the position up to which it is applied there. Null: not in time, or not all of it. Calls that
 * had passed the gates before they were shut are waited for: they may be answered yet.
 */
export async function drained(running: Running, ms = FLUSH_MS): Promise<string | null> {
  const { runner, interception } = running;
  if (!(await settled(running, performance.now() + ms))) return null;
  interception.turn();
  const flushed = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), ms);
    runner.job.flush((at, unrepairable) => {
      clearTimeout(timer);
      resolve(unrepairable === 0 ? String(at) : null);
    });
    interception.wake();
  });
  return isEqual(runner.facts()) ? flushed : null;
}

/** What was executing is in the ring. */
async function settled({ interception }: Running, untilMs: number): Promise<boolean> {
  const { interceptor } = interception;
  for (const barrier = interceptor.barrier(); !interceptor.passed(barrier); ) {
    if (performance.now() > untilMs) return false;
    interception.turn();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return true;
}
