/**
 * The copy of a replica as a job. In: the job whose replica it is, where to. Out: the same files in the other direction, once; and where
 * they will lie. Pure.
 */
import { brand, printable, type RawName, rawToText } from '@understudy/base';
import {
  type JobDefinition,
  type RawPath,
  type RestoreChoice,
  serverNameSchema,
  type TargetServer,
} from '@understudy/wire';
import { replicaPathOf } from '../../rules/index.ts';
import type { StoredJob } from '../stored-job.ts';
import { reversed } from '../takeover/reverse/reversed.ts';
import { raw } from '../target/replica-record.ts';

export interface RestoredJob {
  readonly id: string;
  /** As its source has it. */
  readonly definition: JobDefinition;
  readonly source: TargetServer;
  readonly replicaPaths: readonly RawName[];
}

const NAME_BYTES = 64;
const SUFFIX = '-restore';

/** `id`: of the copy. */
export function restoreJobOf(job: RestoredJob, { to, overwrite }: RestoreChoice, id: string): StoredJob {
  const kept = job.replicaPaths.map((root) => brand<RawName>(`${root === '/' ? '' : root}/.understudy-${job.id}`));
  const back = reversed(job.definition, job.source, kept);
  const definition: JobDefinition = {
    ...back,
    name: `${job.definition.name.slice(0, NAME_BYTES - SUFFIX.length)}${SUFFIX}`,
    ...(to === null ? {} : { target: to.server, to: beneath(to.directory, job.definition.without) }),
    mirror: {
      ...(back.mirror ?? { blockSize: null, calculate: true }),
      // What only that place has is in nobody's way but is no part of what was there.
      orphans: overwrite ? 'move' : 'report',
      orphansOlderThanMs: null,
    },
  };
  const adopt = overwrite ? { adopt: true } : {};
  return { id, revision: 1, epoch: 1, started: true, paused: false, restore: true, ...adopt, definition };
}

/** Where each directory of the replica comes to lie. */
export function placesOfRestore({ definition }: StoredJob, directories: readonly RawName[]): string[] {
  const to = definition.to === null ? null : raw(definition.to.bytes);
  const without = definition.without === undefined ? null : raw(definition.without.bytes);
  return directories.map((path) => printable(replicaPathOf(to, path, without)));
}

/** The server as a definition names it; what people call it may be no name by that rule. */
export function serverOf(name: string, address: string, fingerprint: string): TargetServer {
  return { name: serverNameSchema.safeParse(name).success ? name : 'source', address, fingerprint };
}

/** `--to` puts each path beneath the directory as the source has it, also where the replica's own place left its beginning out. */
function beneath(directory: RawPath, left: RawPath | undefined): RawPath {
  if (left === undefined) return directory;
  const base = raw(directory.bytes);
  const path = brand<RawName>(`${base === '/' ? '' : base}${raw(left.bytes)}`);
  return { text: rawToText(path), bytes: Buffer.from(path, 'latin1').toString('base64') };
}
