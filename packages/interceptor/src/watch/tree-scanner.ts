/**
 * Finds what changed beneath one protected directory since the last scan and says it as records.
 * In: the directory through SourceFiles, and change times. Out: records in an order that converges: names first (renames known by
 * node), then content and attributes, deletions last. A `null` between them is a place to pause.
 * Promised: when nothing changes during a scan, the replay of its records equals the directory. What changes meanwhile is found by
 * the next one. Nothing is promised about order or about states in between.
 */
import type { RawName } from '@understudy/base';
import { FileError, type SourceEntry, type SourceFiles } from '@understudy/engine';
import { type Attributes, type NodeId, type RecordInput, Verb } from '@understudy/wire';
import { FileType } from '../memory/node.ts';
import { attributeRecords, MODE_AND_TIMES } from './attribute-records.ts';
import type { ContentDiffer } from './content-differ.ts';
import { type Added, NamePlan, type Removed } from './name-plan.ts';
import { NO_SLOT, ScanTable, type Slot } from './scan-table.ts';

export interface ScannerPorts {
  readonly files: SourceFiles;
  /** Change times in nanoseconds of the names in a directory, `.` for itself; 0 where it cannot be told. */
  readonly changeTimes: (directory: NodeId) => (name: RawName) => bigint;
  readonly wallMs: () => number;
  readonly differ: ContentDiffer;
}

interface Changed {
  readonly node: NodeId;
  /** Size of the replica's file. */
  readonly knownSize: number;
  readonly isNew: boolean;
}

interface Diff {
  readonly added: Added[];
  readonly removed: Removed[];
  readonly changed: Changed[];
}

export type ScanStep = RecordInput | null;

const SELF = '.' as RawName;
const PART = 256;
/** Kernels without fine-grained change times count in ticks of up to 10 ms. */
const RACY_MS = 25;
/** As if the replica's file were of any size: it is cut, and every hole is made. */
const UNKNOWN_SIZE = Number.MAX_SAFE_INTEGER;
const isDirectory = (mode: number): boolean => (mode & FileType.mask) === FileType.directory;

export class TreeScanner {
  readonly table = new ScanTable();
  readonly #ports: ScannerPorts;
  /** Nodes that a full scan did not find although they are alive: gone if the next one does not either. */
  #suspects = new Set<NodeId>();

  constructor(ports: ScannerPorts) {
    this.#ports = ports;
  }

