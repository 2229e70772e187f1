/**
 * Verification by checksum while replication runs (VER1). In: steps right after a drain, operations that pass, the target's replies.
 * Out: statements in the stream that the target compares at one and the same position; a list of differences. Reports, repairs nothing.
 */
import { RingBuffer } from '@understudy/base';
import {
  MirrorCompare,
  NO_NODE,
  type NodeId,
  type OperationRecord,
  RecordFlag,
  type RecordInput,
  type Reply,
  Verb,
} from '@understudy/wire';
import { type Barrier, FileError, type SourceDirectory, type SourceEntry, type SourceFile } from '../../ports.ts';
import { liesBeneath } from '../lies-beneath.ts';
import { DIRECTORY, REGULAR, typeOf } from '../mirror/entry-sender.ts';
import { shiftsContent } from '../mirror/mistakable.ts';
import type { MirrorRoot, MirrorWorld, Urgency } from '../mirror/world.ts';
import { pathForPeople } from '../path-for-people.ts';
import { type Difference, Findings, nameOf } from './findings.ts';
import { leftByRules } from './left-by-rules.ts';
import { PendingGroup, type Statement } from './pending-group.ts';
import { Statements, VERIFY_BLOCK } from './statements.ts';

export interface VerifyProgress {
  filesDone: number;
  bytesDone: number;
  /** Statements that moved under the reading and were read again. */
  readAgain: number;
  /** Statements that never stood still and were not compared. */
  inMotion: number;
}

const GROUP_BYTES = 1024 * 1024;
/** Files whose beginnings the disk is asked for before they are read. Within a file its system reads ahead by itself, in larger pieces. */
const AHEAD_FILES = 32;
const GROUP_NAMES = 128;
/** What has moved under the reading so often is in motion: it is named and not waited for. */
const MOST_TRIES = 8;
/** Paths in motion that are named. */
const MOST_NAMED = 100;

interface Listing {
  readonly root: MirrorRoot;
  readonly node: NodeId;
  readonly directory: SourceDirectory;
  partial: boolean;
}
interface Content {
  readonly root: MirrorRoot;
  readonly node: NodeId;
  readonly file: SourceFile;
  offset: number;
}

export class Verification {
  readonly progress: VerifyProgress = { filesDone: 0, bytesDone: 0, readAgain: 0, inMotion: 0 };
  readonly findings = new Findings();
  readonly #world: MirrorWorld;
  readonly #statements: Statements;
  readonly #directories = new RingBuffer<{ readonly root: MirrorRoot; readonly node: NodeId }>();
  readonly #files = new RingBuffer<{ readonly root: MirrorRoot; readonly node: NodeId }>();
  /** Of which the directory itself has not been said. */
  readonly #roots: MirrorRoot[] = [];
  readonly #again: Statement[] = [];
  readonly #moving = new Set<string>();
  /** Directories with a name that was not compared: what else is there cannot be told. */
  readonly #partial = new Set<string>();
  readonly #seen = new Set<string>();
  /** Ends of listings wait until every name of theirs has been said; names that come and go meanwhile the target follows itself. */
  #ends: RecordInput[] = [];
  #listing: Listing | null = null;
  #content: Content | null = null;
  /** Open already, and their beginnings asked for. */
  readonly #opened = new RingBuffer<Content>();
  #group: PendingGroup | null = null;
  #barrier: Barrier | null = null;
  #barrierPassed = false;
  #phase: 'working' | 'ending' | 'done' | 'lost' = 'working';

