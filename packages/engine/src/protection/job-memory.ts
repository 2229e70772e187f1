/**
 * What a job must know again after its process was killed, beside the queue: whether the replica was complete, what was dirty, and
 * which nodes the target does not know. In: a job's rooms. Out: plain data for a file, and back.
 * Promise: it may say too much dirty and too many unknown, never too little; what a mirror or repair under way has taken over is still in
 * it. A mirror of everything makes all that is known doubtful, but what says so (scope-notes.ts) may be written after this.
 */
import type { RawName } from '@understudy/base';
import { brand } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { DirtyItem, DirtyMap, DirtyReason } from '../data-path/source/queue/dirty-map.ts';
import type { RootScope } from '../data-path/source/queue/root-scope.ts';
import { type RestoredScope, readScopeNotes } from '../data-path/source/queue/scope-notes.ts';
import type { MirrorRoot } from './mirror/world.ts';
import { notePowerCut, type PowerCutOfJob } from './power-cut.ts';
import type { Refusals } from './refusals.ts';
import type { Runs } from './runs.ts';
import type { KnownDifferences } from './verify/known-differences.ts';

/** An item as it is written down: node ids in decimal, names one char a byte. */
export interface RememberedItem {
  readonly kind: DirtyItem['kind'];
  readonly root: number;
  readonly node?: string | undefined;
  readonly name?: string | undefined;
  readonly ranges?: readonly number[] | undefined;
}

export interface RememberedScope {
  /** null: not everything is known but these; then the root is dirty, or nothing is complete. */
  readonly exceptions: readonly string[] | null;
  readonly nameless: readonly string[];
}

export interface JobMemory {
  readonly complete: boolean;
  readonly items: readonly RememberedItem[];
  readonly reasons: readonly { readonly reason: DirtyReason; readonly items: number }[];
  readonly scopes: readonly RememberedScope[];
  /** What the last verification found and nobody has mended; absent: nothing. */
  readonly differences?: KnownDifferences | undefined;
}

interface Rooms {
  readonly dirty: DirtyMap;
  readonly scopes: ReadonlyMap<number, RootScope>;
  readonly runs: Runs;
  readonly refusals: Refusals;
}

interface RoomsWithFiles extends Rooms {
  readonly roots: ReadonlyMap<number, MirrorRoot>;
}

export function remember({ dirty, scopes, runs, refusals }: Rooms): JobMemory {
  const givenUp = refusals.items(scopes.keys());
  const strays = [...scopes].flatMap(([root, scope]) =>
    [...scope.strays].map((node) => ({ kind: 'node' as const, root, node })),
  );
  const items = [...(runs.mirror?.items ?? []), ...dirty.items(), ...givenUp, ...strays];
  const again = givenUp.length + strays.length;
  return {
    // Of what was given up only the file is kept, and not why: the next process finds that by comparing.
    complete: runs.complete && refusals.unrepairable.size === 0,
    items: items.map(written),
    reasons: [...dirty.reasons(), ...(again > 0 ? [{ reason: 'repair-lost' as const, items: again }] : [])],
    scopes: [...scopes.values()].map((scope) => ({
      exceptions: scope.remembered?.map(String) ?? null,
      nameless: [...scope.nameless].map(String),
    })),
    ...(runs.differences === null ? {} : { differences: runs.differences }),
  };
}

/** Version of what `remember` would say: as long as it stays, there is nothing new to write down. */
export function memoryVersion({ dirty, scopes, runs, refusals }: Rooms): string {
  let version = '';
  for (const scope of scopes.values()) version += `${scope.version}/`;
  const repair = runs.mirror?.repairing === true ? runs.mirror.directories.found : null;
  const found = runs.differences?.atMs ?? null;
  return `${version}${dirty.version}/${runs.complete}/${repair}/${refusals.unrepairable.size}/${found}`;
}

