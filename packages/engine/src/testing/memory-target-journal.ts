/**
 * The target's journal in memory, for tests and the simulation: what it holds is what would have survived a killed agent, and with
 * `powerCut` what a power cut leaves.
 */
import { brand } from '@understudy/base';
import type { NodeId, Position, Reply } from '@understudy/wire';
import {
  BEGUN_UNKNOWN,
  type BrakeState,
  type JournalMark,
  type JournalMarks,
  type JournalState,
  type NodeBinding,
  type NodeChange,
  type StreamStart,
  type TargetJournal,
} from '../data-path/target/journal.ts';

const NOWHERE = brand<Position>(0);

interface Held {
  readonly nodes: Map<number, Map<NodeId, NodeBinding>>;
  streamId: string | null;
  begun: Position;
  marks: JournalMarks;
  untold: readonly Reply[];
  origin: number;
}

const nothing = (): Held => ({
  nodes: new Map(),
  streamId: null,
  begun: NOWHERE,
  marks: { applied: NOWHERE, complete: false, compare: null },
  untold: [],
  origin: 0,
});
const copy = (held: Held): Held => ({
  ...held,
  nodes: new Map([...held.nodes].map(([root, table]) => [root, new Map(table)])),
});

export class MemoryTargetJournal implements TargetJournal {
  #held = nothing();
  /** Outlives everything. */
  #epoch = 0;
  #brake: BrakeState | null = null;
  #checkpoint = nothing();
  #marked: { readonly mark: JournalMark; readonly held: Held } | null = null;
  #lastMark = 0;
  /** Called before each write; a test throws from it to die there. */
  beforeWrite: (call: string) => void = () => {};

  load(): JournalState {
    const { nodes, streamId, begun, marks, untold, origin } = this.#held;
    const all = [...nodes.values()].flatMap((table) => [...table.values()]);
    return { ...marks, streamId, epoch: this.#epoch, begun, nodes: all, untold, origin, brake: this.#brake };
  }

  note(changes: readonly NodeChange[]): void {
    this.beforeWrite('note');
    this.#take(changes);
  }

  begin(to: Position): void {
    this.beforeWrite('begin');
    this.#held.begun = to;
  }

  commit(marks: JournalMarks, changes: readonly NodeChange[]): void {
    this.beforeWrite('commit');
    this.#take(changes);
    this.#held.marks = marks;
  }

  stand(marks: JournalMarks, changes: readonly NodeChange[]): void {
    this.commit(marks, changes);
    this.#held.begun = marks.applied;
    this.#checkpoint = copy(this.#held);
    this.#marked = null;
  }

  restart(start: StreamStart): void {
    this.beforeWrite('restart');
    this.#epoch = start.epoch;
    const marks = { applied: start.applied, complete: false, compare: null };
    Object.assign(this.#held, { streamId: start.streamId, begun: start.applied, marks, untold: [], origin: 0 });
    this.#checkpoint = copy(this.#held);
    this.#marked = null;
  }

  keep(failures: readonly Reply[]): void {
    this.beforeWrite('keep');
    this.#held.untold = [...this.#held.untold, ...failures];
  }

  told(through: Position): void {
    this.#held.untold = this.#held.untold.filter((reply) => reply.at > through);
  }

  mark(): JournalMark {
    this.#lastMark += 1;
    this.#marked = { mark: brand<JournalMark>(this.#lastMark), held: copy(this.#held) };
    return this.#marked.mark;
  }

  async checkpoint(mark: JournalMark, origin: number): Promise<void> {
    this.checkpointNow(mark, origin);
  }

  checkpointNow(mark: JournalMark, origin: number): void {
    this.beforeWrite('checkpoint');
    if (this.#marked?.mark !== mark) return;
    this.#held.origin = origin;
    this.#checkpoint = { ...this.#marked.held, origin };
  }

  brake(state: BrakeState | null): void {
    this.beforeWrite('brake');
    this.#brake = state;
  }

  raiseEpoch(epoch: number): void {
    this.#epoch = epoch;
  }

  clear(): void {
    this.#epoch = 0;
    this.#brake = null;
    this.#held = nothing();
    this.#checkpoint = nothing();
    this.#marked = null;
  }

  /** What was not on the disk is gone. */
  powerCut(): void {
    this.#held = { ...copy(this.#checkpoint), begun: this.#checkpoint.streamId === null ? NOWHERE : BEGUN_UNKNOWN };
    this.#marked = null;
  }

  #take(changes: readonly NodeChange[]): void {
    const { nodes } = this.#held;
    for (const { root, node, handle, pending } of changes) {
      let table = nodes.get(root);
      if (table === undefined) {
        table = new Map();
        nodes.set(root, table);
      }
      if (handle === null) table.delete(node);
      else table.set(node, { root, node, handle, pending });
    }
  }
}
