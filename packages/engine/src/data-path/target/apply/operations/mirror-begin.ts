/** mirrorBegin: a run begins; `detail` says how files are compared. Until a mirror's end the replica is not complete. */
import { MirrorCompare, type OperationRecord } from '@understudy/wire';
import type { MirrorRun } from '../mirror-run.ts';

export function mirrorBegin({ detail }: OperationRecord, run: MirrorRun): void {
  if (detail === MirrorCompare.verify) run.endVerification();
  else run.beginMirror(detail);
}
