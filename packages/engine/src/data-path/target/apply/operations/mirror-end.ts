/**
 * mirrorEnd: the run is complete. What lost its place and was claimed by nobody is gone on the source: it is set aside. What was asked for
 * and never came is returned: a replay after a power cut asks again when the mirror may be past answering, and a source that died, or lost
 * its repair, does not know any more what it was asked for.
 */
import { printable, type RawName } from '@understudy/base';
import { type NodeId, type OperationRecord, position, record as recordOf, Verb } from '@understudy/wire';
import type { TargetEvent } from '../apply-context.ts';
import { inLimbo, sweep } from '../limbo.ts';
import type { MirrorRun } from '../mirror-run.ts';
import type { ReplicaRoot } from '../replica-root.ts';

const VERIFICATION = 1;

export function mirrorEnd(
  record: OperationRecord,
  run: MirrorRun,
  roots: readonly ReplicaRoot[],
  { sweeps, event }: { readonly sweeps: boolean; readonly event: (event: TargetEvent) => void },
): OperationRecord[] {
  if (record.detail === VERIFICATION) {
    run.endVerification();
    return [];
  }
  for (const root of sweeps ? roots : []) {
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
  return roots.flatMap((root) => root.nodes.pending().flatMap((node) => owed(root, node, record)));
}

/** Not what waits in limbo: of that an entry says whether it is wanted at all. What is told is the source's affair from then on. */
function owed(root: ReplicaRoot, node: NodeId, { sequence }: OperationRecord): OperationRecord[] {
  const there = root.alive(node);
  if (there === null || inLimbo(root, node, there.handle) !== null) return [];
  root.nodes.setPending(node, false);
  return [recordOf({ verb: Verb.settle, root: root.index, sequence, node })];
}