  /** Learns the tree as it is; says nothing. */
  *baseline(): Generator<null> {
    const { files } = this.#ports;
    const root = files.rootNode;
    const attributes = files.stat(root);
    if (attributes === null) return;
    const queue = [this.#learn(root, attributes, this.#ports.changeTimes(root)(SELF))];
    for (let slot = queue.pop(); slot !== undefined; slot = queue.pop()) {
      const node = this.table.nodeOf(slot);
      const changeTime = this.#ports.changeTimes(node);
      for (const part of this.#listing(node)) {
        for (const entry of part) {
          const known = this.table.find(entry.node);
          const child = known === NO_SLOT ? this.#learn(entry.node, entry.attributes, changeTime(entry.name)) : known;
          if (this.table.lookUp(slot, entry.name) === NO_SLOT) this.table.enter(slot, entry.name, child);
          if (known === NO_SLOT && isDirectory(entry.attributes.mode)) queue.push(child);
        }
        yield null;
      }
      this.table.pack();
    }
  }

  /**
   * Scans the whole directory, or only what lies directly in `hints`. Returns true where only a further full scan can tell
   * what became of something.
   */
  *scan(hints: readonly NodeId[] | null): Generator<ScanStep, boolean> {
    const diff: Diff = { added: [], removed: [], changed: [] };
    yield* this.#walk(hints, diff);
    const plan = new NamePlan(this.table, this.#ports.files, diff.added, diff.removed, (node) => this.#forget(node));
    yield* plan.place();
    for (const added of plan.created) diff.changed.push({ node: added.node, knownSize: 0, isNew: true });
    const directories: Changed[] = [];
    for (const changed of diff.changed) {
      const slot = this.table.find(changed.node);
      if (slot === NO_SLOT) continue;
      if (isDirectory(this.table.modeOf(slot))) directories.push(changed);
      else yield* this.#tellFile(changed, slot);
    }
    const before = this.#suspects;
    const missing = yield* plan.remove((node) => hints === null && before.has(node));
    if (hints === null) this.#suspects = new Set(missing);
    for (const changed of directories) yield* this.#tellAttributes(changed);
    this.table.pack();
    return missing.length > 0;
  }

  /** The directory that a path beneath the root names, or the nearest above it that is known. */
  nearest(names: readonly RawName[]): NodeId {
    let at = this.table.find(this.#ports.files.rootNode);
    if (at === NO_SLOT) return this.#ports.files.rootNode;
    for (const name of names) {
      const next = this.table.lookUp(at, name);
      if (next === NO_SLOT || !isDirectory(this.table.modeOf(next))) break;
      at = next;
    }
    return this.table.nodeOf(at);
  }

  *#walk(hints: readonly NodeId[] | null, diff: Diff): Generator<null> {
    const { files } = this.#ports;
    const queue = [...(hints ?? [files.rootNode])];
    const looked = new Set<NodeId>();
    for (const node of queue) this.#lookAtSelf(node, diff);
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (looked.has(node)) continue;
      looked.add(node);
      yield* this.#look(node, diff, (directory, known) => {
        if (hints === null || !known) queue.push(directory);
      });
    }
  }

  #lookAtSelf(node: NodeId, diff: Diff): void {
    const attributes = this.#ports.files.stat(node);
    const slot = this.table.find(node);
    if (attributes === null || slot === NO_SLOT) return;
    this.#compare(slot, attributes, this.#ports.changeTimes(node)(SELF), diff);
  }

  *#look(node: NodeId, diff: Diff, descend: (directory: NodeId, known: boolean) => void): Generator<null> {
    const changeTime = this.#ports.changeTimes(node);
    const found: { readonly name: RawName; readonly slot: Slot }[] = [];
    const unknown: Added[] = [];
    const directory = this.table.find(node);
    for (const part of this.#listing(node)) {
      for (const entry of part) {
        const ctime = changeTime(entry.name);
        const slot = this.table.find(entry.node);
        if (slot === NO_SLOT) unknown.push({ ...entry, parent: node, ctime });
        else {
          this.#compare(slot, entry.attributes, ctime, diff);
          found.push({ name: entry.name, slot });
        }
        if (isDirectory(entry.attributes.mode)) descend(entry.node, slot !== NO_SLOT);
      }
      yield null;
    }
    diff.added.push(...unknown);
    if (directory === NO_SLOT) for (const at of found) diff.added.push(this.#known(node, at));
    else if (unknown.length > 0 || !this.table.sameListing(directory, found)) {
      const taken = new Set(unknown.map((entry) => entry.name));
      this.#compareNames(directory, found, taken, diff);
    }
  }

  #compareNames(
    directory: Slot,
    found: readonly { readonly name: RawName; readonly slot: Slot }[],
    taken: ReadonlySet<RawName>,
    diff: Diff,
  ): void {
    const node = this.table.nodeOf(directory);
    const before = this.table.children(directory);
    const now = new Map(found.map((at) => [at.name, at.slot]));
    for (const at of found) if (before.get(at.name) !== at.slot) diff.added.push(this.#known(node, at));
    for (const [name, slot] of before)
      if (taken.has(name) || now.get(name) !== slot) diff.removed.push({ parent: directory, name, slot });
    this.table.reorder(directory, found);
  }

  #known(parent: NodeId, at: { readonly name: RawName; readonly slot: Slot }): Added {
    return { parent, name: at.name, node: this.table.nodeOf(at.slot), attributes: null, ctime: 0n };
  }

  /** A node with several names is met several times; only the first time can it differ. */
  #compare(slot: Slot, attributes: Attributes, ctime: bigint, diff: Diff): void {
    const racy = this.table.isRacy(slot);
    if (!racy && this.table.equals(slot, attributes, ctime)) return;
    diff.changed.push({ node: this.table.nodeOf(slot), knownSize: this.table.sizeOf(slot), isNew: false });
    this.table.update(slot, attributes, ctime);
    this.table.setRacy(slot, this.#isRacy(ctime));
  }

  *#tellFile(changed: Changed, slot: Slot): Generator<ScanStep> {
    const { files, differ } = this.#ports;
    try {
      if ((this.table.modeOf(slot) & FileType.mask) === FileType.regular) {
        const attributes = files.stat(changed.node);
        const file = attributes === null ? null : files.open(changed.node);
        if (attributes === null || file === null) return;
        try {
          const told = yield* differ.differences(changed.node, file, attributes, changed.knownSize);
          this.table.setSize(slot, told);
        } finally {
          file.close();
        }
      }
      yield* this.#tellAttributes(changed);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      // One file that cannot be read must not keep the others from their scan; it is tried again at the next.
      differ.forget(changed.node);
      this.table.setRacy(slot, true);
      this.table.setSize(slot, UNKNOWN_SIZE);
      yield { verb: Verb.dirty, node: changed.node };
    }
  }

  *#tellAttributes({ node, isNew }: Changed): Generator<ScanStep> {
    const attributes = this.#ports.files.stat(node);
    if (attributes === null || this.table.find(node) === NO_SLOT) return;
    const xattrs = this.#ports.files.xattrs(node) ?? [];
    if (isNew && xattrs.length === 0) yield* [attributeRecords.settle(node, attributes, MODE_AND_TIMES)];
    else yield* attributeRecords.all(node, attributes, xattrs);
    yield null;
  }

  #learn(node: NodeId, attributes: Attributes, ctime: bigint): Slot {
    const slot = this.table.add(node, attributes, ctime);
    this.table.setRacy(slot, this.#isRacy(ctime));
    return slot;
  }

  #isRacy(ctime: bigint): boolean {
    return Number(ctime / 1_000_000n) >= this.#ports.wallMs() - RACY_MS;
  }

  #forget(node: NodeId): void {
    this.#ports.differ.forget(node);
  }

  *#listing(node: NodeId): Generator<readonly SourceEntry[]> {
    const directory = this.#ports.files.openDirectory(node);
    if (directory === null) return;
    try {
      for (let part = directory.next(PART); part.length > 0; part = directory.next(PART)) yield part;
    } finally {
      directory.close();
    }
  }
}
