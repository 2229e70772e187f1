/** From a definition to what must be protected: rules checked against this machine, directories with their scopes. */
import { lstatSync, realpathSync } from 'node:fs';
import { brand, printable, type RawName } from '@understudy/base';
import type { JobEvent, PowerCut } from '@understudy/engine';
import type { JobDefinition, Position, Refuse, Welcome } from '@understudy/wire';
import {
  FORBIDDEN_PLACES,
  type PlaceProbe,
  type ProtectedDirectory,
  type Rule,
  validateRules,
} from '../../rules/index.ts';
import type { StoredJob } from '../stored-job.ts';
import type { LeaseOf } from './gate/job-lease.ts';
import type { Interceptors } from './interceptors.ts';
import type { JobRoot } from './job-roots.ts';
import type { RunnerOptions } from './job-runner.ts';
import type { RootsFile } from './plan-roots.ts';
import { rulesInOrder } from './rule-order.ts';
import type { VerificationReports } from './verification-reports.ts';
import { scheduleFault } from './verify-schedule.ts';

export interface Prepared {
  readonly errors: readonly string[];
  readonly notes: readonly string[];
  readonly rules: readonly Rule[];
  readonly directories: readonly ProtectedDirectory[];
}

/** The ring that a job's records come from. */
export interface RingOfJob {
  readonly identity: string;
  /** Nothing of it has been read in this process. */
  readonly fresh: boolean;
  /** How the ring before it was lost; null: it was not, or nobody knows. */
  readonly powerCut: PowerCut | null;
  event(event: JobEvent): void;
}

/** What the source's jobs need of the agent around them. */
export interface JobSurroundings {
  readonly agentName: string;
  readonly homePath: string;
  readonly interceptors: Interceptors;
  /** How long what is mounted by itself waits for the first word of its target; 0: not at all. */
  readonly holdAtStartMs: number;
  readonly leaseOf: LeaseOf;
  /** What everything but the interception contributes to a runner. */
  runnerOptions(
    stored: StoredJob,
    roots: readonly JobRoot[],
    prepared: Prepared,
    ring: RingOfJob,
  ): Omit<
    RunnerOptions,
    | 'audit'
    | 'emptied'
    | 'barrier'
    | 'passed'
    | 'held'
    | 'ordered'
    | 'orderedWhy'
    | 'wake'
    | 'changed'
    | 'event'
    | 'fault'
    | 'detach'
    | 'commanded'
  >;
  /** Nothing goes on from what an earlier run of the agent left of the job's queue. True: something would have. */
  forgetQueue(id: string): boolean;
  /** Where the job keeps which roots it had. */
  rootsFile(id: string): RootsFile;
  /** What verifications of that job have found. */
  reports(id: string): VerificationReports;
  /** Asks the target whether it would take the job; a sentence is its no, null: it would, or it cannot be asked now. */
  probe(stored: StoredJob, directories: readonly ProtectedDirectory[]): Promise<string | null>;
  /** Tells the target that the job was deleted; a sentence says why it could not be told. */
  leave(stored: StoredJob): Promise<string | null>;
  /** Tells the target that the job was stopped; a sentence says why it could not be told. */
  rest(stored: StoredJob): Promise<string | null>;
  /** Word to the former source of a job that this server has taken over; `unsaid`: it was not reached at all. */
  say(stored: StoredJob, intent: 'undo' | 'hand-over', epoch: number): Promise<Refuse | 'unsaid' | null>;
  /** A person's word to a brake that holds the replica; `next`: behind what is intercepted by now. */
  decide(
    stored: StoredJob,
    intent: 'brake-go-on' | 'brake-halt-here',
    next: Position,
  ): Promise<Refuse | Pick<Welcome, 'applied' | 'why'>>;
  event(event: JobEvent, job: string): void;
  /** A fault of our own, for the technical log. */
  fault(error: unknown, job: string | null): void;
}

const bytesOf = (raw: { readonly bytes: string }): RawName =>
  brand<RawName>(Buffer.from(raw.bytes, 'base64').toString('latin1'));

export function prepareJob(definition: JobDefinition, surroundings: Pick<JobSurroundings, 'homePath'>): Prepared {
  const inputs = rulesInOrder(definition);
  const home = brand<RawName>(Buffer.from(surroundings.homePath).toString('latin1'));
  const errors: string[] = [];
  if (definition.to !== null && !bytesOf(definition.to).startsWith('/'))
    errors.push(`--to ${printable(bytesOf(definition.to))} is not an absolute path; begin it with a slash.`);
  const schedules = { verification: definition.verifySchedule?.cron, 'test failover': definition.failover?.test?.cron };
  for (const [what, cron] of Object.entries(schedules)) {
    const fault = cron === undefined ? null : scheduleFault(cron, what);
    if (fault !== null) errors.push(fault);
  }
  // /etc may be protected by watching, never by a mount over it: the driver refuses that by itself.
  const forbidden = FORBIDDEN_PLACES.filter((place) => definition.intercept === 'fuse' || place !== '/etc');
  const verdict = validateRules(inputs, { probe, forbidden, own: [{ path: home, what: "the agent's home" }] });
  return { ...verdict, errors: [...errors, ...verdict.errors] };
}

const probe: PlaceProbe = {
  kindOf(path) {
    try {
      const stat = lstatSync(Buffer.from(path, 'latin1'));
      if (stat.isDirectory()) return 'directory';
      return stat.isSymbolicLink() ? 'symlink' : 'other';
    } catch {
      return 'missing';
    }
  },
  canonical(path) {
    try {
      return brand<RawName>(realpathSync.native(Buffer.from(path, 'latin1'), 'buffer').toString('latin1'));
    } catch {
      return null;
    }
  },
};
