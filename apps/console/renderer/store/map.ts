/**
 * Who protects whom. In: jobs. Out: two columns of servers and what joins them, with places to draw them at. Promised: every job is in exactly
 * one strand, the worst of a strand is what it shows, and the same jobs are always drawn the same way. Pure.
 */
import { type Health, healths, type JobView } from './jobs.ts';

export const NODE = { width: 200, height: 34, gap: 18, between: 260 } as const;

export interface MapNode {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** All jobs from one server to another. */
export interface Strand {
  readonly source: string;
  readonly target: string;
  readonly jobs: readonly JobView[];
  /** Of its worst job. */
  readonly health: Health;
  readonly from: { readonly x: number; readonly y: number };
  readonly to: { readonly x: number; readonly y: number };
}

export interface ServerMap {
  readonly sources: readonly MapNode[];
  readonly targets: readonly MapNode[];
  readonly strands: readonly Strand[];
  readonly width: number;
  readonly height: number;
}

export function mapOf(jobs: readonly JobView[]): ServerMap {
  const groups = new Map<string, JobView[]>();
  for (const job of jobs) {
    const key = `${job.status.source}\n${job.status.target}`;
    groups.set(key, [...(groups.get(key) ?? []), job]);
  }
  const pairs = [...groups.values()].map((group) => ({ ...endsOf(group), jobs: group.sort(byName) }));
  const sources = columnOf(new Set(pairs.map(({ source }) => source)), 0);
  // A target stands as near to its sources as the order allows, so that few lines cross.
  const rank = (target: string): number => {
    const places = pairs.filter((pair) => pair.target === target).map(({ source }) => yOf(sources, source));
    return places.reduce((sum, y) => sum + y, 0) / Math.max(1, places.length);
  };
  const names = [...new Set(pairs.map(({ target }) => target))].sort(
    (one, other) => rank(one) - rank(other) || (one < other ? -1 : 1),
  );
  const targets = columnOf(names, NODE.width + NODE.between);
  const strands = pairs.map((pair) => ({
    ...pair,
    health: worstOf(pair.jobs),
    from: { x: NODE.width, y: yOf(sources, pair.source) + NODE.height / 2 },
    to: { x: NODE.width + NODE.between, y: yOf(targets, pair.target) + NODE.height / 2 },
  }));
  const rows = Math.max(sources.length, targets.length);
  return {
    sources,
    targets,
    strands: strands.sort((one, other) => one.from.y - other.from.y || one.to.y - other.to.y),
    width: NODE.width * 2 + NODE.between,
    height: Math.max(0, rows * (NODE.height + NODE.gap) - NODE.gap),
  };
}

const byName = (one: JobView, other: JobView): number => (one.name < other.name ? -1 : 1);

function endsOf([job]: readonly JobView[]): { readonly source: string; readonly target: string } {
  if (job === undefined) throw new Error('a strand has a job');
  return { source: job.status.source, target: job.status.target };
}

function columnOf(names: ReadonlySet<string> | readonly string[], x: number): MapNode[] {
  const ordered = Array.isArray(names) ? names : [...names].sort();
  return ordered.map((name: string, row: number) => ({ name, x, y: row * (NODE.height + NODE.gap) }));
}

const yOf = (nodes: readonly MapNode[], name: string): number => nodes.find((node) => node.name === name)?.y ?? 0;

export const worstOf = (jobs: readonly JobView[]): Health =>
  healths.find((health) => jobs.some((job) => job.health === health)) ?? 'stopped';
