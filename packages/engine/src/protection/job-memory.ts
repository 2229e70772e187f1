/**
 * What a job must know again after its process was killed, beside the queue: whether the replica was complete, what was dirty, and
 * which nodes the target does not know. In: a job's rooms. Out: plain data for a file, and back.
 * Promise: it may say too much dirty and too many unknown, never too little; what a repair under way had taken over is still in it.
 */
import type { RawName } from '@understudy/base';
import { brand } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { DirtyItem, DirtyMap, DirtyReason } from '../data-path/source/queue/dirty-map.ts';
import type { RootScope } from '../data-path/source/queue/root-scope.ts';
import type { Refusals } from './refusals.ts';
import type { Runs } from './runs.ts';

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
}

interface Rooms {
  readonly dirty: DirtyMap;
  readonly scopes: ReadonlyMap<number, RootScope>;
  readonly runs: Runs;
  readonly refusals: Refusals;
}

export function remember({ dirty, scopes, runs, refusals }: Rooms): JobMemory {
  const { mirror } = runs;
  const items = [...(mirror?.repairing === true ? mirror.items : []), ...dirty.items()];
  return {
    // What was given up is not kept: the next process finds it by comparing.
    complete: runs.complete && refusals.unrepairable.size === 0,
    items: items.map(written),
    reasons: dirty.reasons(),
    scopes: [...scopes.values()].map((scope) => ({
      exceptions: scope.remembered?.map(String) ?? null,
      nameless: [...scope.nameless].map(String),
    })),
  };
}

/** Version of what `remember` would say: as long as it stays, there is nothing new to write down. */
export function memoryVersion({ dirty, scopes, runs, refusals }: Rooms): string {
  let version = '';
  for (const scope of scopes.values()) version += `${scope.version}/`;
  return `${version}${dirty.version}/${runs.complete}/${runs.mirror?.repairing === true}/${refusals.unrepairable.size > 0}`;
}

/** Where rules are asked, which nodes the target knows cannot be told from this: then everything is compared. */
export function restore(memory: JobMemory, { dirty, scopes, runs }: Rooms): void {
  const known = [...scopes.values()].every((scope) => scope.whole);
  if (!known) return;
  if (!memory.complete) {
    // A mirror that goes on says nothing of what it had finished: what became dirty of that stays dirty.
    if (runs.takeUp()) dirty.restore(memory.items.map(read), memory.reasons);
    return;
  }
  for (const [index, scope] of scopes) {
    const { exceptions, nameless } = memory.scopes[index] ?? { exceptions: null, nameless: [] };
    if (exceptions !== null) scope.complete(exceptions.map(nodeOf), nameless.map(nodeOf));
    else dirty.addRoot(index, 'queue-damaged');
  }
  dirty.restore(memory.items.map(read), memory.reasons);
  runs.complete = true;
}

const nodeOf = (text: string): NodeId => brand<NodeId>(BigInt(text));

function written(item: DirtyItem): RememberedItem {
  const { kind, root } = item;
  if (item.kind === 'root') return { kind, root };
  if (item.kind === 'entry') return { kind, root, node: String(item.parent), name: item.name };
  const node = String(item.node);
  return item.kind === 'ranges' ? { kind, root, node, ranges: item.ranges } : { kind, root, node };
}

function read({ kind, root, node = '0', name = '', ranges = [] }: RememberedItem): DirtyItem {
  if (kind === 'root') return { kind, root };
  if (kind === 'entry') return { kind, root, parent: nodeOf(node), name: brand<RawName>(name) };
  return kind === 'ranges' ? { kind, root, node: nodeOf(node), ranges } : { kind, root, node: nodeOf(node) };
}
