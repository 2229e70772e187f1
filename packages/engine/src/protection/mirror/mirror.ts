/**
 * The mirror: brings a replica to the source's state while replication runs (MIR1).
 * In: steps (always right after the ring was drained), replies of the target. Out: records for the stream.
 *
 * Why nothing older overtakes anything newer: a step runs between two drains of the ring and reads synchronously. Every operation
 * that finished before the read is in the stream already; what finishes during it comes later and repeats itself. So a record of
 * the mirror is never older than its position, and after the operations that were executing at the last read it is exact (the barrier
 * before `mirrorEnd`). What was asked and not answered when a link broke is asked again; see in-flight.ts.
 */
import { MIRROR_GOES_ON, MIRROR_REPAIR, MirrorCompare, type Position, type Reply, Verb } from '@understudy/wire';
import { type DirtyItem, NOTHING_TAKEN, type Taken } from '../../data-path/source/queue/dirty-map.ts';
import { type Barrier, FileError } from '../../ports.ts';
import { ActiveNames } from './active-names.ts';
import { ContentQueue } from './content-queue.ts';
import { ContentSender, MIRROR_BLOCK } from './content-sender.ts';
import { DirectoryLister } from './directory-lister.ts';
import { DirectoryQueue, type QueuedDirectory } from './directory-queue.ts';
import { type Asked, EntrySender } from './entry-sender.ts';
import { InFlight, type Question, type SilentQuestion } from './in-flight.ts';
import { FinishedBefore, type MirrorMemory, type MirrorNote } from './memory.ts';
import { type Compare, type MirrorPlan, namesFirst, type OrphanOrders, orphanOrders } from './plan.ts';
import { type MirrorProgress, noProgress } from './progress.ts';
import { Replies } from './replies.ts';
import { type TellingWorld, telling } from './told.ts';
import type { ContentTask, MirrorRoot, MirrorWorld, Urgency } from './world.ts';

export interface MirrorStart {
  readonly world: MirrorWorld;
  readonly plan: MirrorPlan;
  readonly memory: MirrorMemory;
  /** With them exactly those are repaired; without them everything is mirrored, and what was dirty is looked at on its way. */
  readonly items?: readonly DirtyItem[];
  readonly covers?: readonly DirtyItem[];
  readonly taken?: Taken;
  /** What an earlier run of the same plan had finished. */
  readonly goesOn?: MirrorNote;
}

/** Something to look at: a dirty item, or what was asked and not answered. */
type Item = DirtyItem | ({ readonly kind: 'asked'; readonly root: number } & Asked);

type Phase = 'working' | 'awaiting-replies' | 'barrier' | 'ending' | 'done' | 'lost';

export class Mirror {
  readonly plan: MirrorPlan;
  readonly taken: Taken;
  readonly progress: MirrorProgress = noProgress();
  readonly replies: Replies;
  readonly #world: TellingWorld;
  readonly #memory: MirrorMemory;
  readonly directories: DirectoryQueue;
  readonly #taken: readonly DirtyItem[];
  readonly #contents = new ContentQueue();
  readonly #left: Item[];
  readonly #entries: EntrySender;
  readonly #inFlight: InFlight;
  readonly #repair: boolean;
  readonly #orphanOrders: OrphanOrders;
  readonly #buffer: Uint8Array;
  readonly #finished: FinishedBefore;
  /** Answers to what was said before are to the questions of another. */
  readonly #from: Position;
  readonly #active: ActiveNames;
  #lister: DirectoryLister | null = null;
  #content: ContentSender | null = null;
  #phase: Phase = 'working';
  #barrier: Barrier | null = null;
  #barrierPassed = false;

