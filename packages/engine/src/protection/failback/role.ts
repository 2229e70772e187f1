/**
 * What the swapped roles of a job make of its state. In: the state that it would have otherwise, and the role. Out: the state people see.
 * Promise: what only a person can mend, or has ordered, is never hidden behind a role.
 */
import type { JobState, Reason } from '../job-state.ts';

/**
 * `failed-over`: this server has taken the job over, and what changes is noted for the way home. `failing-back`: the way home is under way.
 */
export interface Role {
  readonly kind: 'failed-over' | 'failing-back';
  /** Why it stands where it stands; null: the state beneath says it. */
  readonly reason: Reason | null;
}

const PLAIN = new Set<JobState['state']>([
  'stopped',
  'halted',
  'paused',
  'failing-over',
  'failed-over',
  'failing-back',
]);

const ON_THE_WAY: Readonly<Partial<Record<JobState['state'], string>>> = {
  calculating: 'Both sides are being looked through.',
  mirroring: 'What differs is being sent to the former source.',
  repairing: 'What became dirty is being sent to the former source.',
  protected: 'Both sides are equal: the switch comes next.',
};

export function inRole(plain: JobState, role: Role | null | undefined): JobState {
  if (role == null || PLAIN.has(plain.state)) return plain;
  if (role.kind === 'failed-over') return { state: role.kind, reason: role.reason };
  const sentence = plain.reason?.sentence ?? ON_THE_WAY[plain.state] ?? `It is ${plain.state}.`;
  return { state: role.kind, reason: role.reason ?? { code: plain.state, sentence } };
}
