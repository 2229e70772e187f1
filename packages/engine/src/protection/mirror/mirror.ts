/**
 * The mirror: brings a replica to the source's state while replication runs (MIR1).
 * In: steps (always right after the ring was drained), replies of the target. Out: records for the stream.
 *
 * Why nothing older overtakes anything newer: a step runs between two drains of the ring and reads synchronously. Every operation
 * that finished before the read is in the stream already; what finishes during it comes later and repeats itself. So a record of
 * the mirror is never older than its position, and after the operations that were executing at the last read it is exact (the barrier
 * before `mirrorEnd`).
 */
import { type RawName, RingBuffer } from '@understudy/base';
import { MirrorCompare, type NodeId, type RecordInput, type Reply, Verb } from '@understudy/wire';
import type { DirtyItem } from '../../data-path/source/queue/dirty-map.ts';
import type { RootScope } from '../../data-path/source/queue/root-scope.ts';
import type { MarkOutcome } from '../../data-path/source-path.ts';
import { type Barrier, type Digest, FileError, type SourceFiles } from '../../ports.ts';
import { ContentSender } from './content-sender.ts';
import { DirectoryLister } from './directory-lister.ts';
import { DIRECTORY, EntrySender, typeOf } from './entry-sender.ts';
import { type MirrorProgress, noProgress } from './progress.ts';

export interface MirrorRoot {
  readonly index: number;
  readonly path: Uint8Array;
  readonly files: SourceFiles;
  readonly scope: RootScope;
}

/** What a mirror needs of the job it belongs to. */
export interface MirrorWorld {
  readonly roots: ReadonlyMap<number, MirrorRoot>;
  readonly digest: Digest;
  say(input: RecordInput): void;
  mark(settle: (outcome: MarkOutcome) => void): void;
  barrier(): Barrier;
  passed(barrier: Barrier): boolean;
  /** A file that cannot be read: it is named, and the replica is not complete without it. */
  unreadable(root: number, node: NodeId, why: string, name?: RawName | undefined): void;
}

/** When to call again. */
export type Urgency = 'now' | 'soon' | 'idle';

export type Compare = 'everything' | 'attributes' | 'checksum';

export interface ContentTask {
  readonly root: number;
  readonly node: NodeId;
  readonly how: 'send' | 'check';
  readonly bytes: number;
}

interface BlockTask {
  readonly root: number;
  readonly node: NodeId;
  readonly offset: number;
  readonly extent: number;
}

type Phase = 'working' | 'awaiting-replies' | 'barrier' | 'ending' | 'done' | 'lost';

export class Mirror {
  readonly compare: Compare;
  readonly progress: MirrorProgress = noProgress();
  readonly #world: MirrorWorld;
  readonly #directories = new RingBuffer<{ readonly root: number; readonly node: NodeId }>();
  readonly #contents = new RingBuffer<ContentTask>();
  readonly #blocks = new RingBuffer<BlockTask>();
  readonly #items: DirtyItem[];
  readonly #entries: EntrySender;
  readonly #repair: boolean;
  /** Names that only the target has. */
  orphans = 0;
  #lister: DirectoryLister | null = null;
  #content: ContentSender | null = null;
  #phase: Phase = 'working';
  #askedAnything = false;
  /** Marks behind questions whose answers may still come. */
  #marksOut = 0;
  #barrier: Barrier | null = null;
  #barrierPassed = false;

