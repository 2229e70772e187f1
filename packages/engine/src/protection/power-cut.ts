/**
 * What a job makes of a power cut on its source. In: the regions that were active in its roots, and when the machine began to run again.
 * Out: dirty items. Promise: outside of them the replica equals the source, as before; within them the source rules, whoever was ahead.
 */
import type { DirtyMap } from '../data-path/source/queue/dirty-map.ts';
import { TO_THE_END } from '../data-path/source/queue/ranges.ts';
import type { SourcePath } from '../data-path/source-path.ts';
import type { ActiveRegion } from '../ports.ts';
import type { MirrorRoot } from './mirror/world.ts';

export interface PowerCutOfJob {
  /** A root of the job: its active regions. */
  readonly regions: readonly (readonly ActiveRegion[])[];
  readonly bootedAtMs: number;
}

/** `drained`: the newest operation that was handed out. What is dirty is not received, and the caller looks at that. */
export function receivedThrough({ scm, srm, awaiting }: SourcePath, drained: number): number | null {
  if (awaiting || srm.noting) return null;
  return srm.queue.operations === 0 && scm.inFlightBytes === 0 ? drained : scm.receivedOrigin;
}

const REASON = 'power-cut';
/** The clock may have been set a little since. */
const BOOT_SLACK_MS = 2000;

export function notePowerCut(
  { regions, bootedAtMs }: PowerCutOfJob,
  dirty: DirtyMap,
  roots: ReadonlyMap<number, MirrorRoot>,
): void {
  // What was made in one directory may have been moved to another: the earliest counts for all.
  const begun = regions.flat().map((region) => (region.kind === 'names' ? region.sinceMs : bootedAtMs));
  const sinceMs = Math.min(bootedAtMs, ...begun);
  for (const [index, active] of regions.entries()) {
    for (const region of active) note(dirty, index, region, sinceMs);
    if (active.some(({ kind }) => kind === 'all')) roots.get(index)?.scope.clear();
    else dirty.addChanged(index, bootedAtMs - BOOT_SLACK_MS, REASON);
  }
}

function note(dirty: DirtyMap, root: number, region: ActiveRegion, sinceMs: number): void {
  if (region.kind === 'all') dirty.addRoot(root, REASON);
  else if (region.kind === 'names') dirty.addNames(root, region.node, sinceMs, REASON);
  else if (region.kind === 'metadata') dirty.addMetadata(root, region.node, REASON);
  else dirty.addCompare(root, region.node, region.from, region.to ?? TO_THE_END, REASON);
}
