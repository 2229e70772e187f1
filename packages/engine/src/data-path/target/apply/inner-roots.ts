/**
 * Roots of one job that lie inside one another: a file system mounted beneath a protected directory is a root of its own, and in the
 * listing of the outer one its mount point is an empty directory. In: records of the outer root. Out: whether they concern the place of
 * an inner one. Promise: what lies there is the inner root's alone; the outer one neither lists, checks, changes nor clears it.
 */
import type { RawName } from '@understudy/base';
import { type NodeId, type OperationRecord, Verb } from '@understudy/wire';
import type { Handle } from '../../../ports.ts';
import { type ApplyContext, say } from './apply-context.ts';
import type { Place, ReplicaRoot } from './replica-root.ts';

export interface InnerRoot {
  /** From the outer root to it. */
  readonly names: readonly RawName[];
  /** Its own directory. */
  readonly handle: Handle;
}

/** The roots directly inside `outer`, by their paths on the source: the replica keeps how they lie to each other. */
export function innerRootsOf(outer: ReplicaRoot, all: Iterable<ReplicaRoot>): InnerRoot[] {
  const inside = [...all].filter((root) => root !== outer && lies(root.path, outer.path));
  return inside
    .filter((root) => !inside.some((other) => other !== root && lies(root.path, other.path)))
    .map((root) => ({
      names: root.path
        .slice(outer.path.length)
        .split('/')
        .filter((name) => name !== '') as RawName[],
      handle: root.files.root,
    }));
}

const lies = (inner: RawName, outer: RawName): boolean => inner.startsWith(outer === '/' ? '/' : `${outer}/`);

/** Whether a name is the place of an inner root, or a directory on the way to one. */
export function leadsToInner(root: ReplicaRoot, place: Place): 'inner' | 'way' | null {
  for (const { names } of root.inner) {
    if (!names.includes(place.name)) continue;
    let at: Handle = root.files.root;
    for (const [depth, name] of names.entries()) {
      if (at === place.parent && name === place.name) return depth === names.length - 1 ? 'inner' : 'way';
      const entry = root.files.entry(at, name);
      if (entry === null) break;
      at = entry.handle;
    }
  }
  return null;
}

/** True where the record is about the place of an inner root: then all that it may do is done here. */
export function leftToInner(record: OperationRecord, context: ApplyContext): boolean {
  const { root, run } = context;
  if (root.inner.length === 0 || record.verb === Verb.root) return false;
  if (covers(root, record.parent)) {
    if (record.verb === Verb.listingEnd) say('have', { ...record, node: record.parent }, context);
    return true;
  }
  const handle = innerAt(root, record.parent, record.name);
  if (handle !== null) {
    if (record.verb === Verb.entry || record.verb === Verb.mkdir) {
      root.nodes.bind(record.node, handle);
      run.confirm(root.index, record.parent, record.name);
    } else if (record.verb === Verb.checkEntry) run.checked(root.index, record.parent, record.name);
    return true;
  }
  return (
    covers(root, record.node) || covers(root, record.parent2) || innerAt(root, record.parent2, record.name2) !== null
  );
}

function covers(root: ReplicaRoot, node: NodeId): boolean {
  const handle = root.nodes.handleOf(node);
  return handle !== undefined && root.inner.some((inner) => inner.handle === handle);
}

function innerAt(root: ReplicaRoot, parentNode: NodeId, name: RawName): Handle | null {
  const last = root.inner.filter(({ names }) => names.at(-1) === name);
  const parent = last.length === 0 ? undefined : root.nodes.handleOf(parentNode);
  if (parent === undefined || leadsToInner(root, { parent, name }) !== 'inner') return null;
  return root.files.entry(parent, name)?.handle ?? null;
}
