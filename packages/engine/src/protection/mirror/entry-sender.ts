/** Says what a name on the source is: entry, extended attributes, and what must follow (a listing, content). */
import type { RawName } from '@understudy/base';
import { encodeXattrs, type NodeId, RecordFlag, Verb } from '@understudy/wire';
import { FileError, type SourceEntry } from '../../ports.ts';
import type { Compare, ContentTask, MirrorRoot, MirrorWorld } from './mirror.ts';
import type { MirrorProgress } from './progress.ts';

const TYPE_MASK = 0o170000;
export const REGULAR = 0o100000;
export const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;
export const typeOf = (mode: number): number => mode & TYPE_MASK;
const NOTHING = new Uint8Array(0);

export interface EntrySenderOptions {
  readonly world: MirrorWorld;
  readonly progress: MirrorProgress;
  readonly compare: Compare;
  readonly repair: boolean;
  directory(root: number, node: NodeId): void;
  content(task: ContentTask): void;
  /** The target will answer. */
  asked(): void;
}

export class EntrySender {
  readonly #options: EntrySenderOptions;

  constructor(options: EntrySenderOptions) {
    this.#options = options;
  }

  get repair(): boolean {
    return this.#options.repair;
  }

  /** One name of a listing; returns bytes said, about. */
  listed(root: MirrorRoot, parent: NodeId, entry: SourceEntry): number {
    const isDirectory = typeOf(entry.attributes.mode) === DIRECTORY;
    if (root.scope.wants(parent, entry.name, isDirectory)) return this.#say(root, parent, entry);
    // A directory above it got a name under which the rules leave it out.
    root.scope.lost(entry.node, parent, entry.name);
    return 0;
  }

  /** A name that may differ: said as it is now, or as gone. */
  entry(root: MirrorRoot, parent: NodeId, name: RawName): void {
    if (!root.scope.knows(parent)) return;
    const entry = root.files.entry(parent, name);
    const wanted = entry !== null && root.scope.wants(parent, name, typeOf(entry.attributes.mode) === DIRECTORY);
    if (wanted) this.#say(root, parent, entry);
    else {
      if (entry !== null) root.scope.lost(entry.node, parent, name);
      this.#options.world.say({ verb: Verb.detach, root: root.index, parent, name });
    }
    const attributes = root.files.stat(parent);
    if (attributes !== null) this.#options.world.say({ verb: Verb.settle, root: root.index, node: parent, attributes });
  }

  /** A node whose content or metadata may differ. */
  node(root: MirrorRoot, node: NodeId): void {
    if (!root.scope.knows(node)) return;
    const attributes = root.files.stat(node);
    if (attributes === null || !this.#isStillOurs(root, node)) return;
    if (typeOf(attributes.mode) === REGULAR) {
      this.#count(attributes.size);
      const how = this.#options.compare === 'checksum' ? 'check' : 'send';
      this.#options.content({ root: root.index, node, how, bytes: attributes.size });
      return;
    }
    this.xattrs(root, node, true);
    this.#options.world.say({ verb: Verb.settle, root: root.index, node, attributes });
    if (typeOf(attributes.mode) === DIRECTORY) this.#options.directory(root.index, node);
  }

  /** Where rules are asked and a rename was not seen, a node may have left the set: what it is now is not the replica's affair. */
  #isStillOurs(root: MirrorRoot, node: NodeId): boolean {
    const places = root.scope.placesOf(node);
    for (const { parent, name } of places)
      if (root.files.entry(parent, name)?.node !== node) root.scope.lost(node, parent, name);
    return places.length === 0 || root.scope.knows(node);
  }

  /** The whole set of extended attributes; with `always` also an empty one. */
  xattrs(root: MirrorRoot, node: NodeId, always: boolean): void {
    const xattrs = this.#read(root, node);
    if (xattrs === null || (xattrs.length === 0 && !always)) return;
    this.#options.world.say({ verb: Verb.xattrs, root: root.index, node, data: encodeXattrs(xattrs) });
  }

  #read(root: MirrorRoot, node: NodeId) {
    try {
      return root.files.xattrs(node);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#options.world.unreadable(root.index, node, error.message);
      return null;
    }
  }

  #say(root: MirrorRoot, parent: NodeId, entry: SourceEntry): number {
    const { node, name, attributes } = entry;
    const type = typeOf(attributes.mode);
    const isNew = !root.scope.knows(node);
    root.scope.add(node, parent, name, type === DIRECTORY);
    const xattrs = this.#read(root, node) ?? [];
    const data = type === SYMLINK ? (root.files.readLink(node) ?? NOTHING) : NOTHING;
    let flags = xattrs.length > 0 ? RecordFlag.entryHasXattrs : 0;
    const listed = type === DIRECTORY && (isNew || !this.#options.repair || !root.scope.whole);
    const contentFollows = listed || (type === REGULAR && this.#contentFollows(isNew));
    if (contentFollows) flags |= RecordFlag.contentFollows;
    this.#options.world.say({ verb: Verb.entry, root: root.index, parent, name, node, attributes, data, flags });
    if (xattrs.length > 0)
      this.#options.world.say({ verb: Verb.xattrs, root: root.index, node, data: encodeXattrs(xattrs) });
    if (listed) this.#options.directory(root.index, node);
    else if (type === DIRECTORY) this.#options.asked();
    if (type === REGULAR) this.#regular(root, node, attributes.size, contentFollows);
    return 512;
  }

  #regular(root: MirrorRoot, node: NodeId, size: number, contentFollows: boolean): void {
    if (contentFollows) {
      this.#count(size);
      this.#options.content({ root: root.index, node, how: 'send', bytes: size });
    } else {
      this.#count(size);
      this.#options.asked();
    }
  }

  /** In a repair only what the target does not know is sent unasked; a second name of a file brings no second content. */
  #contentFollows(isNew: boolean): boolean {
    return isNew && this.#options.compare === 'everything';
  }

  #count(size: number): void {
    this.#options.progress.filesTotal += 1;
    this.#options.progress.bytesTotal += size;
  }
}
