/** What a started job on its source is made of. In: what its definition, its agent and its ring say. Out: the options of a JobRunner. */
import type {
  AuditOptions,
  Barrier,
  JobEvent,
  MirrorMemory,
  MirrorOptions,
  ProtectedRoot,
  Reason,
  Role,
  Scope,
  SourceJob,
} from '@understudy/engine';
import type { Hello } from '@understudy/wire';
import type { DialledLink } from './job-link.ts';
import type { PositionReserve } from './position-reserve.ts';
import type { Survival } from './survival.ts';
import type { HoldingOptions } from './synchronous/make-synchronous.ts';
import type { TransmissionOptions } from './transmission.ts';

export interface RunnerRoot {
  readonly root: ProtectedRoot;
  readonly scope: Scope;
}

export interface RunnerOptions extends HoldingOptions {
  readonly id: string;
  readonly name: string;
  readonly targetName: string;
  readonly epoch: number;
  readonly roots: readonly RunnerRoot[];
  readonly reserve: PositionReserve;
  readonly memoryBytes: number;
  readonly windowBytes: number;
  /** Compression, rate and limits. */
  readonly transmission?: TransmissionOptions;
  /** How mirrors are done unless a command says otherwise. */
  readonly mirror?: MirrorOptions;
  readonly mirrorMemory?: MirrorMemory & { close(): void };
  /** How the job comes through the death of the agent. */
  readonly survival?: Survival;
  /** SAFE2: what a mirror makes of a root in which there is nothing. */
  readonly emptied?: 'ask' | 'once' | undefined;
  /** Absent: no cookies go round. */
  readonly audit?: AuditOptions | undefined;
  readonly barrier: () => Barrier;
  readonly passed: (barrier: Barrier) => boolean;
  readonly ordered: boolean;
  readonly orderedWhy: string;
  /** What of these scopes is not intercepted, in a sentence; null: nothing. */
  readonly unseen?: (scopes: readonly Scope[]) => string | null;
  readonly commanded?: boolean;
  /** This server has taken the job over, or is on the way home; see takeover/reverse. `begins`: nothing has been changed yet. */
  readonly role?: Role | null;
  readonly noteOnly?: { readonly begins: boolean } | undefined;
  /** It is about to halt, and nothing is forgotten yet. */
  readonly halting?: (reason: Reason, job: SourceJob) => void;
  readonly hello: (live: Pick<Hello, 'oldest' | 'next' | 'applied' | 'fresh' | 'roots'>) => Hello;
  readonly dial: () => Promise<DialledLink>;
  readonly event: (event: JobEvent) => void;
  /** A fault of our own, for the technical log. */
  readonly fault: (error: unknown) => void;
  /** No more records and turns are wanted. */
  readonly detach: () => void;
  /** The pump should turn soon. */
  readonly wake: () => void;
  /** The state may have changed. */
  readonly changed: () => void;
}
