/**
 * Between the stream and its brake: what is applied is told to it, and what a person decides is done to the stream. In: where the stream
 * stands, commits, decisions. Out: a stream that goes on, is held, or stands where it was taken back to.
 */
import type { Condition, NodeId, OperationRecord, Position } from '@understudy/wire';
import { position } from '@understudy/wire';
import type { Handle, ReplicaFiles } from '../../../../ports.ts';
import type { BrakeState, TargetJournal } from '../../journal.ts';
import type { TargetEvent } from '../apply-context.ts';
import type { MirrorRun } from '../mirror-run.ts';
import type { ReplicaRoots } from '../replica-roots.ts';
import { Brake, type BrakePorts } from './brake.ts';
import type { BrakeSettings } from './detector.ts';

export interface DeskParts {
  /** Undefined: there is no brake, and everything here does nothing. */
  readonly ports: BrakePorts | undefined;
  readonly journal: TargetJournal;
  readonly roots: () => ReplicaRoots;
  readonly run: () => MirrorRun;
  readonly stands: () => {
    readonly applied: Position;
    readonly reached: Position;
    /** Nothing behind `applied` was begun by an earlier process. */
    readonly exact: boolean;
  };
  /** The replica is at that position now, and the journal knows it. */
  readonly takenBack: (to: Position) => void;
}

type Told = Pick<TargetEvent, 'kind' | 'severity' | 'sentence'>;

export class BrakeDesk {
  readonly #parts: DeskParts;
  readonly #brake: Brake | null;
  readonly #events: Told[] = [];

  constructor(parts: DeskParts, state: BrakeState | null, powerLost: boolean) {
    this.#parts = parts;
    this.#brake = parts.ports === undefined ? null : this.#make(parts.ports, state, powerLost);
  }

  get state(): BrakeState | null {
    return this.#brake?.state ?? null;
  }

  get condition(): Condition | null {
    return this.#brake?.condition ?? null;
  }

  /** Nothing further is to be applied. */
  get holds(): boolean {
    if (this.#brake === null) return false;
    // What an earlier process had begun is ended first: before that the replica is no past.
    return this.#brake.holds || (this.#brake.tripped && this.#parts.stands().exact);
  }

  /** Not even what was begun is to be ended. */
  get isHeld(): boolean {
    return this.#brake?.holds === true;
  }

  configure(settings: BrakeSettings | null): void {
    this.#brake?.configure(settings);
  }

  /** A root that was opened, so that what is done to it can be taken back. */
  wrap(index: number, files: ReplicaFiles): ReplicaFiles {
    return this.#brake?.wrap(index, files, this.#parts.run().complete) ?? files;
  }

  before(record: OperationRecord): void {
    this.#brake?.before(record);
  }

  committed(): void {
    const { applied, exact } = this.#parts.stands();
    this.#brake?.committed(applied, { complete: this.#parts.run().complete, exact });
  }

  /** The replica's disk is full: what is kept aside makes room. */
  makeRoom(): void {
    this.#brake?.makeRoom();
  }

  /** Every so often: what was kept aside goes when its time is over. */
  keepHouse(): void {
    if (this.#brake === null || this.#brake.holds) return;
    const { applied, reached } = this.#parts.stands();
    if (applied === reached) this.committed();
    this.#brake.keepHouse();
  }

  restart(): void {
    this.#brake?.restart();
  }

  /** A person's word behind a brake that holds: all of it is applied. */
  goOn(through: Position): void {
    this.#brake?.goOn(through);
  }

  /** Or: the replica is taken back to where it began, and stays there. */
  haltHere(): void {
    if (this.#brake === null) return;
    const { journal, roots, run, takenBack } = this.#parts;
    const at = position(this.#brake.haltHere());
    const { noted: compare, complete } = run();
    journal.commit({ applied: at, complete, compare }, roots().changes());
    roots().committed();
    takenBack(at);
    this.#brake.halted(at);
  }

  /** What is to be told. */
  takeEvents(path: TargetEvent['path']): TargetEvent[] {
    const { reached } = this.#parts.stands();
    return this.#events.splice(0).map((event) => ({ ...event, at: reached, root: 0, path }));
  }

  #make(ports: BrakePorts, state: BrakeState | null, powerLost: boolean): Brake {
    const { journal, roots } = this.#parts;
    const parts = {
      ...ports,
      note: (next: BrakeState | null) => journal.brake(next),
      event: (event: Told) => this.#events.push(event),
      total: () => [...roots().all()].reduce((sum, { nodes }) => sum + nodes.size, 0),
      rebind: (root: number, node: NodeId, handle: Handle, pending: boolean) => {
        roots().get(root)?.nodes.bind(node, handle);
        roots().get(root)?.nodes.setPending(node, pending);
      },
    };
    return new Brake(parts, state, powerLost);
  }
}
