/**
 * Other rules for a job that runs. In: the scopes as they are from now on, one a root, for the roots it has. Out: dirty roots, or a mirror
 * from its beginning. Promise: up to this point in the stream the old rules decide and from here on the new ones; both sides are compared
 * under the new ones, so that what comes in is sent and what is equal is not; until that is applied the replica does not count as whole.
 */
import type { DirtyMap } from '../../data-path/source/queue/dirty-map.ts';
import type { RootScope } from '../../data-path/source/queue/root-scope.ts';
import type { Scope } from '../../ports.ts';
import type { Runs } from '../runs.ts';

interface Rooms {
  readonly dirty: DirtyMap;
  readonly scopes: ReadonlyMap<number, RootScope>;
  readonly runs: Runs;
}

/** Call it right after a drain: what was intercepted before belongs to the old rules. */
export function changeRules(scopes: readonly Scope[], rooms: Rooms): void {
  if (scopes.length !== rooms.scopes.size)
    throw new RangeError(`rules for ${scopes.length} roots, and the job has ${rooms.scopes.size}`);
  // What a mirror under the old rules has finished says nothing of what they left out.
  rooms.runs.beginAnew();
  for (const [index, root] of rooms.scopes) {
    const scope = scopes[index];
    if (scope === undefined) continue;
    root.change(scope);
    rooms.dirty.addRoot(index, 'rules-changed');
  }
}
