/** Says what a name on the source is: entry, extended attributes, and what must follow (a listing, content). */
import { brand, type RawName } from '@understudy/base';
import {
  type Attributes,
  ENTRY_NAMES_ONLY,
  encodeXattrs,
  FORGET_IN_PLACE,
  type NodeId,
  RecordFlag,
  SETTLE_ATTRIBUTES,
  Verb,
} from '@understudy/wire';
import { FileError, type SourceEntry } from '../../ports.ts';
import type { InFlight } from './in-flight.ts';
import { placeOf } from './place-of.ts';
import type { Compare, OrphanOrders } from './plan.ts';
import type { MirrorProgress } from './progress.ts';
import type { ContentTask, MirrorRoot, MirrorWorld } from './world.ts';

const TYPE_MASK = 0o170000;
export const REGULAR = 0o100000;
export const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;
export const typeOf = (mode: number): number => mode & TYPE_MASK;
const NOTHING = new Uint8Array(0);
const NO_NAME = brand<RawName>('');

export interface EntrySenderOptions {
  readonly world: MirrorWorld;
  readonly progress: MirrorProgress;
  readonly inFlight: InFlight;
  readonly compare: Compare;
  readonly repair: boolean;
  readonly orphans: OrphanOrders;
  directory(root: number, node: NodeId): void;
  /** Names beneath it are active, too; `list`: it may have changed since. */
  activeDirectory(root: number, node: NodeId, sinceMs: number, list: boolean): void;
  content(task: ContentTask): void;
  /** The target has all of it, since before this mirror went on. */
  isFinished(root: number, node: NodeId): boolean;
}

/** What is to be done about the content of a file. */
const task = (root: number, node: NodeId, how: ContentTask['how']): ContentTask => ({
  root,
  node,
  how,
  ranges: null,
  pieces: 0,
  counts: true,
});

interface Say {
  /** Nothing is asked of content that the target has. */
  readonly namesOnly: boolean;
  /** A directory of which nothing has moved: its own listing is not due. */
  readonly stood: boolean;
}
const PLAINLY: Say = { namesOnly: false, stood: false };

export interface Asked {
  readonly node: NodeId;
  readonly parent: NodeId;
  readonly name: RawName;
}

