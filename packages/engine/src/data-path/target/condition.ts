/**
 * The target's condition in one word, out of what its two stages say.
 */
import type { Condition } from '@understudy/wire';

export const OK: Condition = { state: 'ok', code: '', sentence: '' };

/** What explains the others comes first: a target that retries is full because of it. */
const URGENCY = { held: 4, retrying: 3, full: 2, replaying: 1, ok: 0 } as const;

export function mergeConditions(a: Condition, b: Condition): Condition {
  return URGENCY[a.state] >= URGENCY[b.state] ? a : b;
}

export function sameCondition(a: Condition, b: Condition): boolean {
  return a.state === b.state && a.code === b.code && a.sentence === b.sentence;
}
