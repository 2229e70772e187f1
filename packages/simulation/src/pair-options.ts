/** What a pair of simulated agents is made of: chance, limits, rules, and how bad disk and wire are. */
import type { OrphanChoice, SourceFiles } from '@understudy/engine';
import type { DiskFaults, DiskKind } from './bad-disk.ts';
import type { Digests } from './digests.ts';
import type { Pair } from './pair.ts';
import type { SeededRandom } from './random.ts';
import type { ScopeKind } from './scopes.ts';
import type { ToTarget, WireTrouble } from './wire-link.ts';

export interface BrakeWorld {
  readonly files: number;
  readonly share: number;
  readonly windowMs: number;
  /** Of old content, kept aside. */
  readonly copyBytes: number;
}

export interface PairOptions {
  readonly random: SeededRandom;
  readonly memoryBytes: number;
  readonly ringBytes: number;
  /** Of what waits on the target to be applied. */
  readonly targetBytes?: number | undefined;
  /** Of the target's journal of received operations. */
  readonly journalBytes?: number;
  /** What happens on the target's disk: syncs, checkpoints, moments that a power cut leaves; without it received is durable at once. */
  readonly power?: SeededRandom;
  /** Of the queue's store. */
  readonly storeBytes?: number;
  readonly scopes: readonly ScopeKind[];
  /** How likely they are edited at a step. */
  readonly ruleEdits?: number;
  /** The job's first root is a directory beneath a wider root of the interceptor. */
  readonly within?: boolean;
  readonly disk: DiskKind;
  /** What fails on it beside the changes of the replica. */
  readonly faults?: DiskFaults;
  readonly audit?: boolean;
  readonly wrapFiles?: (files: SourceFiles) => SourceFiles;
  /** A mutation for the checkers: what arrives is not what was sent. */
  readonly tamper?: (message: ToTarget) => ToTarget;
  readonly wire?: WireTrouble;
  /** Which digests each side makes; SHA-256 alone where nothing is said. */
  readonly digests?: { readonly source: Digests; readonly target: Digests };
  /** SAFE4: there is a brake on the target, with these limits. */
  readonly brake?: BrakeWorld | undefined;
  /** Another job of the same source: the same files, the same ring, the same process. */
  readonly beside?: Pair | undefined;
}

/** A replica that a brake took back has names that the source has no more, and so has what comes back into a set: they have to go. */
export function orphansWhere({ brake, ruleEdits = 0 }: Pick<PairOptions, 'brake' | 'ruleEdits'>): OrphanChoice {
  if (brake !== undefined) return 'delete';
  return ruleEdits > 0 ? 'move' : 'report';
}
