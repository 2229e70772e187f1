/**
 * What a mirror of everything remembers of itself, so that it goes on where it stopped (MIR3). A port: the agent keeps it in its home.
 * In: what is finished, as it is finished. Out: the same after a restart. Promise asked of an implementation: `finished` may be lost in
 * part with a power cut or a kill, never invented; what belongs to another stream is not handed out.
 */
import type { NodeId } from '@understudy/wire';
import type { MirrorPlan } from './plan.ts';

export interface MirrorNote {
  readonly plan: MirrorPlan;
  readonly paused: boolean;
  /** By root: files whose content, directories whose listing the target has. */
  readonly finished: ReadonlyMap<number, ReadonlySet<NodeId>>;
}

export interface MirrorMemory {
  /** A run that has begun and not ended; null: there is none. */
  load(): MirrorNote | null;
  /** Forgets what was. */
  begin(plan: MirrorPlan): void;
  finished(root: number, nodes: readonly NodeId[]): void;
  setPaused(paused: boolean): void;
  /** It came to its end, or what it had finished holds no longer. */
  end(): void;
}

/** For as long as the process lives. */
export class VolatileMirrorMemory implements MirrorMemory {
  #note: { plan: MirrorPlan; paused: boolean; finished: Map<number, Set<NodeId>> } | null = null;

  load(): MirrorNote | null {
    return this.#note;
  }

  begin(plan: MirrorPlan): void {
    this.#note = { plan, paused: false, finished: new Map() };
  }

  finished(root: number, nodes: readonly NodeId[]): void {
    const { finished } = this.#note ?? { finished: new Map<number, Set<NodeId>>() };
    let known = finished.get(root);
    if (known === undefined) {
      known = new Set();
      finished.set(root, known);
    }
    for (const node of nodes) known.add(node);
  }

  setPaused(paused: boolean): void {
    if (this.#note !== null) this.#note.paused = paused;
  }

  end(): void {
    this.#note = null;
  }
}

/** What an earlier run had finished. Promise: not what operations may have gone by unseen on since. */
export class FinishedBefore {
  readonly #roots: ReadonlyMap<number, { readonly scope: { knows(node: NodeId): boolean } }>;
  readonly #nodes = new Map<number, Set<NodeId>>();

  constructor(
    roots: ReadonlyMap<number, { readonly scope: { knows(node: NodeId): boolean } }>,
    note: MirrorNote | undefined,
  ) {
    this.#roots = roots;
    for (const [root, nodes] of note?.finished ?? []) if (roots.has(root)) this.#nodes.set(root, new Set(nodes));
  }

  has(root: number, node: NodeId): boolean {
    const finished = this.#nodes.get(root);
    if (finished?.has(node) !== true) return false;
    if (this.#roots.get(root)?.scope.knows(node) === true) return true;
    finished.delete(node);
    return false;
  }
}
