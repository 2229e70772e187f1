/**
 * What a source had not got to its target when another server took its job over. In: the job as it stands. Out: what may be on this side
 * alone, a file or name each, with ranges. Promise: it may name too much, never too little; the job sends nothing more afterwards.
 */
import type { RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { DirtyItem } from '../../data-path/source/queue/dirty-map.ts';
import type { SourceFiles } from '../../ports.ts';
import type { SourceJob } from '../source-job.ts';

export type UnsentKind =
  /** These bytes of the file. */
  | 'ranges'
  /** They may differ: the machine lost power while they were being written. */
  | 'doubtful'
  /** The file as a whole. */
  | 'file'
  /** Owner, mode, times or extended attributes. */
  | 'metadata'
  /** Made here, with all that is in it. */
  | 'made'
  /** It got this name here. */
  | 'named'
  /** The name was removed here. */
  | 'removed'
  /** Whatever in this directory, or beneath it, has changed since then. */
  | 'since'
  /** Everything beneath: nothing is known of what the target had. */
  | 'everything';

export interface Unsent {
  readonly kind: UnsentKind;
  readonly root: number;
  readonly path: RawName;
  /** start, end, start, end …, within the file. */
  readonly ranges: readonly number[];
  readonly bytes: number;
  /** Of `since`, ms. */
  readonly sinceMs: number;
}

/** Folds what is queued or on its way: call when nothing more is sent. */
export function unsentOf(job: SourceJob): readonly Unsent[] {
  job.runs.lose();
  job.path.restart();
  const found = new Map<string, Unsent>();
  const add = (one: Unsent | null) => {
    if (one !== null) found.set(`${one.kind} ${one.path}`, one);
  };
  for (const { index, files } of job.roots.values())
    if (!job.runs.complete) add(plain('everything', index, files.pathOf(files.rootNode), 0));
  for (const item of job.path.srm.dirty.items()) add(told(job, item));
  return [...found.values()];
}

const plain = (kind: UnsentKind, root: number, path: RawName | null, bytes: number): Unsent | null =>
  path === null ? null : { kind, root, path, ranges: [], bytes, sinceMs: 0 };

function told(job: SourceJob, item: DirtyItem): Unsent | null {
  const root = job.roots.get(item.root);
  if (root === undefined) return null;
  const { files } = root;
  switch (item.kind) {
    case 'root':
      return plain('everything', item.root, files.pathOf(files.rootNode), 0);
    case 'changed':
      return since(item.root, files.pathOf(files.rootNode), item.sinceMs);
    case 'names':
      return since(item.root, files.pathOf(item.node), item.sinceMs);
    case 'entry':
      return named(item, files, root.scope.knows(files.entry(item.parent, item.name)?.node ?? files.rootNode));
    case 'metadata':
      return plain('metadata', item.root, files.pathOf(item.node), 0);
    case 'node':
      return plain('file', item.root, files.pathOf(item.node), files.stat(item.node)?.size ?? 0);
    default:
      return ranges(item, files);
  }
}

function since(root: number, path: RawName | null, sinceMs: number): Unsent | null {
  const one = plain('since', root, path, 0);
  return one === null ? null : { ...one, sinceMs };
}

/** `known`: the target knows the file by another name. */
function named(item: Extract<DirtyItem, { kind: 'entry' }>, files: SourceFiles, known: boolean): Unsent | null {
  const parent = files.pathOf(item.parent);
  if (parent === null) return null;
  const path = `${parent === '/' ? '' : parent}/${item.name}` as RawName;
  const entry = files.entry(item.parent, item.name);
  if (entry === null) return plain('removed', item.root, path, 0);
  return known ? plain('named', item.root, path, 0) : plain('made', item.root, path, sizeOf(files, entry.node));
}

function sizeOf(files: SourceFiles, node: NodeId): number {
  const attributes = files.stat(node);
  return attributes === null || (attributes.mode & 0o170000) !== 0o100000 ? 0 : attributes.size;
}

function ranges(item: Extract<DirtyItem, { kind: 'ranges' | 'compare' }>, files: SourceFiles): Unsent | null {
  const path = files.pathOf(item.node);
  const size = files.stat(item.node)?.size;
  if (path === null || size === undefined) return null;
  const within: number[] = [];
  let bytes = 0;
  for (let i = 0; i + 1 < item.ranges.length; i += 2) {
    const from = item.ranges[i] ?? 0;
    const to = Math.min(item.ranges[i + 1] ?? 0, size);
    if (to <= from) continue;
    within.push(from, to);
    bytes += to - from;
  }
  const kind = item.kind === 'ranges' ? 'ranges' : 'doubtful';
  return { kind, root: item.root, path, ranges: within, bytes, sinceMs: 0 };
}
