/** From a job's definition, and what a command says beside it, to how a mirror is done. */
import { DEFAULT_MIRROR_OPTIONS, type MirrorOptions } from '@understudy/engine';
import type { CallArguments, JobDefinition } from '@understudy/wire';

export function mirrorOptionsOf({ mirror }: Pick<JobDefinition, 'mirror'>): MirrorOptions {
  if (mirror === undefined) return DEFAULT_MIRROR_OPTIONS;
  const { blockSize, calculate, orphans, orphansOlderThanMs } = mirror;
  return {
    blockSize: blockSize ?? DEFAULT_MIRROR_OPTIONS.blockSize,
    calculate,
    orphans,
    orphansOlderThanMs: orphansOlderThanMs ?? 0,
  };
}

/** Only what the command names. */
export function mirrorOptionsAsked(asked: CallArguments<'job.mirror'>): Partial<MirrorOptions> {
  const { blockSize, calculate, orphans, orphansOlderThanMs } = asked;
  return {
    ...(blockSize === null ? {} : { blockSize }),
    ...(calculate === undefined ? {} : { calculate }),
    ...(orphans === undefined ? {} : { orphans }),
    ...(orphansOlderThanMs === undefined ? {} : { orphansOlderThanMs }),
  };
}