export class EntrySender {
  readonly #options: EntrySenderOptions;
  /** Directories that are not where they were, and those beneath them: root and node. */
  readonly #moved = new Set<string>();

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
    return this.#unwanted(root, parent, entry);
  }

  /**
   * One name of a directory that was active when the source lost power. What was made since may have lost content and is compared; what
   * is older is where its name says, and of its content its own regions tell; unless it came into the set since, for then nobody told.
   */
  active(root: MirrorRoot, parent: NodeId, entry: SourceEntry, sinceMs: number): number {
    const { node, name, attributes } = entry;
    const type = typeOf(attributes.mode);
    if (!root.scope.wants(parent, name, type === DIRECTORY)) return this.#unwanted(root, parent, entry);
    // Gone: what removes it is in the stream, or will be.
    const ages = root.files.ages(node) ?? { bornMs: null, changedMs: Number.POSITIVE_INFINITY };
    if (type === DIRECTORY) {
      const changed = ages.changedMs >= sinceMs && root.scope.knows(node);
      this.#options.activeDirectory(root.index, node, sinceMs, changed);
    }
    const isOld = type === REGULAR && root.scope.knows(node) && (ages.bornMs ?? ages.changedMs) < sinceMs;
    const stood = type === DIRECTORY && this.#stood(root, node, { parent, name });
    return this.#say(root, parent, entry, { namesOnly: isOld, stood });
  }

  /** What lies beneath a directory that is where it was is what the rules wanted before, unless one above it has moved. */
  #stood({ index, scope }: MirrorRoot, node: NodeId, { parent, name }: Omit<Asked, 'node'>): boolean {
    const stood = !this.#moved.has(`${index}/${parent}`) && scope.stands(node, parent, name);
    if (!stood && !scope.whole) this.#moved.add(`${index}/${node}`);
    return stood;
  }

  /** A name that the rules leave out; returns bytes said. */
  #unwanted(root: MirrorRoot, parent: NodeId, { node, name, attributes }: SourceEntry): number {
    const stays = root.scope.stays(parent, name, typeOf(attributes.mode) === DIRECTORY);
    // Otherwise a directory above it got a name under which the rules leave it out: it is kept aside.
    root.scope.lost(node, parent, name);
    if (!stays) return 0;
    this.#options.world.say({ verb: Verb.forget, root: root.index, parent, name, node, detail: FORGET_IN_PLACE });
    return 256;
  }

  /** One name of a directory whose listing the target has from before: only what is not finished is said. */
  again(root: MirrorRoot, parent: NodeId, entry: SourceEntry): number {
    const { node, name, attributes } = entry;
    const type = typeOf(attributes.mode);
    if (!root.scope.wants(parent, name, type === DIRECTORY)) return this.listed(root, parent, entry);
    const known = root.scope.knows(node);
    if (!known || (type === REGULAR && !this.#options.isFinished(root.index, node)))
      return this.#say(root, parent, entry);
    root.scope.add(node, parent, name, type === DIRECTORY);
    if (type === DIRECTORY) this.#options.directory(root.index, node);
    if (type === REGULAR) this.#countAsDone(attributes.size);
    return 64;
  }

  /** A name that may differ: said as it is now, or as gone. */
  entry(root: MirrorRoot, parent: NodeId, name: RawName): void {
    if (!root.scope.knows(parent)) return;
    const entry = root.files.entry(parent, name);
    const wanted = entry !== null && root.scope.wants(parent, name, typeOf(entry.attributes.mode) === DIRECTORY);
    if (wanted) this.#say(root, parent, entry);
    else {
      const left = entry !== null && this.#unwanted(root, parent, entry) > 0;
      if (!left)
        this.#options.world.say({ verb: Verb.detach, root: root.index, parent, name, ...this.#options.orphans });
    }
    const attributes = root.files.stat(parent);
    if (attributes !== null) this.#attributes(root, parent, attributes);
  }

  /** What was asked of an entry and not answered: a file that bears another name by now is asked for by itself. */
  askedBefore(root: MirrorRoot, { node, parent, name }: Asked): void {
    if (root.files.entry(parent, name)?.node === node) this.entry(root, parent, name);
    else this.node(root, node);
  }

  /** A node whose content or metadata may differ. */
  node(root: MirrorRoot, node: NodeId): void {
    if (!root.scope.knows(node)) {
      this.#uncertain(root, node);
      return;
    }
    const attributes = root.files.stat(node);
    if (attributes === null || !this.#isStillOurs(root, node)) return;
    if (typeOf(attributes.mode) === REGULAR) {
      this.#count(attributes.size);
      const how = this.#options.compare === 'checksum' ? 'check' : 'send';
      this.#options.content(task(root.index, node, how));
      return;
    }
    this.#settleExactly(root, node, attributes);
    if (typeOf(attributes.mode) === DIRECTORY) this.#options.directory(root.index, node);
  }

  /** The target may know the node or not, for nobody heard how it came to be: its name is said, and the target asks. */
  #uncertain(root: MirrorRoot, node: NodeId): void {
    const place = placeOf(root, node);
    if (place === null) this.#unplaced(root, node);
    if (place === null || !root.scope.knows(place.parent)) return;
    const { parent, entry } = place;
    const isDirectory = typeOf(entry.attributes.mode) === DIRECTORY;
    if (!root.scope.wants(parent, entry.name, isDirectory)) return;
    root.scope.add(node, parent, entry.name, isDirectory);
    this.#say(root, parent, entry);
    if (isDirectory) this.#options.directory(root.index, node);
  }

  /** It is there, and its path leads elsewhere (a name outside of the root): the target is asked as if it knew the node. */
  #unplaced(root: MirrorRoot, node: NodeId): void {
    if (root.scope.exceptions === null || root.files.stat(node) === null) return;
    root.scope.add(node, root.files.rootNode, NO_NAME, false);
    this.node(root, node);
  }

  /** A node whose metadata alone may differ. */
  metadata(root: MirrorRoot, node: NodeId): void {
    if (!root.scope.knows(node)) {
      this.#uncertain(root, node);
      return;
    }
    const attributes = root.files.stat(node);
    if (attributes !== null && this.#isStillOurs(root, node)) this.#settleExactly(root, node, attributes);
  }

  /** A file of which only these bytes (start, end, start, end …) may differ, and its metadata; `check`: they are compared first. */
  ranges(root: MirrorRoot, node: NodeId, ranges: readonly number[], how: ContentTask['how'] = 'send'): void {
    if (!root.scope.knows(node)) {
      this.#uncertain(root, node);
      return;
    }
    const attributes = root.files.stat(node);
    if (attributes === null || !this.#isStillOurs(root, node)) return;
    if (typeOf(attributes.mode) !== REGULAR) {
      this.#settleExactly(root, node, attributes);
      return;
    }
    this.#count(bytesIn(ranges, attributes.size));
    this.#options.content({ ...task(root.index, node, how), ranges });
  }

  /** All of the node's content has been said. */
  settle(root: MirrorRoot, node: NodeId, attributes: Attributes): void {
    this.xattrs(root, node, this.#options.repair);
    this.#options.world.say({ verb: Verb.settle, root: root.index, node, attributes });
  }

  #settleExactly(root: MirrorRoot, node: NodeId, attributes: Attributes): void {
    this.xattrs(root, node, true);
    this.#attributes(root, node, attributes);
    this.#options.inFlight.finishing(root.index, node);
  }

  #attributes({ index }: MirrorRoot, node: NodeId, attributes: Attributes): void {
    this.#options.world.say({ verb: Verb.settle, root: index, node, attributes, detail: SETTLE_ATTRIBUTES });
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

  #say(root: MirrorRoot, parent: NodeId, entry: SourceEntry, { namesOnly, stood }: Say = PLAINLY): number {
    const { node, name, attributes } = entry;
    const type = typeOf(attributes.mode);
    const isNew = !root.scope.knows(node);
    // Asked while it tells: of a node that was not known operations went by, and it counts as finished no more.
    const isFinished = this.#options.isFinished(root.index, node);
    root.scope.add(node, parent, name, type === DIRECTORY);
    const xattrs = this.#read(root, node);
    const data = type === SYMLINK ? (root.files.readLink(node) ?? NOTHING) : NOTHING;
    // Where they cannot be read it is not said that there are none: the target would remove what it has.
    let flags = xattrs === null || xattrs.length > 0 ? RecordFlag.entryHasXattrs : 0;
    const finished = type === REGULAR && isFinished;
    // The name may be new to the target, the content it has; where it has lost the file it asks.
    const quiet = namesOnly || finished;
    const detail = quiet ? ENTRY_NAMES_ONLY : 0;
    const listed = type === DIRECTORY && (isNew || !this.#options.repair || !(root.scope.whole || stood));
    const contentFollows = listed || (type === REGULAR && !quiet && this.#contentFollows(isNew));
    if (contentFollows) flags |= RecordFlag.contentFollows;
    this.#options.world.say({
      verb: Verb.entry,
      root: root.index,
      parent,
      name,
      node,
      attributes,
      data,
      flags,
      detail,
    });
    if (xattrs !== null && xattrs.length > 0)
      this.#options.world.say({ verb: Verb.xattrs, root: root.index, node, data: encodeXattrs(xattrs) });
    if (listed) this.#options.directory(root.index, node);
    else if (type === DIRECTORY) this.#options.inFlight.askedSilently({ root: root.index, node, offset: 0, extent: 0 });
    if (finished) this.#countAsDone(attributes.size);
    if (quiet) this.#options.inFlight.askedQuietly({ root: root.index, node, place: { parent, name } });
    else if (type === REGULAR) this.#regular(root, entry, parent, contentFollows);
    return 512;
  }

  #countAsDone(size: number): void {
    this.#count(size);
    this.#options.progress.filesDone += 1;
    this.#options.progress.bytesSkipped += size;
  }

  #regular(root: MirrorRoot, { node, name, attributes }: SourceEntry, parent: NodeId, contentFollows: boolean): void {
    this.#count(attributes.size);
    if (contentFollows) this.#options.content(task(root.index, node, 'send'));
    else this.#options.inFlight.asked({ root: root.index, node, place: { parent, name } });
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

function bytesIn(ranges: readonly number[], size: number): number {
  let bytes = 0;
  for (let i = 0; i + 1 < ranges.length; i += 2)
    bytes += Math.max(0, Math.min(ranges[i + 1] ?? 0, size) - (ranges[i] ?? 0));
  return bytes;
}