  constructor({ world, plan, memory, items, covers, taken, goesOn }: MirrorStart) {
    this.#world = telling(world);
    this.#memory = memory;
    this.plan = plan;
    this.#from = world.next();
    this.taken = taken ?? NOTHING_TAKEN;
    this.#repair = items !== undefined;
    this.#taken = items ?? covers ?? [];
    this.directories = new DirectoryQueue({ repair: this.#repair });
    this.#left = namesFirst(items ?? []).reverse();
    this.#orphanOrders = orphanOrders(plan, world.wallMs());
    this.#buffer = new Uint8Array(Math.max(MIRROR_BLOCK, plan.blockSize));
    this.#finished = new FinishedBefore(world.roots, goesOn);
    this.#inFlight = this.#makeInFlight();
    this.#active = new ActiveNames(world, this.directories, items ?? [], () => this.#entries);
    this.#entries = this.#makeEntries();
    this.replies = this.#makeReplies();
    this.#begin(goesOn !== undefined);
  }

  get compare(): Compare {
    return this.plan.compare;
  }

  /** What was dirty and is its affair now, until its end: whatever becomes of it, this is not forgotten. */
  get items(): readonly DirtyItem[] {
    return [...this.#taken, ...this.directories.comeTo()];
  }

  get done(): boolean {
    return this.#phase === 'done';
  }

  /** The queue was folded or the stream lost while it ran: what it had said may not have arrived. */
  get lost(): boolean {
    return this.#phase === 'lost';
  }

  /** True while what there is to do is still being found, and nothing else is done. */
  get calculating(): boolean {
    return this.plan.calculate && !this.#repair && (this.#lister !== null || this.directories.size > 0);
  }

  get repairing(): boolean {
    return this.#repair;
  }

  /** Something may be said `now`; `soon`: a barrier is about to pass; `idle`: it waits for the target, or is over. */
  get urgency(): Urgency {
    if (this.#phase === 'working') return 'now';
    return this.#phase === 'barrier' ? 'soon' : 'idle';
  }

  /** Answers that were under way are gone; those questions are asked again. */
  linkLost(): void {
    this.#inFlight.linkLost();
  }

  markLost(): void {
    this.#close();
    if (this.#phase !== 'done') this.#phase = 'lost';
  }

  /** Says about `budgetBytes` more. Call it only right after the ring was drained. */
  step(budgetBytes: number): void {
    let left = budgetBytes;
    while (left > 0 && this.#phase === 'working') left -= this.#work(left);
    if (this.#phase === 'barrier') this.#passBarrier();
  }

  onReply(reply: Reply): void {
    if (reply.at >= this.#from) this.replies.take(reply);
  }

  #goOn(): void {
    if (this.#phase === 'awaiting-replies' || this.#phase === 'barrier') this.#phase = 'working';
  }

  #begin(goesOn: boolean): void {
    const how = (this.#repair ? MIRROR_REPAIR : 0) | (goesOn ? MIRROR_GOES_ON : 0);
    this.#world.say({ verb: Verb.mirrorBegin, detail: MirrorCompare[this.plan.compare] | how });
    if (this.#repair) return;
    if (!goesOn) this.#memory.begin(this.plan);
    for (const root of this.#world.roots.values()) {
      if (!goesOn) root.scope.clear();
      this.#announceRoot(root);
    }
  }

  #announceRoot(root: MirrorRoot): void {
    const node = root.files.rootNode;
    const attributes = root.files.stat(node);
    if (attributes === null) return;
    root.scope.addNameless(node);
    this.#world.say({ verb: Verb.root, root: root.index, node, attributes, data: root.path });
    this.#entries.xattrs(root, node, true);
    this.directories.push({ root: root.index, node });
  }

  /** One piece of work; returns about how many bytes it said. */
  #work(budget: number): number {
    if (this.#lister !== null) return this.#list(this.#lister);
    return this.plan.calculate || this.#repair
      ? (this.#find() ?? this.#send(budget) ?? this.#await())
      : (this.#send(budget) ?? this.#find() ?? this.#await());
  }

  /** A step towards knowing what there is to do; null: all is known. */
  #find(): number | null {
    const directory = this.directories.shift();
    if (directory !== undefined) return this.#open(directory);
    const walked = this.#active.step();
    if (walked !== null) return walked;
    const item = this.#left.pop();
    return item === undefined ? null : this.#item(item);
  }

  /** A step of content; null: none is due. */
  #send(budget: number): number | null {
    const content = this.#content;
    if (content !== null) {
      const said = content.step(budget);
      if (content.finished) this.#content = null;
      return said;
    }
    const task = this.replies.nextStretches() ?? this.#contents.shift();
    return task === undefined ? null : this.#startContent(task);
  }

  #open(directory: QueuedDirectory): number {
    const root = this.#world.roots.get(directory.root);
    if (root === undefined || !root.scope.knows(directory.node)) return 256;
    const { index } = root;
    const { node } = directory;
    this.#lister = DirectoryLister.open({
      root,
      node,
      entries: this.#entries,
      inFlight: this.#inFlight,
      orphans: this.#orphanOrders,
      asksIfEmpty: this.#world.asksIfEmpty(),
      finished: this.#finished.has(index, node),
      activeSinceMs: this.#active.sinceOf(index, node),
      say: this.#world.say,
      unreadable: (error, name) => this.#world.unreadable(index, node, error.message, name),
    });
    return 256;
  }

  #list(lister: DirectoryLister): number {
    const said = lister.step();
    if (lister.finished) this.#lister = null;
    return said;
  }

  #item(item: Item): number {
    const root = this.#world.roots.get(item.root);
    if (root === undefined) return 256;
    try {
      this.#repairItem(root, item);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const node = item.kind === 'entry' ? item.parent : 'node' in item ? item.node : root.files.rootNode;
      this.#world.unreadable(root.index, node, error.message, item.kind === 'entry' ? item.name : undefined);
    }
    return 512;
  }

  #repairItem(root: MirrorRoot, item: Item): void {
    if (item.kind === 'root') {
      root.scope.clear();
      this.#announceRoot(root);
    } else if (item.kind === 'asked') this.#entries.askedBefore(root, item);
    else if (item.kind === 'entry') this.#entries.entry(root, item.parent, item.name);
    else if (item.kind === 'ranges') this.#entries.ranges(root, item.node, item.ranges);
    else if (item.kind === 'compare') this.#entries.ranges(root, item.node, item.ranges, 'check');
    else if (item.kind === 'changed') this.#active.changedSince(root, item.sinceMs);
    else if (item.kind === 'names') this.#active.names(root, item.node, item.sinceMs);
    else if (item.kind === 'metadata') this.#entries.metadata(root, item.node);
    else this.#entries.node(root, item.node);
  }

  #startContent(task: ContentTask): number {
    const root = this.#world.roots.get(task.root);
    if (root === undefined || !root.scope.knows(task.node)) {
      this.#inFlight.gone(task.root, task.node);
      return 256;
    }
    this.#content = new ContentSender({
      root,
      task,
      world: this.#world,
      progress: this.progress,
      entries: this.#entries,
      inFlight: this.#inFlight,
      blockSize: this.plan.blockSize,
      buffer: this.#buffer,
    });
    if (this.#content.finished) this.#content = null;
    return 256;
  }