  constructor(world: MirrorWorld) {
    this.#world = world;
    this.#statements = new Statements(world);
    world.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.verify });
    for (const root of world.roots.values()) {
      this.#roots.push(root);
      this.#directories.push({ root, node: root.files.rootNode });
      this.#seen.add(`${root.index}/${root.files.rootNode}`);
    }
  }

  get done(): boolean {
    return this.#phase === 'done';
  }

  get lost(): boolean {
    return this.#phase === 'lost';
  }

  get differences(): readonly Difference[] {
    return this.findings.differences;
  }

  get moreDifferences(): number {
    return this.findings.more;
  }

  /** Paths of what changed all the time and was not compared; the first hundred. */
  get inMotion(): readonly string[] {
    return [...this.#moving];
  }

  get urgency(): Urgency {
    if (this.#phase !== 'working') return 'idle';
    return this.#group === null || this.#barrierPassed ? 'now' : 'soon';
  }

  /** Every operation of this job's roots, in ring order. */
  observe(r: OperationRecord): void {
    this.#group?.observe(r);
    if (shiftsContent(r)) this.findings.shifted(r);
  }

  onReply(reply: Reply): void {
    if (reply.kind !== 'differs') return;
    const root = this.#world.roots.get(reply.root);
    const { node, parent = NO_NODE, path } = reply;
    const isOurs = liesBeneath(root, node, path) && (parent === NO_NODE || liesBeneath(root, parent, ''));
    const isExtra = isOurs && reply.what === 'extra' && root !== undefined;
    if (!(isExtra && leftByRules(root, parent, nameOf(path)))) this.findings.add(reply, isOurs);
  }

  markLost(): void {
    this.#listing?.directory.close();
    this.#content?.file.close();
    for (let one = this.#opened.shift(); one !== undefined; one = this.#opened.shift()) one.file.close();
    if (this.#phase !== 'done') this.#phase = 'lost';
  }

  /** Call it only right after the ring was drained. */
  step(): void {
    if (this.#phase !== 'working') return;
    if (this.#group !== null) {
      this.#settleGroup(this.#group);
      return;
    }
    const group = new PendingGroup();
    this.#fill(group);
    // Ends of listings wait for the barrier, too: a name may have gone by a call that is not in the stream yet.
    if (group.statements.length === 0 && this.#ends.length === 0) {
      this.#end();
      return;
    }
    this.#group = group;
    const barrier = this.#world.barrier();
    this.#barrier = barrier;
    // Where nothing was executing there is nothing to wait for, but the drain before the next step.
    this.#barrierPassed = this.#world.passed(barrier);
  }

  #settleGroup(group: PendingGroup): void {
    if (!this.#barrierPassed) {
      this.#barrierPassed = this.#barrier === null || this.#world.passed(this.#barrier);
      return;
    }
    for (const statement of group.statements) {
      // It left the set meanwhile with a directory above it, of which the operation spoke and not of it.
      if (this.#world.roots.get(statement.root)?.scope.knows(statement.node) !== true) continue;
      if (statement.touched) this.#moved(statement);
      else for (const input of statement.records) this.#world.say(input);
    }
    this.#group = null;
    if (this.#again.length === 0) this.#sayEnds();
  }

  #moved(statement: Statement): void {
    if (statement.tries < MOST_TRIES) {
      this.#again.push(statement);
      return;
    }
    this.progress.inMotion += 1;
    const { root, node, place } = statement;
    if (place !== null) this.#partial.add(`${root}/${place.parent}`);
    if (this.#moving.size >= MOST_NAMED) return;
    const files = this.#world.roots.get(root)?.files;
    this.#moving.add(place === null ? pathForPeople(files, node) : pathForPeople(files, place.parent, place.name));
  }

  #sayEnds(): void {
    for (const end of this.#ends) if (!this.#partial.delete(`${end.root}/${end.parent}`)) this.#world.say(end);
    this.#ends = [];
  }

  #fill(group: PendingGroup): void {
    let bytes = 0;
    for (const statement of this.#again.splice(0, GROUP_NAMES)) {
      this.progress.readAgain += 1;
      const root = this.#world.roots.get(statement.root);
      const again =
        root === undefined ? null : this.#readable(root, statement.node, () => this.#statements.again(root, statement));
      // What cannot be read any more is not extra on the target.
      if (again === null && statement.place !== null) this.#partial.add(`${statement.root}/${statement.place.parent}`);
      for (const fresh of again ?? []) group.add(fresh);
    }
    while (bytes < GROUP_BYTES && group.statements.length < GROUP_NAMES) {
      const took = this.#more(group);
      if (took === 0) return;
      bytes += took;
    }
  }

  #more(group: PendingGroup): number {
    const root = this.#roots.pop();
    if (root !== undefined) {
      const statement = this.#readable(root, root.files.rootNode, () => this.#statements.root(root));
      if (statement !== null) group.add(statement);
      return 512;
    }
    if (this.#content !== null) return this.#block(group, this.#content);
    if (this.#opened.size > 0 || this.#files.size > 0) {
      this.#openAhead();
      this.#content = this.#opened.shift() ?? null;
      return 256;
    }
    if (this.#listing !== null) return this.#list(group, this.#listing);
    const next = this.#directories.shift();
    if (next === undefined) return 0;
    const directory = this.#readable(next.root, next.node, () => next.root.files.openDirectory(next.node));
    if (directory === null) return 256;
    this.#listing = { ...next, directory, partial: false };
    this.#world.say({ verb: Verb.listingBegin, root: next.root.index, parent: next.node, flags: RecordFlag.verify });
    return 256;
  }

  #list(group: PendingGroup, listing: Listing): number {
    const { root, node, directory } = listing;
    const names = this.#readable(root, node, () => directory.next(GROUP_NAMES));
    for (const entry of names ?? [])
      if (this.#readable(root, entry.node, () => this.#entry(group, root, node, entry)) === null)
        listing.partial = true;
    for (const { name, error } of directory.takeUnreadable()) {
      listing.partial = true;
      this.#world.unreadable(root.index, node, error.message, name);
    }
    if (names !== null && names.length > 0) return names.length * 512;
    directory.close();
    this.#listing = null;
    // What could not be read is not extra on the target.
    if (names === null || listing.partial) return 256;
    this.#ends.push({ verb: Verb.checkListingEnd, root: root.index, parent: node });
    return 256;
  }

  #entry(group: PendingGroup, root: MirrorRoot, parent: NodeId, entry: SourceEntry): void {
    const type = typeOf(entry.attributes.mode);
    if (!root.scope.knows(entry.node) || !root.scope.wants(parent, entry.name, type === DIRECTORY)) return;
    group.add(this.#statements.entry(root, parent, entry));
    const key = `${root.index}/${entry.node}`;
    if (entry.attributes.nlink > 1 || type === DIRECTORY) {
      if (this.#seen.has(key)) return;
      this.#seen.add(key);
    }
    if (type === DIRECTORY) this.#directories.push({ root, node: entry.node });
    if (type === REGULAR) this.#files.push({ root, node: entry.node });
  }

  /** null: it cannot be read, and is named. */
  #readable<T>(root: MirrorRoot, node: NodeId, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#world.unreadable(root.index, node, error.message);
      return null;
    }
  }

  #openAhead(): void {
    while (this.#opened.size < AHEAD_FILES) {
      const next = this.#files.shift();
      if (next === undefined) return;
      const file = this.#readable(next.root, next.node, () => next.root.files.open(next.node));
      if (file === null) continue;
      file.willNeed(0, VERIFY_BLOCK);
      this.#opened.push({ ...next, file, offset: 0 });
    }
  }

  #block(group: PendingGroup, content: Content): number {
    const { root, node, file } = content;
    const from = { offset: content.offset, length: VERIFY_BLOCK, tries: 0 };
    const read = () => this.#statements.content(root, node, file, from);
    const statement = this.#readable(root, node, read);
    const length = statement === null ? 0 : (statement.range?.end ?? 0) - content.offset;
    if (statement === null || length <= 0) {
      content.file.close();
      this.#content = null;
      this.progress.filesDone += 1;
      return 256;
    }
    group.add(statement);
    content.offset += length;
    this.progress.bytesDone += length;
    return length;
  }

  #end(): void {
    this.#phase = 'ending';
    this.#world.say({ verb: Verb.mirrorEnd, detail: 1 });
    this.#world.mark((outcome) => {
      if (outcome.kind === 'lost') this.markLost();
      else this.#phase = 'done';
    });
  }
}
