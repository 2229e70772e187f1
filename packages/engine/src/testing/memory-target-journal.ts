/**
 * The target's journal in memory, for tests and the simulation: what it holds is what would have survived a killed agent.
 */
import { brand } from '@understudy/base';
import type { NodeId, Position } from '@understudy/wire';
import type {
  JournalMarks,
  JournalState,
  NodeBinding,
  NodeChange,
  StreamStart,
  TargetJournal,
} from '../data-path/target/journal.ts';

const NOWHERE = brand<Position>(0);

export class MemoryTargetJournal implements TargetJournal {
  readonly #nodes = new Map<number, Map<NodeId, NodeBinding>>();
  #streamId: string | null = null;
  #epoch = 0;
  #begun = NOWHERE;
  #marks: JournalMarks = { applied: NOWHERE, complete: false, compare: null };
  /** Called before each write; a test throws from it to die there. */
  beforeWrite: (call: string) => void = () => {};

  load(): JournalState {
    const nodes = [...this.#nodes.values()].flatMap((table) => [...table.values()]);
    return { ...this.#marks, streamId: this.#streamId, epoch: this.#epoch, begun: this.#begun, nodes };
  }

  note(changes: readonly NodeChange[]): void {
    this.beforeWrite('note');
    this.#take(changes);
  }

  begin(to: Position): void {
    this.beforeWrite('begin');
    this.#begun = to;
  }

  commit(marks: JournalMarks, changes: readonly NodeChange[]): void {
    this.beforeWrite('commit');
    this.#take(changes);
    this.#marks = marks;
  }

  restart(start: StreamStart): void {
    this.beforeWrite('restart');
    this.#streamId = start.streamId;
    this.#epoch = start.epoch;
    this.#begun = start.applied;
    this.#marks = { applied: start.applied, complete: false, compare: null };
  }

  raiseEpoch(epoch: number): void {
    this.#epoch = epoch;
  }

  clear(): void {
    this.#nodes.clear();
    this.#streamId = null;
    this.#epoch = 0;
    this.#begun = NOWHERE;
    this.#marks = { applied: NOWHERE, complete: false, compare: null };
  }

  #take(changes: readonly NodeChange[]): void {
    for (const { root, node, handle, pending } of changes) {
      let table = this.#nodes.get(root);
      if (table === undefined) {
        table = new Map();
        this.#nodes.set(root, table);
      }
      if (handle === null) table.delete(node);
      else table.set(node, { root, node, handle, pending });
    }
  }
}
