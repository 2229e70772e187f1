/**
 * The states of a job: a closed list, and the one gate that decides which it is. In: facts. Out: a state with its reason.
 * Nothing assigns a state; whoever wants another state changes a fact.
 */
import type { Condition } from '@understudy/wire';
import type { AuditFact } from './audit/job-audit.ts';
import { inRole, type Role } from './failback/role.ts';

export type JobStateName =
  | 'stopped'
  | 'calculating'
  | 'mirroring'
  | 'repairing'
  | 'protected'
  | 'degraded'
  | 'paused'
  | 'disconnected'
  | 'replaying'
  | 'failing-over'
  | 'failed-over'
  | 'failing-back'
  | 'halted';

export interface Reason {
  /** From a closed list, kebab-case. */
  readonly code: string;
  readonly sentence: string;
  /** Of `superseded`: the epoch that another server writes under. */
  readonly epoch?: number | undefined;
}

export interface JobFacts {
  readonly started: boolean;
  readonly paused: boolean;
  /** The limits of its transmission let nothing out now. */
  readonly held?: Reason | null;
  /** A named halt (SAFE), or a refusal by the target that only a person can mend. */
  readonly halt: Reason | null;
  /** SAFE4: the target applies nothing until a person decides. */
  readonly braked?: Reason | null;
  readonly linked: boolean;
  readonly linkReason: Reason | null;
  readonly targetReplaying: boolean;
  /** The target tries an operation again and again, or has no room. */
  readonly targetTrouble: Reason | null;
  readonly mirror: 'none' | 'scanning' | 'running' | 'repairing' | 'paused';
  /** A mirror was given up by hand, and none is due. */
  readonly mirrorStopped?: boolean;
  /** A mirror of everything has ended since the replica was last known to be incomplete. */
  readonly complete: boolean;
  readonly dirtyItems: number;
  readonly unrepairable: number;
  /** The replica is known to differ, or others could write into it, and nothing has mended that since; null or absent: neither. */
  readonly differs?: Reason | null;
  /** The interceptor sees every call in order. Otherwise protection is near-continuous at best. */
  readonly ordered: boolean;
  readonly orderedWhy: string;
  /** Part of what is to be protected is not intercepted: what and why, in a sentence. Absent or null: all of it is. */
  readonly unseenWhy?: string | null;
  /** What the self-audit has to say; null: a cookie has come through the whole path, and not long ago. Absent: there is no audit. */
  readonly audit?: AuditFact | null;
  /** Calls are to wait for the target, and do not for this reason; null or absent: they do, or are not to. */
  readonly notSynchronous?: Reason | null;
  /** The roles of the job are swapped; null or absent: they are not, or it does not matter. */
  readonly role?: Role | null | undefined;
}

/**
 * SAFE7: why there is no link. A person has to bring both sides to one version, and need not start the job then: nothing of it was said to
 * the other side, what changes is queued meanwhile, and it goes on by itself.
 */
export const OTHER_VERSION = 'version';

/** Those that the engine does not know by itself. */
export type OutsideFacts = Pick<
  JobFacts,
  'started' | 'halt' | 'linkReason' | 'differs' | 'ordered' | 'orderedWhy' | 'unseenWhy' | 'notSynchronous' | 'role'
>;

export interface JobState {
  readonly state: JobStateName;
  readonly reason: Reason | null;
}

export function stateOf(facts: JobFacts): JobState {
  return inRole(plainState(facts), facts.role);
}

function plainState(facts: JobFacts): JobState {
  if (!facts.started) return { state: 'stopped', reason: facts.halt };
  if (facts.halt !== null) return { state: 'halted', reason: facts.halt };
  if (facts.braked != null) return { state: 'halted', reason: facts.braked };
  // With swapped roles nothing stands still for it: this server serves, whatever the former source is.
  if (!facts.linked && facts.linkReason?.code === OTHER_VERSION && facts.role == null)
    return { state: 'halted', reason: facts.linkReason };
  if (facts.paused)
    return {
      state: 'paused',
      reason: { code: 'paused', sentence: 'Transmission was paused by hand; `job resume` goes on.' },
    };
  if (!facts.linked) return { state: 'disconnected', reason: facts.linkReason };
  if (facts.targetReplaying) return { state: 'replaying', reason: null };
  if (facts.held != null) return { state: 'paused', reason: facts.held };
  return linkedState(facts);
}