/** Without what was noted of roots where rules are asked everything is compared there. */
export function restore(
  left: {
    readonly memory: JobMemory;
    readonly notes?: readonly Uint8Array[] | undefined;
    readonly powerCut?: PowerCutOfJob | undefined;
  },
  rooms: RoomsWithFiles,
  srm: { seenThrough(sequence: number): void },
): void {
  const { dirty, scopes, runs } = rooms;
  const { memory } = left;
  runs.differences = memory.differences ?? null;
  const notes = left.notes === undefined ? null : readScopeNotes(left.notes);
  if (notes !== null) srm.seenThrough(notes.through);
  // The queue could not be read: it may have held what was done since to what a mirror had finished.
  if (memory.scopes.length === 0) runs.beginAnew();
  const ruled = [...scopes.values()].some((scope) => !scope.whole);
  if (ruled && (notes === null || memory.scopes.length === 0)) return;
  if (!memory.complete) {
    // A mirror that goes on says nothing of what it had finished: what became dirty of that stays dirty.
    if (!runs.takeUp(notes)) return;
    dirty.restore(memory.items.map(read), memory.reasons);
    if (left.powerCut !== undefined) notePowerCut(left.powerCut, dirty, rooms.roots);
    return;
  }
  dirty.restore(memory.items.map(read), memory.reasons);
  // Of a root that is compared as a whole nothing need be known, and it has its reason.
  const compared = new Set(memory.items.flatMap(({ kind, root }) => (kind === 'root' ? [root] : [])));
  for (const [index, scope] of scopes) {
    const restored = scope.whole
      ? restoreWhole(scope, memory.scopes[index])
      : restoreRuled(rooms, index, notes?.roots.get(index));
    if (!restored && !compared.has(index)) dirty.addRoot(index, 'queue-damaged');
  }
  runs.complete = true;
  if (left.powerCut !== undefined) notePowerCut(left.powerCut, dirty, rooms.roots);
}

/** False: what the target knows of it is not known. */
function restoreWhole(scope: RootScope, remembered: RememberedScope | undefined): boolean {
  if (remembered === undefined || remembered.exceptions === null) return false;
  scope.complete(remembered.exceptions.map(nodeOf), remembered.nameless.map(nodeOf));
  return true;
}

function restoreRuled({ dirty, scopes }: Rooms, index: number, restored: RestoredScope | undefined): boolean {
  const scope = scopes.get(index);
  if (restored === undefined || restored.partial || scope === undefined || !restored.nodes.has(scope.rootNode))
    return false;
  scope.restore(restored.nodes);
  for (const { parent, name } of restored.doubtful) dirty.addEntry(index, parent, name, 'repair-lost');
  return true;
}

const nodeOf = (text: string): NodeId => brand<NodeId>(BigInt(text));

function written(item: DirtyItem): RememberedItem {
  const { kind, root } = item;
  if (item.kind === 'root') return { kind, root };
  if (item.kind === 'changed') return { kind, root, ranges: [item.sinceMs] };
  if (item.kind === 'entry') return { kind, root, node: String(item.parent), name: item.name };
  const node = String(item.node);
  if (item.kind === 'names') return { kind, root, node, ranges: [item.sinceMs] };
  return 'ranges' in item ? { kind, root, node, ranges: item.ranges } : { kind, root, node };
}

function read({ kind, root, node = '0', name = '', ranges = [] }: RememberedItem): DirtyItem {
  if (kind === 'root') return { kind, root };
  if (kind === 'changed') return { kind, root, sinceMs: ranges[0] ?? 0 };
  if (kind === 'entry') return { kind, root, parent: nodeOf(node), name: brand<RawName>(name) };
  if (kind === 'names') return { kind, root, node: nodeOf(node), sinceMs: ranges[0] ?? 0 };
  const of = { root, node: nodeOf(node) };
  return kind === 'ranges' || kind === 'compare' ? { kind, ...of, ranges } : { kind, ...of };
}
