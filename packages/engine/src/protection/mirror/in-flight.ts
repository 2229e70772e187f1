/**
 * What a mirror has asked and said and not yet heard about. In: questions, statements, answers, marks that have been applied.
 * Out: what is finished, and what has to be asked again because its answer was lost with a link. Promise: nothing counts as finished
 * before the target has applied all of it; an answer that is lost costs its question again, and no more.
 */
import type { RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';

export interface Place {
  readonly parent: NodeId;
  readonly name: RawName;
}

/** Wants an answer: an entry (by its place) or a listing (without one). */
export interface Question {
  readonly root: number;
  readonly node: NodeId;
  readonly place: Place | null;
}

/** Is answered only where something differs: a stretch of content, or a known directory that the target may have had to make anew. */
export interface SilentQuestion {
  readonly root: number;
  readonly node: NodeId;
  readonly offset: number;
  readonly extent: number;
}

interface Finishing {
  readonly root: number;
  readonly node: NodeId;
  /** Further pieces of work on it that are done with this. */
  readonly pieces: number;
}

interface Group {
  readonly questions: Map<string, Question>;
  /** Of entries that are answered only where the target does not know the file. */
  readonly quiet: Map<string, Question>;
  readonly silent: SilentQuestion[];
  readonly finishing: Finishing[];
  weight: number;
  /** A link was lost while answers were under way. */
  tainted: boolean;
}

export interface InFlightWorld {
  /** Calls back when everything said so far is applied, false: when it is lost. */
  mark(settle: (applied: boolean) => void): void;
  /** These were not answered, or may have been. */
  again(questions: readonly Question[], silent: readonly SilentQuestion[]): void;
  /** The target has come by a quiet question about the node, and knows it. */
  unanswered(root: number, node: NodeId): void;
  finished(root: number, nodes: readonly NodeId[]): void;
  lost(): void;
  /** A group has been settled: the run may be able to go on. */
  settled(): void;
}

/** A group is closed at this weight: a question counts 1, and so does each stretch of this many bytes. */
const GROUP_WEIGHT = 512;
const WEIGHED_BYTES = 16 * 1024;

const key = (root: number, node: NodeId): string => `${root}/${node}`;
const newGroup = (): Group => ({
  questions: new Map(),
  quiet: new Map(),
  silent: [],
  finishing: [],
  weight: 0,
  tainted: false,
});

export class InFlight {
  readonly #world: InFlightWorld;
  readonly #closed = new Set<Group>();
  /** Pieces of work on a node that are not settled yet. */
  readonly #pieces = new Map<string, number>();
  /** Said in full, and has to be said again all the same. */
  readonly #refuted = new Set<string>();
  #open = newGroup();

  constructor(world: InFlightWorld) {
    this.#world = world;
  }

  /** Nothing is under way any more. */
  get empty(): boolean {
    return this.#closed.size === 0 && this.#open.weight === 0;
  }

  asked(question: Question): void {
    this.#open.questions.set(key(question.root, question.node), question);
    this.#weigh(1);
  }

  /** An entry that is answered only where the target does not know the file. */
  askedQuietly(question: Question): void {
    this.#open.quiet.set(key(question.root, question.node), question);
    this.#weigh(1);
  }

  askedSilently(question: SilentQuestion): void {
    this.#open.silent.push(question);
    this.#weigh(1 + question.extent / WEIGHED_BYTES);
  }

  said(bytes: number): void {
    this.#weigh(bytes / WEIGHED_BYTES);
  }

  /** Everything of the node has been said, `pieces` of it in addition to the first time. */
  finishing(root: number, node: NodeId, pieces = 0): void {
    this.#open.finishing.push({ root, node, pieces });
    this.#weigh(1);
  }

  /** A further piece of work on a node is due; it is not finished before `finishing` has counted it. */
  owes(root: number, node: NodeId): void {
    const id = key(root, node);
    this.#pieces.set(id, (this.#pieces.get(id) ?? 0) + 1);
  }

  /** The work is due no longer: the node is gone. */
  gone(root: number, node: NodeId): void {
    this.#pieces.delete(key(root, node));
  }

  /** The listing that was said has not counted: it is finished when it has been said again. */
  refuted(root: number, node: NodeId): void {
    this.answered(root, node);
    this.#refuted.add(key(root, node));
  }

  /** It was asked about the node, and no answer has come yet. */
  awaits(root: number, node: NodeId): boolean {
    const id = key(root, node);
    return [this.#open, ...this.#closed].some(({ questions, quiet }) => questions.has(id) || quiet.has(id));
  }

  answered(root: number, node: NodeId): void {
    const id = key(root, node);
    for (const { questions, quiet } of [this.#open, ...this.#closed])
      if (questions.delete(id) || quiet.delete(id)) return;
  }

  /** Answers that were under way are gone. */
  linkLost(): void {
    this.#open.tainted = true;
    for (const group of this.#closed) group.tainted = true;
  }

  /** The work is at its end for now: what is open is waited for. */
  flush(): void {
    if (this.#open.weight > 0) this.#close();
  }

  #weigh(weight: number): void {
    this.#open.weight += weight;
    if (this.#open.weight >= GROUP_WEIGHT) this.#close();
  }

  #close(): void {
    const group = this.#open;
    this.#open = newGroup();
    this.#closed.add(group);
    this.#world.mark((applied) => {
      this.#closed.delete(group);
      if (applied) this.#settle(group);
      else this.#world.lost();
    });
  }

  /** Answers come before the acknowledgement of what caused them: all that are to come have come. */
  #settle(group: Group): void {
    const silent = group.tainted ? group.silent : [];
    for (const { root, node } of silent) this.owes(root, node);
    const byRoot = new Map<number, NodeId[]>();
    for (const { root, node, pieces } of group.finishing) {
      const id = key(root, node);
      if (this.#refuted.delete(id) || group.questions.has(id) || !this.#done(id, pieces)) continue;
      const nodes = byRoot.get(root);
      if (nodes === undefined) byRoot.set(root, [node]);
      else nodes.push(node);
    }
    for (const [root, nodes] of byRoot) this.#world.finished(root, nodes);
    const again = [...group.questions.values(), ...(group.tainted ? group.quiet.values() : [])];
    if (again.length > 0 || silent.length > 0) this.#world.again(again, silent);
    if (!group.tainted) for (const { root, node } of group.quiet.values()) this.#world.unanswered(root, node);
    this.#world.settled();
  }

  #done(id: string, pieces: number): boolean {
    const left = (this.#pieces.get(id) ?? 0) - pieces;
    if (left > 0) this.#pieces.set(id, left);
    else this.#pieces.delete(id);
    return left <= 0;
  }
}
