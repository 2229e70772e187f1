/**
 * mirrorBegin: a run begins; `detail` says how files are compared. Until the end of a mirror the replica is not complete; a repair
 * takes nothing from what it is.
 */
import { MIRROR_GOES_ON, MIRROR_REPAIR, MirrorCompare, type OperationRecord } from '@understudy/wire';
import type { MirrorRun } from '../mirror-run.ts';

export function mirrorBegin({ detail }: OperationRecord, run: MirrorRun): void {
  if (detail === MirrorCompare.verify) {
    run.endVerification();
    return;
  }
  const repair = (detail & MIRROR_REPAIR) !== 0;
  const goesOn = (detail & MIRROR_GOES_ON) !== 0;
  run.beginMirror(detail & ~(MIRROR_REPAIR | MIRROR_GOES_ON), { repair, goesOn });
}
