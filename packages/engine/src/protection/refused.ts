/**
 * An operation that the target could not apply (TRM2). In: its word, the job's rooms. Out: what is to be repaired, or compared as a whole,
 * and an event. Promise: nothing is repaired, and so sent, of which it is not certain that it is the set's.
 */
import { NO_NODE, type Reply } from '@understudy/wire';
import type { DirtyMap } from '../data-path/source/queue/dirty-map.ts';
import { liesBeneath } from './lies-beneath.ts';
import type { MirrorRoot } from './mirror/world.ts';
import { refusedPath } from './path-for-people.ts';
import type { Refusals } from './refusals.ts';
import type { Runs } from './runs.ts';

export interface RefusedRooms {
  readonly refusals: Refusals;
  readonly roots: ReadonlyMap<number, MirrorRoot>;
  readonly runs: Pick<Runs, 'want'>;
  readonly dirty: DirtyMap;
  readonly world: Parameters<Refusals['tell']>[1];
}

export function refused(reply: Extract<Reply, { kind: 'failed' }>, rooms: RefusedRooms): void {
  const { root, node, parent, errno } = reply;
  const { refusals, runs, dirty } = rooms;
  const of = rooms.roots.get(root);
  const path = refusedPath(of, node, reply.path);
  const counted = refusals.add(root, node, { path, errno });
  const parents = parent === NO_NODE ? [] : [parent];
  const ours =
    counted !== 'repair' || (liesBeneath(of, node, reply.path) && parents.every((one) => liesBeneath(of, one, '')));
  // What cannot be found by its name now, a comparison finds if it is the set's, and by its name alone.
  const remedy = ours ? counted : 'mirror';
  refusals.tell({ path, errno, remedy }, rooms.world);
  if (remedy === 'mirror') runs.want('checksum');
  if (remedy === 'repair') for (const one of [node, ...parents]) dirty.addNode(root, one, 'refused-by-target');
}