  /** Without `items` everything is mirrored; with them exactly those are repaired. */
  constructor(options: {
    readonly world: MirrorWorld;
    readonly compare: Compare;
    readonly items?: readonly DirtyItem[];
  }) {
    this.#world = options.world;
    this.compare = options.compare;
    this.#repair = options.items !== undefined;
    this.#items = [...(options.items ?? [])].reverse();
    this.#entries = new EntrySender({
      world: this.#world,
      progress: this.progress,
      compare: options.compare,
      repair: this.#repair,
      directory: (root, node) => this.#directories.push({ root, node }),
      content: (task) => this.#contents.push(task),
      asked: () => {
        this.#askedAnything = true;
      },
    });
    this.#begin();
  }

  get done(): boolean {
    return this.#phase === 'done';
  }

  /** The queue was folded or the stream lost while it ran: what it had said may not have arrived. */
  get lost(): boolean {
    return this.#phase === 'lost';
  }

  /** True while directories are still being found, so totals still grow. */
  get scanning(): boolean {
    return this.#lister !== null || this.#directories.size > 0;
  }

  get repairing(): boolean {
    return this.#repair;
  }

  /** Something may be said `now`; `soon`: a barrier is about to pass; `idle`: it waits for the target, or is over. */
  get urgency(): Urgency {
    if (this.#phase === 'working') return 'now';
    return this.#phase === 'barrier' ? 'soon' : 'idle';
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
    if (reply.kind !== 'want' && reply.kind !== 'have' && reply.kind !== 'differs') return;
    const { root, node } = reply;
    if (reply.kind === 'want') this.#wanted(root, node);
    else if (reply.kind === 'have') this.#have(root, node);
    else if (reply.what === 'content') this.#blocks.push({ root, node, offset: reply.offset, extent: reply.extent });
    else return;
    if (this.#phase === 'awaiting-replies') this.#phase = 'working';
  }

  #wanted(root: number, node: NodeId): void {
    const mode = this.#world.roots.get(root)?.files.stat(node)?.mode ?? 0;
    if (typeOf(mode) === DIRECTORY) this.#directories.push({ root, node });
    else this.#contents.push({ root, node, how: 'send', bytes: 0 });
  }

  #have(root: number, node: NodeId): void {
    if (this.compare === 'checksum') {
      this.#contents.push({ root, node, how: 'check', bytes: 0 });
      return;
    }
    this.progress.filesDone += 1;
    this.progress.bytesSkipped += this.#world.roots.get(root)?.files.stat(node)?.size ?? 0;
  }

  #begin(): void {
    const detail = MirrorCompare[this.compare];
    this.#world.say({ verb: Verb.mirrorBegin, detail });
    if (this.#repair) return;
    for (const root of this.#world.roots.values()) {
      root.scope.clear();
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
    this.#directories.push({ root: root.index, node });
  }

  /** One piece of work; returns about how many bytes it said. */
  #work(budget: number): number {
    if (this.#lister !== null) return this.#list(this.#lister);
    const directory = this.#directories.shift();
    if (directory !== undefined) return this.#open(directory);
    const item = this.#items.pop();
    if (item !== undefined) return this.#item(item);
    if (this.#content !== null) return this.#send(this.#content, budget);
    const block = this.#blocks.shift();
    if (block !== undefined) return this.#resend(block);
    const content = this.#contents.shift();
    if (content !== undefined) return this.#startContent(content);
    this.#awaitReplies();
    return 1;
  }

  #open(directory: { readonly root: number; readonly node: NodeId }): number {
    const root = this.#world.roots.get(directory.root);
    if (root === undefined || !root.scope.knows(directory.node)) return 256;
    const { index } = root;
    const { node } = directory;
    this.#lister = DirectoryLister.open({
      root,
      node,
      entries: this.#entries,
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

  #item(item: DirtyItem): number {
    const root = this.#world.roots.get(item.root);
    if (root === undefined) return 256;
    try {
      this.#repairItem(root, item);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const node = item.kind === 'node' ? item.node : item.kind === 'entry' ? item.parent : root.files.rootNode;
      this.#world.unreadable(root.index, node, error.message, item.kind === 'entry' ? item.name : undefined);
    }
    return 512;
  }

  #repairItem(root: MirrorRoot, item: DirtyItem): void {
    if (item.kind === 'root') {
      root.scope.clear();
      this.#announceRoot(root);
    } else if (item.kind === 'entry') this.#entries.entry(root, item.parent, item.name);
    else this.#entries.node(root, item.node);
  }

  #startContent(task: ContentTask): number {
    const root = this.#world.roots.get(task.root);
    if (root === undefined || !root.scope.knows(task.node)) return 256;
    if (task.how === 'check') this.#askedAnything = true;
    this.#content = new ContentSender({
      root,
      task,
      world: this.#world,
      progress: this.progress,
      entries: this.#entries,
    });
    return 256;
  }

  #send(content: ContentSender, budget: number): number {
    const said = content.step(budget);
    if (content.finished) this.#content = null;
    return said;
  }

  #resend(block: BlockTask): number {
    const root = this.#world.roots.get(block.root);
    if (root === undefined || !root.scope.knows(block.node)) return 256;
    const task: ContentTask = { root: block.root, node: block.node, how: 'send', bytes: 0 };
    const { offset, extent } = block;
    this.#content = new ContentSender({
      root,
      task,
      world: this.#world,
      progress: this.progress,
      entries: this.#entries,
      range: { offset, end: offset + extent },
    });
    return 256;
  }

  #awaitReplies(): void {
    if (this.#askedAnything) this.#markReplies();
    if (this.#marksOut > 0) {
      this.#phase = 'awaiting-replies';
      return;
    }
    this.#phase = 'barrier';
    this.#barrier = this.#world.barrier();
    this.#barrierPassed = false;
  }

  /** Replies come before the acknowledgement of the record that caused them: when the mark is applied, all have come. */
  #markReplies(): void {
    this.#askedAnything = false;
    this.#marksOut += 1;
    this.#world.mark((outcome) => {
      this.#marksOut -= 1;
      if (outcome.kind === 'lost') this.markLost();
      else if (this.#phase === 'awaiting-replies') this.#phase = 'working';
    });
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
      else this.#phase = 'done';
    });
  }

  #close(): void {
    this.#lister?.close();
    this.#content?.close();
    this.#lister = null;
    this.#content = null;
  }
}