  #await(): number {
    this.#inFlight.flush();
    if (!this.#inFlight.empty) {
      this.#phase = 'awaiting-replies';
      return 1;
    }
    this.#phase = 'barrier';
    this.#barrier = this.#world.barrier();
    this.#barrierPassed = false;
    return 1;
  }

  #passBarrier(): void {
    if (this.#barrier === null) return;
    // The ring is drained between the step that sees the barrier passed and the step that ends: only then is everything in.
    if (!this.#barrierPassed) {
      this.#barrierPassed = this.#world.passed(this.#barrier);
      return;
    }
    this.#world.say({ verb: Verb.mirrorEnd });
    this.#phase = 'ending';
    this.#world.mark((outcome) => {
      if (outcome.kind === 'lost') this.markLost();
      else this.#end();
    });
  }

  #end(): void {
    if (this.#phase === 'lost') return;
    this.#phase = 'done';
    if (!this.#repair) this.#memory.end();
  }

  /** Questions whose answers were lost. */
  #again(questions: readonly Question[], silent: readonly SilentQuestion[]): void {
    for (const { root: index, node, place } of questions) {
      if (place === null) this.directories.push({ root: index, node });
      else this.#left.push({ kind: 'asked', root: index, node, parent: place.parent, name: place.name });
    }
    for (const { root, node, offset, extent } of silent) {
      if (extent === 0) this.directories.push({ root, node });
      else
        this.#contents.push({ root, node, how: 'check', ranges: [offset, offset + extent], pieces: 1, counts: false });
    }
    this.#goOn();
  }

  #makeInFlight(): InFlight {
    return new InFlight({
      mark: (settle) => this.#world.mark((outcome) => settle(outcome.kind === 'applied')),
      again: (questions, silent) => this.#again(questions, silent),
      unanswered: (root, node) => this.replies.unanswered(root, node),
      finished: (root, nodes) => {
        // What a mirror that is lost had said still arrives, but the memory may be another's by then, which has to look at it again.
        if (!this.#repair && this.#phase !== 'lost') this.#memory.finished(root, nodes);
      },
      lost: () => this.markLost(),
      settled: () => {
        if (this.#phase === 'awaiting-replies') this.#phase = 'working';
      },
    });
  }

  #makeEntries(): EntrySender {
    return new EntrySender({
      world: this.#world,
      progress: this.progress,
      inFlight: this.#inFlight,
      compare: this.plan.compare,
      repair: this.#repair,
      orphans: this.#orphanOrders,
      directory: (root, node) => this.directories.push({ root, node }),
      activeDirectory: (...one) => this.#active.add(...one),
      content: (task) => this.replies.defers(task) || this.#contents.push(task),
      isFinished: (root, node) => this.#finished.has(root, node),
    });
  }

  #makeReplies(): Replies {
    return new Replies({
      roots: this.#world.roots,
      compare: this.plan.compare,
      progress: this.progress,
      inFlight: this.#inFlight,
      unreadable: this.#world.unreadable,
      told: this.#world.told,
      directory: (root, node) => this.directories.push({ root, node }),
      content: (task) => this.#contents.push(task),
      willSend: (root, node) => this.#contents.willSend(root, node),
      goOn: () => this.#goOn(),
    });
  }

  #close(): void {
    this.#lister?.close();
    this.#active.close();
    this.#content?.close();
    this.#lister = null;
    this.#content = null;
  }
}
