/** mirrorEnd: the run is complete. What lost its place in these roots and was claimed by nobody is gone on the source: it is set aside. */
import { printable, type RawName } from '@understudy/base';
import { type OperationRecord, position } from '@understudy/wire';
import type { TargetEvent } from '../apply-context.ts';
import { sweep } from '../limbo.ts';
import type { MirrorRun } from '../mirror-run.ts';
import type { ReplicaRoot } from '../replica-root.ts';

const VERIFICATION = 1;

export function mirrorEnd(
  record: OperationRecord,
  run: MirrorRun,
  roots: Iterable<ReplicaRoot>,
  event: (event: TargetEvent) => void,
): void {
  if (record.detail === VERIFICATION) {
    run.endVerification();
    return;
  }
  for (const root of roots) {
    const asides = sweep(root, (handle) => run.isSpared(handle));
    const [first] = asides;
    if (first === undefined) continue;
    const folder = printable(first.split('/').slice(0, 2).join('/') as RawName);
    event({
      kind: 'set-aside',
      severity: 'warning',
      at: position(record.sequence),
      root: root.index,
      path: root.path,
      sentence: `the mirror is complete; ${asides.length} files and folders that the source no longer has were set aside, to ${folder} in the job's folder beside the replica`,
    });
  }
  run.endMirror();
}
