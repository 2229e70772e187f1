/** Says one directory: begin, every entry, end. A piece at a time, so that the ring is drained in between. */
import { type NodeId, type RecordInput, Verb } from '@understudy/wire';
import type { SourceDirectory } from '../../ports.ts';
import type { EntrySender } from './entry-sender.ts';
import type { MirrorRoot } from './mirror.ts';

/** Names a step: about 1 ms of warm work. */
const NAMES_A_STEP = 128;

export interface DirectoryListerOptions {
  readonly root: MirrorRoot;
  readonly node: NodeId;
  readonly entries: EntrySender;
  say(input: RecordInput): void;
}

export class DirectoryLister {
  readonly #options: DirectoryListerOptions;
  readonly #directory: SourceDirectory;
  finished = false;

  private constructor(options: DirectoryListerOptions, directory: SourceDirectory) {
    this.#options = options;
    this.#directory = directory;
  }

  /** null: the directory is gone, and its removal is in the stream or will be. */
  static open(options: DirectoryListerOptions): DirectoryLister | null {
    const directory = options.root.files.openDirectory(options.node);
    if (directory === null) return null;
    options.say({ verb: Verb.listingBegin, root: options.root.index, parent: options.node });
    return new DirectoryLister(options, directory);
  }

  step(): number {
    const { root, node, entries } = this.#options;
    const names = this.#directory.next(NAMES_A_STEP);
    let said = 256;
    for (const entry of names) said += entries.listed(root, node, entry);
    if (names.length === 0) this.#end();
    return said;
  }

  close(): void {
    this.#directory.close();
    this.finished = true;
  }

  #end(): void {
    const { root, node } = this.#options;
    this.close();
    const attributes = root.files.stat(node);
    if (attributes === null) return;
    this.#options.say({ verb: Verb.listingEnd, root: root.index, parent: node, node, attributes });
  }
}