function linkedState(facts: JobFacts): JobState {
  const { audit = null } = facts;
  const missing = audit === null || audit.kind === 'awaited' ? null : audit.reason;
  const reason = facts.targetTrouble ?? missing;
  if (facts.mirror === 'paused') return { state: 'paused', reason: MIRROR_PAUSED };
  if (facts.mirrorStopped === true) return { state: 'degraded', reason: MIRROR_STOPPED };
  if (facts.mirror === 'scanning') return { state: 'calculating', reason };
  if (facts.mirror === 'running') return { state: 'mirroring', reason };
  // Nothing is repaired before every call is seen again: there is no work that could be shown instead.
  if (audit?.kind === 'doubt' && facts.mirror === 'none') return { state: 'degraded', reason: audit.reason };
  if (!facts.complete) return { state: 'mirroring', reason };
  if (facts.mirror === 'repairing' || facts.dirtyItems > 0) return { state: 'repairing', reason };
  if (reason !== null) return { state: 'degraded', reason };
  if (facts.unrepairable > 0) return { state: 'degraded', reason: unrepairable(facts.unrepairable) };
  if (facts.differs != null) return { state: 'degraded', reason: facts.differs };
  if (facts.unseenWhy != null)
    return { state: 'degraded', reason: { code: 'not-intercepted', sentence: facts.unseenWhy } };
  if (facts.notSynchronous != null) return { state: 'degraded', reason: facts.notSynchronous };
  if (!facts.ordered) return { state: 'degraded', reason: { code: 'near-continuous', sentence: facts.orderedWhy } };
  if (audit !== null) return { state: 'replaying', reason: AUDIT_AWAITED };
  return { state: 'protected', reason: null };
}

const AUDIT_AWAITED: Reason = {
  code: 'audit-awaited',
  sentence: 'The first cookie since the job was started, or its link came up, is still on its way to the target.',
};
const MIRROR_PAUSED: Reason = {
  code: 'mirror-paused',
  sentence: 'The mirror was paused by hand, while replication goes on; `mirror NAME --resume` goes on with it.',
};
const MIRROR_STOPPED: Reason = {
  code: 'mirror-stopped',
  sentence:
    'The mirror was stopped by hand: the replica is not complete; `mirror NAME` compares and sends what is missing.',
};

function unrepairable(count: number): Reason {
  const files = count === 1 ? '1 path' : `${count} paths`;
  return {
    code: 'unrepairable',
    sentence: `${files} could not be brought to the target; the events name them and the cause.`,
  };
}

/** What a target has said of itself is a trouble; null: it is none, or only what it has still to do. */
export function troubleOf(condition: Condition | null): Reason | null {
  if (condition === null || condition.state === 'replaying') return null;
  return { code: condition.code, sentence: condition.sentence };
}

export type TargetDataState =
  | 'ok'
  | 'mirroring'
  | 'mirror-required'
  | 'restore-required'
  | 'snapshot-reverted'
  | 'retrying'
  | 'unknown';

/** The field's word for whether the replica is a good image. */
export function targetDataStateOf(facts: JobFacts): TargetDataState {
  if (!facts.linked && !facts.complete) return facts.started ? 'unknown' : 'mirror-required';
  if (facts.mirror === 'running' || facts.mirror === 'scanning') return 'mirroring';
  if (facts.mirror === 'paused') return 'mirror-required';
  if (!facts.complete || facts.dirtyItems > 0 || facts.mirror === 'repairing' || facts.unrepairable > 0)
    return facts.mirror === 'repairing' ? 'mirroring' : 'mirror-required';
  if (facts.differs != null) return 'mirror-required';
  return facts.targetTrouble === null ? 'ok' : 'retrying';
}

/** The source's word to its target: what it keeps for the day on which the source is silent. */
export interface JobStanding extends JobState {
  /** FO2: but for what is on its way, the replica equals the source. */
  readonly good: boolean;
}

export function standingOf(facts: JobFacts): JobStanding {
  const { complete, mirror, dirtyItems, unrepairable, differs, audit = null, unseenWhy } = facts;
  const whole = complete && mirror === 'none' && dirtyItems === 0 && unrepairable === 0 && differs == null;
  return { ...stateOf(facts), good: whole && audit?.kind !== 'doubt' && unseenWhy == null };
}

/** What a person may do now; the console greys the rest. */
export function actionsOf(facts: JobFacts): readonly string[] {
  if (!facts.started) return ['start', 'delete'];
  if (facts.braked != null) return ['brake', 'stop', 'delete'];
  const actions = [facts.paused ? 'resume' : 'pause', 'stop'];
  if (facts.linked && !facts.paused && facts.mirror === 'none') actions.push('mirror', 'verify');
  if (facts.linked && !facts.paused && facts.mirror === 'paused') actions.push('mirror');
  if (facts.linked && !facts.paused) actions.push('flush');
  return actions;
}
