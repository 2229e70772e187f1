/** What a simulated target is made of: its roots, its disk, how little memory it has, and what may be left of a moment. */
import type { MemoryReplica } from '@understudy/engine/testing';
import type { BadDisk } from './bad-disk.ts';
import type { Digests } from './digests.ts';

export interface TargetAgentOptions {
  readonly roots: number;
  readonly disk: BadDisk;
  readonly nowMs: () => number;
  readonly journalBytes?: number | undefined;
  /** Called before each change of a replica: a moment that a power cut may leave. */
  readonly moment?: (replica: MemoryReplica) => void;
  /** There is a brake, which keeps so many bytes of old content aside; absent: there is none. */
  readonly brakeCopyBytes?: number | undefined;
  readonly digests?: Digests | undefined;
  readonly memoryBytes?: number | undefined;
}
