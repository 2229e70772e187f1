/**
 * What the target's answers come to. In: replies about what a mirror has said. Out: directories to list, content to send, stretches that
 * differ, orphans counted. Promises: a file that is asked for twice is sent once, as long as it waits; what is dirty of a file about
 * whose name the target has been asked waits for the answer, for a file that is new there is sent as a whole; nothing is looked at for an
 * answer about what was not said.
 */
import { RingBuffer } from '@understudy/base';
import type { Attributes, NodeId, Reply } from '@understudy/wire';
import { FileError } from '../../ports.ts';
import { DIRECTORY, typeOf } from './entry-sender.ts';
import type { InFlight } from './in-flight.ts';
import type { Compare } from './plan.ts';
import type { MirrorProgress } from './progress.ts';
import type { ContentTask, MirrorRoot } from './world.ts';

export interface OrphanCounts {
  left: number;
  moved: number;
  deleted: number;
  /** What the rules took in before; it stays. */
  outside: number;
}

export interface RepliesWorld {
  readonly roots: ReadonlyMap<number, MirrorRoot>;
  readonly compare: Compare;
  readonly progress: MirrorProgress;
  readonly inFlight: InFlight;
  unreadable(root: number, node: NodeId, why: string): void;
  directory(root: number, node: NodeId): void;
  content(task: ContentTask): void;
  /** This mirror has told the target of it. */
  told(root: number, node: NodeId): boolean;
  /** The whole file waits to be sent already. */
  willSend(root: number, node: NodeId): boolean;
  /** There is something to do again. */
  goOn(): void;
}

/** Named in the event at the end. */
const EXAMPLES = 5;

const key = (root: number, node: NodeId): string => `${root}/${node}`;

interface Stretch {
  readonly root: number;
  readonly node: NodeId;
  readonly offset: number;
  readonly extent: number;
}

export class Replies {
  readonly orphans: OrphanCounts = { left: 0, moved: 0, deleted: 0, outside: 0 };
  /** Some of what lies outside now: root and base64 of the path beneath it. */
  readonly outside: { readonly root: number; readonly path: string }[] = [];
  readonly #world: RepliesWorld;
  readonly #stretches = new RingBuffer<Stretch>();
  /** Known to be dirty, of files about which the target has been asked. */
  readonly #deferred = new Map<string, ContentTask[]>();

  constructor(world: RepliesWorld) {
    this.#world = world;
  }

  take(reply: Reply): void {
    if (reply.kind === 'want') this.#want(reply.root, reply.node);
    else if (reply.kind === 'have') this.#have(reply.root, reply.node);
    else if (reply.kind === 'differs' && reply.what === 'content') this.#differs(reply);
    else if (reply.kind === 'orphan') this.#orphan(reply);
    // What could not be applied is repaired by the job; nothing more is answered to it.
    else if (reply.kind === 'failed') this.#failed(reply.root, reply.node);
    else return;
    this.#world.goOn();
  }

  /** What a repair knows to be dirty of a file; false: nothing is to be waited for. */
  defers(task: ContentTask): boolean {
    if (!this.#world.inFlight.awaits(task.root, task.node)) return false;
    const id = key(task.root, task.node);
    const tasks = this.#deferred.get(id);
    if (tasks === undefined) this.#deferred.set(id, [task]);
    else tasks.push(task);
    return true;
  }

  /** It has not asked for the file, which it knows. */
  unanswered(root: number, node: NodeId): void {
    this.#release(root, node);
    this.#world.goOn();
  }

  /** Stretches of one file that differ, as one piece of work. */
  nextStretches(): ContentTask | undefined {
    const first = this.#stretches.shift();
    if (first === undefined) return undefined;
    const { root, node } = first;
    const ranges = [first.offset, first.offset + first.extent];
    let pieces = 1;
    for (let next = this.#stretches.at(0); next?.root === root && next.node === node; next = this.#stretches.at(0)) {
      this.#stretches.shift();
      pieces += 1;
      if (ranges.at(-1) === next.offset) ranges[ranges.length - 1] = next.offset + next.extent;
      else ranges.push(next.offset, next.offset + next.extent);
    }
    return { root, node, how: 'send', ranges, pieces, counts: false };
  }

  #orphan({ root, path, fate = 'left' }: Extract<Reply, { kind: 'orphan' }>): void {
    this.orphans[fate] += 1;
    if (fate === 'outside' && this.outside.length < EXAMPLES) this.outside.push({ root, path });
  }

  /** Null: gone, or not to be read, and named; or nothing that was asked about. */
  #look(root: number, node: NodeId): Attributes | null {
    if (!this.#world.told(root, node)) return null;
    try {
      return this.#world.roots.get(root)?.files.stat(node) ?? null;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#world.unreadable(root, node, error.message);
      return null;
    }
  }

  #want(root: number, node: NodeId): void {
    const { inFlight } = this.#world;
    const mode = this.#look(root, node)?.mode ?? null;
    if (mode !== null && typeOf(mode) === DIRECTORY) {
      inFlight.refuted(root, node);
      this.#world.directory(root, node);
      return;
    }
    inFlight.answered(root, node);
    const id = key(root, node);
    this.#world.progress.filesDone += this.#deferred.get(id)?.length ?? 0;
    this.#deferred.delete(id);
    if (mode === null || this.#world.willSend(root, node)) return;
    this.#world.content({ root, node, how: 'send', ranges: null, pieces: 0, counts: true });
  }

  #failed(root: number, node: NodeId): void {
    this.#world.inFlight.answered(root, node);
    this.#release(root, node);
  }

  #release(root: number, node: NodeId): void {
    const id = key(root, node);
    const tasks = this.#deferred.get(id) ?? [];
    this.#deferred.delete(id);
    for (const task of tasks) this.#world.content(task);
  }

  #have(root: number, node: NodeId): void {
    const { inFlight, progress, compare } = this.#world;
    inFlight.answered(root, node);
    this.#release(root, node);
    const attributes = this.#look(root, node);
    if (attributes === null || typeOf(attributes.mode) === DIRECTORY) return;
    if (compare === 'checksum') {
      this.#world.content({ root, node, how: 'check', ranges: null, pieces: 0, counts: true });
      return;
    }
    progress.filesDone += 1;
    progress.bytesSkipped += attributes.size;
    inFlight.finishing(root, node);
  }

  #differs({ root, node, offset, extent }: Extract<Reply, { kind: 'differs' }>): void {
    if (!this.#world.told(root, node)) return;
    this.#world.progress.bytesSkipped -= Math.min(extent, this.#world.progress.bytesSkipped);
    this.#world.inFlight.owes(root, node);
    this.#stretches.push({ root, node, offset, extent });
  }
}
