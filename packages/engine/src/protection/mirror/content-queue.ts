/**
 * Files whose content waits to be said. In: pieces of work. Out: the same, whole files in the order of their first mention and once each
 * as long as they wait. A mirror that calculates first holds every file of the set in here: a whole file costs its number and no more.
 */
import { RingBuffer } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { ContentTask } from './world.ts';

/** First in, first out; one that is in already stays where it is. */
class NodeQueue {
  readonly #nodes = new Set<NodeId>();
  /** Goes on where it was: a new one would have to pass the places of all that has left. */
  #next: Iterator<NodeId> | null = null;

  add(node: NodeId): void {
    this.#nodes.add(node);
  }

  has(node: NodeId): boolean {
    return this.#nodes.has(node);
  }

  shift(): NodeId | undefined {
    if (this.#nodes.size === 0) return undefined;
    this.#next ??= this.#nodes.values();
    const { done, value } = this.#next.next();
    if (done === true) {
      // It had come to the end before the newest were added, and an iterator that has ended stays so.
      this.#next = null;
      return this.shift();
    }
    this.#nodes.delete(value);
    if (this.#nodes.size === 0) this.#next = null;
    return value;
  }
}

type Whole = Pick<ContentTask, 'how' | 'pieces' | 'counts'>;

/** What whole files mostly are: counted once, and nothing else waits for them. */
const PLAIN: readonly Whole[] = [
  { how: 'send', pieces: 0, counts: true },
  { how: 'check', pieces: 0, counts: true },
];

export class ContentQueue {
  /** By kind of work, then by root. */
  readonly #whole = PLAIN.map((kind) => ({ kind, roots: new Map<number, NodeQueue>() }));
  readonly #others = new RingBuffer<ContentTask>();

  push(task: ContentTask): void {
    const whole = task.ranges === null ? this.#whole.find(({ kind }) => isOf(task, kind)) : undefined;
    if (whole === undefined) {
      this.#others.push(task);
      return;
    }
    let nodes = whole.roots.get(task.root);
    if (nodes === undefined) {
      nodes = new NodeQueue();
      whole.roots.set(task.root, nodes);
    }
    nodes.add(task.node);
  }

  /** The whole file waits to be sent. */
  willSend(root: number, node: NodeId): boolean {
    return this.#whole[0]?.roots.get(root)?.has(node) === true;
  }

  shift(): ContentTask | undefined {
    const other = this.#others.shift();
    if (other !== undefined) return other;
    for (const { kind, roots } of this.#whole)
      for (const [root, nodes] of roots) {
        const node = nodes.shift();
        if (node !== undefined) return { root, node, ranges: null, ...kind };
      }
    return undefined;
  }
}

const isOf = (task: ContentTask, kind: Whole): boolean =>
  task.how === kind.how && task.pieces === kind.pieces && task.counts === kind.counts;
