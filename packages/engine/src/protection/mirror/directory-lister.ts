/** Says one directory: begin, every entry, end. A piece at a time, so that the ring is drained in between. */
import type { RawName } from '@understudy/base';
import { LISTING_TAKES_NOTHING, type NodeId, type RecordInput, Verb } from '@understudy/wire';
import { FileError, type SourceDirectory, type SourceEntry } from '../../ports.ts';
import type { EntrySender } from './entry-sender.ts';
import type { InFlight } from './in-flight.ts';
import type { OrphanOrders } from './plan.ts';
import type { MirrorRoot } from './world.ts';

/** Names a step: about 1 ms of warm work. */
const NAMES_A_STEP = 128;

export interface DirectoryListerOptions {
  readonly root: MirrorRoot;
  readonly node: NodeId;
  readonly entries: EntrySender;
  readonly inFlight: InFlight;
  readonly orphans: OrphanOrders;
  /** SAFE2: a root in which there is nothing is a question to a person, if the replica's has something. */
  readonly asksIfEmpty: boolean;
  /** The target has the listing: only what is not finished beneath is said. */
  readonly finished: boolean;
  /** It was active when the source lost power: what is older counts by its name alone. */
  readonly activeSinceMs: number | null;
  say(input: RecordInput): void;
  /** The directory, or one name in it, cannot be read. */
  unreadable(error: FileError, name?: RawName): void;
}

export class DirectoryLister {
  readonly #options: DirectoryListerOptions;
  readonly #directory: SourceDirectory;
  /** What the target holds of an unreadable name must not be taken for gone. */
  #partial = false;
  #empty = true;
  finished = false;

  private constructor(options: DirectoryListerOptions, directory: SourceDirectory) {
    this.#options = options;
    this.#directory = directory;
  }

  /** null: the directory is gone, and its removal is in the stream or will be; or it cannot be read, and is named. */
  static open(options: DirectoryListerOptions): DirectoryLister | null {
    try {
      const directory = options.root.files.openDirectory(options.node);
      if (directory === null) return null;
      if (!options.finished) options.say({ verb: Verb.listingBegin, root: options.root.index, parent: options.node });
      return new DirectoryLister(options, directory);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      options.unreadable(error);
      return null;
    }
  }

  step(): number {
    const names = this.#next();
    let said = 256;
    for (const entry of names) {
      const bytes = this.#entry(entry);
      if (bytes > 0) this.#empty = false;
      said += bytes;
    }
    for (const { name, error } of this.#directory.takeUnreadable()) this.#unreadable(error, name);
    if (names.length === 0) this.#end();
    return said;
  }

  close(): void {
    this.#directory.close();
    this.finished = true;
  }

  #next(): SourceEntry[] {
    try {
      return this.#directory.next(NAMES_A_STEP);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#unreadable(error);
      return [];
    }
  }

  #entry(entry: SourceEntry): number {
    const { root, node, entries, finished, activeSinceMs } = this.#options;
    try {
      if (activeSinceMs !== null) return entries.active(root, node, entry, activeSinceMs);
      return finished ? entries.again(root, node, entry) : entries.listed(root, node, entry);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#unreadable(error, entry.name);
      return 256;
    }
  }

  #unreadable(error: FileError, name?: RawName): void {
    this.#partial = true;
    this.#options.unreadable(error, name);
  }

  #end(): void {
    const { root, node, inFlight, orphans, finished, say } = this.#options;
    const { index } = root;
    this.close();
    if (finished) return;
    const attributes = this.#attributes();
    if (attributes === null) return;
    if (this.#partial) {
      say({ verb: Verb.settle, root: index, node, attributes });
      return;
    }
    const asks = this.#empty && this.#options.asksIfEmpty && node === root.files.rootNode;
    const detail = orphans.detail | (asks ? LISTING_TAKES_NOTHING : 0);
    say({ verb: Verb.listingEnd, root: index, parent: node, node, attributes, ...orphans, detail });
    inFlight.asked({ root: index, node, place: null });
    inFlight.finishing(index, node);
  }

  /** Null: it is gone, or cannot be read, and is named: then nothing is taken away for it. */
  #attributes() {
    const { root, node } = this.#options;
    try {
      return root.files.stat(node);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#unreadable(error);
      return null;
    }
  }
}
