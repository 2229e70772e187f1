/** What the jobs of a target stand on: this machine, its settings, where events go. Joined to the world in run-agent.ts. */
import type { RawName } from '@understudy/base';
import type { Forbidden } from '@understudy/engine';
import type { Hello, Refuse } from '@understudy/wire';
import type { SegmentLimits } from '../../ports/segments/index.ts';
import type { GuardPorts } from './guard/replica-guard.ts';
import type { UndoSettings } from './past/undo-reach.ts';
import type { OpenTree } from './replica-roots.ts';

export type Severity = 'information' | 'warning' | 'error';

export interface TargetSurroundings {
  readonly version: string;
  readonly home: string;
  readonly machine: string;
  readonly bootId: string;
  readonly openTree?: OpenTree;
  /**
   * What an earlier run of this agent has left mounted is taken over or gone: until then it may hide what lies at a replica's place, and no
   * source is listened to. Absent: nothing is left.
   */
  readonly ready?: Promise<void>;
  /** How replicas are kept from other writers; absent: they are not. */
  readonly guard?: GuardPorts;
  /** Which places and files this server takes; absent: all but the system's own places. */
  readonly replicas?: { readonly allow: readonly RawName[]; readonly forbidden: Forbidden };
  /** Of what is received and not applied; the defaults of the settings where it is not said. */
  readonly journal?: {
    readonly memoryBytes: number;
    /** Empty: in the home. */
    readonly folder: string;
    readonly limits: Partial<SegmentLimits>;
  };
  /** Of overwritten content, for one job's brake. */
  readonly keepAsideBytes?: number;
  /** How far back replicas can be taken; absent: as far as brakes need. */
  readonly undo?: UndoSettings;
  /** Why a source is sent away whatever it wants: this server has taken over; null: it has not. */
  readonly sentAway?: (jobId: string, epoch: number) => string | null;
  /** What this server, the job's own source, or one that copies the replica elsewhere, has to say to a greeting for it; null: nothing. */
  readonly primary?: (hello: Hello, peer: string) => Refuse | null;
  /** A restore to where one of this server's own jobs protects is turned away; null: it is none, or nobody protects there. */
  readonly protectedHere?: (hello: Hello) => Refuse | null;
  /** What lies in the replica and is none of the job's: where this server was the source, its rules left it out. */
  readonly spared?: (jobId: string, path: RawName, isDirectory: boolean) => boolean;
  /** The job comes back to this server: null, it has taken it. */
  readonly comeBack?: (hello: Hello, peer: string) => Promise<Refuse | null>;
  event(event: { code: string; severity: Severity; sentence: string }, job: string): void;
  /** A fault of our own, for the technical log. */
  fault(error: unknown, job: string): void;
}
