/** What a job on its source is made of, and what it needs from its surroundings. */
import type { RawName } from '@understudy/base';
import type { Position } from '@understudy/wire';
import type { QueueStore } from '../data-path/source/queue/queue-store.ts';
import type { QueueLimits } from '../data-path/source/queue/source-replication-manager.ts';
import type { Window } from '../data-path/source/transmit/source-communication-manager.ts';
import type { KnownReceived } from '../data-path/source-path.ts';
import type { Barrier, Digest, Scope, SourceFiles } from '../ports.ts';
import type { AuditOptions } from './audit/job-audit.ts';
import type { JobMemory } from './job-memory.ts';
import type { MirrorMemory } from './mirror/memory.ts';
import type { MirrorOptions } from './mirror/plan.ts';
import type { PowerCutOfJob } from './power-cut.ts';

export interface JobEvent {
  readonly code: string;
  readonly severity: 'information' | 'warning' | 'error';
  readonly sentence: string;
}

/** What the job needs from its surroundings. */
export interface SourceJobWorld {
  readonly digest: Digest;
  wallMs(): number;
  barrier(): Barrier;
  passed(barrier: Barrier): boolean;
  event(event: JobEvent): void;
  /**
   * What the queue held is dirty now and will not be in its store any more, or there is a gap of which no record tells: the last moment to
   * write down what is dirty.
   */
  lettingGo?(): void;
}

export interface JobRootInput {
  readonly path: RawName;
  readonly files: SourceFiles;
  readonly scope: Scope;
}

export interface SourceJobOptions {
  readonly world: SourceJobWorld;
  readonly next: Position;
  readonly limits: QueueLimits;
  readonly window?: Window;
  readonly roots: readonly JobRootInput[];
  /** For mirrors that begin by themselves, and where a command says nothing else. */
  readonly mirror?: MirrorOptions;
  /** Absent: whoever uses the job looks for no cookies, and its state asks for none. */
  readonly audit?: AuditOptions | undefined;
  /**
   * SAFE2: a mirror that finds nothing in a root whose replica holds something takes nothing away, and the target says so by name (see
   * EMPTIED_ROOT). `once`: the first mirror of everything may; absent: every one may.
   */
  readonly emptied?: 'ask' | 'once' | undefined;
  /** Over restarts; without it a mirror goes on only while this lives. */
  readonly mirrorMemory?: MirrorMemory;
  /** Where the queue goes that does not fit into memory or the ring. */
  readonly store?: QueueStore | undefined;
  /** What an earlier run of the process had come to, on the same stream and the same ring. */
  readonly goesOn?:
    | (KnownReceived & {
        readonly memory: JobMemory;
        /** Of roots where rules are asked, in the order in which they were written down. */
        readonly notes?: readonly Uint8Array[] | undefined;
        /** The ring was lost with the machine's power. */
        readonly powerCut?: PowerCutOfJob | undefined;
      })
    | undefined;
}
