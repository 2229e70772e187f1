/**
 * Of which files a mirror has told the target. In: what it says. Out: whether an answer can be about a file. Where a root's files are
 * known one by one anyway, they are it; in a repair of a root of which everything is known, what it says is kept. See lies-beneath.ts.
 */
import { NO_NODE, type NodeId, type RecordInput } from '@understudy/wire';
import type { MirrorWorld } from './world.ts';

export interface TellingWorld extends MirrorWorld {
  readonly told: (root: number, node: NodeId) => boolean;
}

export function telling(world: MirrorWorld): TellingWorld {
  const { roots } = world;
  const told = new Map<number, Set<NodeId>>();
  const note = (root: number, { node = NO_NODE, parent = NO_NODE }: RecordInput): void => {
    if (roots.get(root)?.scope.exceptions === null) return;
    const of = told.get(root) ?? new Set<NodeId>();
    told.set(root, of);
    for (const one of [node, parent]) if (one !== NO_NODE) of.add(one);
  };
  return {
    ...world,
    say: (input) => {
      if (input.root !== undefined) note(input.root, input);
      world.say(input);
    },
    told: (root, node) => {
      const scope = roots.get(root)?.scope;
      return scope?.knows(node) === true && (scope.exceptions === null || told.get(root)?.has(node) === true);
    },
  };
}
