/**
 * A replica as a failover sees it. In: what is kept of it. Out: its names and paths, and the section that says what is to be done.
 * Promise: what a newer source says beyond what is known here is left out; what cannot be read is said, and nothing is guessed.
 */
import { printable, type RawName } from '@understudy/base';
import { type FailoverOptions, type JobDefinition, jobDefinitionSchema, NO_FAILOVER_OPTIONS } from '@understudy/wire';
import { z } from 'zod';
import { placesOf } from '../target/replica-place.ts';
import { raw } from '../target/replica-record.ts';
import type { KeptReplica } from '../target/target-jobs.ts';

export interface ReplicaJob {
  readonly id: string;
  readonly name: string;
  /** What the source is called. */
  readonly source: string;
  /** Of the source's certificate. */
  readonly sourceFingerprint: string;
  readonly target: string;
  /** Null: it was not handed over, or cannot be read here. */
  readonly definition: JobDefinition | null;
  readonly failover: FailoverOptions;
  /** On this server, and on the source. */
  readonly replicaPaths: readonly RawName[];
  readonly sourcePaths: readonly RawName[];
  /** The highest that has begun. */
  readonly epoch: number;
}

/** Unknown keys of the definition itself are left out; within the section they are refused, because they were meant to do something. */
const readable = z.object(jobDefinitionSchema.shape);

export function replicaJob({ stored, hello }: KeptReplica, agentName: string): ReplicaJob {
  const parsed = readable.safeParse(hello?.handover?.definition);
  const definition = parsed.success ? parsed.data : null;
  const places = hello === null ? [] : placesOf(hello);
  return {
    id: stored.jobId,
    name: stored.jobName,
    source: hello?.handover?.sourceName ?? 'the source',
    sourceFingerprint: stored.peer,
    target: definition?.target.name ?? agentName,
    definition,
    failover: definition?.failover ?? NO_FAILOVER_OPTIONS,
    replicaPaths: stored.roots.map(({ path }) => raw(path)),
    sourcePaths: places.map(({ source }) => source),
    epoch: stored.epoch ?? 1,
  };
}

export const pathsOf = (paths: readonly RawName[]): string => paths.map((path) => printable(path)).join(', ');
