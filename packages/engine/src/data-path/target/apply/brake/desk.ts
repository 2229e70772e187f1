/**
 * Between the stream and its brake: what is applied is told to it, and what a person decides is done to the stream. In: where the stream
 * stands, commits, decisions. Out: a stream that goes on, is held, or stands where it was taken back to.
 */
import type { RawName } from '@understudy/base';
import type { Condition, NodeId, OperationRecord, Position } from '@understudy/wire';
import { NO_NODE, position, Verb } from '@understudy/wire';
import { FileError, type Handle, type ReplicaFiles } from '../../../../ports.ts';
import type { BrakeState, TargetJournal } from '../../journal.ts';
import type { TargetEvent } from '../apply-context.ts';
import type { MirrorRun } from '../mirror-run.ts';
import type { ReplicaRoots } from '../replica-roots.ts';
import { Brake, type BrakePorts, type BrakeStart } from './brake.ts';
import type { BrakeSettings } from './detector.ts';
import { type OpenPast, openPast } from './open-past.ts';
import type { UndoCounters, UndoJournal } from './undo-journal.ts';
import type { UndoPoint } from './undo-points.ts';

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
  readonly #powerLost: boolean;
  readonly #events: Told[] = [];

  constructor(parts: DeskParts, start: BrakeStart) {
    this.#parts = parts;
    this.#powerLost = start.covered !== null;
    this.#brake = parts.ports === undefined ? null : this.#make(parts.ports, start);
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

  /**
   * The machine lost its power, and what was being applied then is not applied again yet: of that some may be on the disk and what undoes it
   * not, and nobody knows which paths it befell.
   */
  get isUncertain(): boolean {
    return this.#powerLost && this.#brake !== null && !this.#brake.holds && !this.#parts.stands().exact;
  }

  configure(settings: BrakeSettings | null): void {
    this.#brake?.configure(settings);
  }

  /** A root that was opened, so that what is done to it can be taken back. */
  wrap(index: number, files: ReplicaFiles): ReplicaFiles {
    return this.#brake?.wrap(index, files) ?? files;
  }

  before(record: OperationRecord): void {
    this.#brake?.before(record);
    // What was under way when the machine lost its power may be on the disk, and what undoes it not.
    if (this.#brake === null || !this.isUncertain) return;
    const root = this.#parts.roots().get(record.root);
    const keeper = this.#brake.undo.keepers.get(record.root);
    if (root === undefined || keeper === undefined) return;
    const handle = root.nodes.handleOf(record.node) ?? null;
    const name = (parent: NodeId, of: RawName) => {
      const folder = root.nodes.handleOf(parent);
      const place = of === '' || folder === undefined ? null : { parent: folder, name: of };
      keeper.uncertain({ handle, path: root.pathFor(record.node, parent, of), place });
    };
    name(record.parent, record.name);
    if (record.name2 !== '') name(record.parent2, record.name2);
    for (const node of [record.parent, record.parent2, record.victim]) {
      const other = root.nodes.handleOf(node);
      // The end of a listing takes away what it did not name.
      const within = record.verb === Verb.listingEnd && node === record.parent;
      if (other === undefined) continue;
      keeper.uncertain({ handle: other, path: root.pathFor(node, NO_NODE, '' as RawName), within });
    }
  }

  committed(): void {
    const { applied, exact: settled } = this.#parts.stands();
    const { complete, compare, failures } = this.#parts.run();
    this.#brake?.committed(applied, { settled, complete: complete && !failures, mirroring: compare !== null });
  }

  /** A checkpoint begins. What it returns goes to `synced` once the replica is on its disk. */
  mark(): unknown {
    return this.#brake?.undo.mark(this.#parts.stands().applied) ?? null;
  }

  synced(mark: unknown): void {
    this.#brake?.undo.synced(mark);
  }

  /** A checkpoint. Rejects as the sync does. */
  async whileSyncing(sync: () => Promise<unknown>): Promise<void> {
    const mark = this.mark();
    await sync();
    this.synced(mark);
  }

  /** Moments to which the replica can be taken back, oldest first. */
  points(): readonly UndoPoint[] {
    return this.#brake?.undo.points() ?? [];
  }

  get counters(): UndoCounters {
    return this.#brake?.undo.counters ?? { kept: 0, written: 0, changed: 0 };
  }

  /** What is not kept of how it was then. */
  lostSince(point: UndoPoint): ReturnType<UndoJournal['lostSince']> {
    return this.#brake?.undo.lostSince(point.number) ?? [];
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

  /** What has not been told yet is. */
  close(): void {
    this.#brake?.report.rest();
  }

  /** What is kept is the past of something else from now on. */
  forgetPast(): void {
    this.#brake?.undo.dropAll();
  }

  /** The roots as they were then; it stays as long as nobody calls `close`. Throws FileError where what was kept is damaged, or uncertain. */
  openPast(point: UndoPoint): OpenPast | null {
    this.#refuseUncertain('view');
    return this.#brake === null ? null : openPast(this.#brake.undo, point);
  }

  restart(position: Position): void {
    // What was under way is replayed by nobody any more, so that nobody learns where the way back leads astray.
    if (this.isUncertain) this.#brake?.undo.dropAll();
    this.#brake?.restart(position);
  }

  /** A person's word behind a brake that holds: all of it is applied. */
  goOn(through: Position): void {
    this.#brake?.goOn(through);
  }

  /** Or: the replica is taken back to where it began, and stays there. */
  haltHere(): void {
    if (this.#brake !== null) this.#takenBack(this.#brake.haltHere());
  }

  /**
   * The replica is taken back to a moment, and stays there: nothing more is applied. To be called again where the process died meanwhile.
   * Throws what the replica's file system says; then it is still on its way. Throws FileError EAGAIN where that is uncertain yet.
   */
  rewind(point: UndoPoint): void {
    this.#refuseUncertain('rewind');
    if (this.#brake !== null) this.#takenBack(this.#brake.rewind(point, this.#parts.stands().applied));
  }

  #refuseUncertain(call: string): void {
    if (this.isUncertain)
      throw new FileError('EAGAIN', call, 'what was under way at the power cut has not been applied again yet');
  }

  /** null: it is at no moment of the source. */
  #takenBack(to: number | null): void {
    const { journal, roots, run, stands, takenBack } = this.#parts;
    const before = stands().applied;
    const at = position(to ?? before);
    if (to === null) run().wordLost();
    else if (at !== before) run().endMirror();
    const { noted: compare, complete } = run();
    journal.stand({ applied: at, complete, compare }, roots().changes());
    roots().committed();
    takenBack(at);
    this.#brake?.halted(to === null ? null : at);
  }

  /** What is to be told. */
  takeEvents(path: TargetEvent['path']): TargetEvent[] {
    const { reached } = this.#parts.stands();
    return this.#events.splice(0).map((event) => ({ ...event, at: reached, root: 0, path }));
  }

  #make(ports: BrakePorts, start: BrakeStart): Brake {
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
    return new Brake(parts, start);
  }
}
