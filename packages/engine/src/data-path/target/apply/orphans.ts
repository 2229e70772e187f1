/**
 * Orphans: what lies on the replica and never came from the source. In: a name that nobody confirmed, and what the job says about such.
 * Out: left, moved aside, or deleted, and word of it. Promise: what the source knows is never treated as one, wherever it lies within.
 */
import { printable, type RawName } from '@understudy/base';
import { LISTING_TAKES_NOTHING, type OperationRecord, OrphanFate, position } from '@understudy/wire';
import type { Handle, ReplicaEntry } from '../../../ports.ts';
import type { ApplyContext } from './apply-context.ts';
import { tell } from './apply-context.ts';
import { pathTold } from './base64.ts';
import { folderName, keepAside, youngestWithin } from './keep-aside.ts';
import { displace } from './limbo.ts';
import { isDirectory, type Place, type ReplicaRoot } from './replica-root.ts';

/** Orphans of one directory reported by name; an event gives the number of the rest. */
const MAX_ORPHANS = 1000;

type Fate = 'left' | 'moved' | 'deleted';

export class Orphans {
  readonly #record: OperationRecord;
  readonly #context: ApplyContext;
  readonly #counts: Record<Fate, number> = { left: 0, moved: 0, deleted: 0 };

  /** `record` says in detail, extent and offset what becomes of them; see listingEnd in the wire's verbs. */
  constructor(record: OperationRecord, context: ApplyContext) {
    this.#record = record;
    this.#context = context;
  }

  take(place: Place, entry: ReplicaEntry): void {
    const { root } = this.#context;
    const path = root.pathFor(this.#record.parent, this.#record.parent, place.name);
    if (root.files.spared?.(path, isDirectory(entry.attributes)) === true) return;
    const fate = this.#fateOf(entry);
    // Beneath one that is left, too: linked to its place as well, a file would have a name here that the source does not have.
    if (isDirectory(entry.attributes)) rescue(root, entry.handle);
    // Changes beneath the directory must not show in its times.
    if (fate !== 'left') root.times.keep(place.parent);
    const to = fate === 'moved' ? this.#move(place, path) : null;
    if (fate === 'deleted') this.#delete(place, entry);
    this.#counts[fate] += 1;
    if (this.#told > MAX_ORPHANS) return;
    const where = to === null ? {} : { to: pathTold(to) };
    const at = position(this.#record.sequence);
    this.#context.reply({ kind: 'orphan', at, root: root.index, path: pathTold(path), fate, ...where });
  }

  /** One event for the directory: how many, and where they are. */
  end(): void {
    const { left, moved, deleted } = this.#counts;
    const say = (sentence: string) =>
      tell(this.#record, this.#context, { kind: 'orphans', severity: 'warning', sentence });
    if (left > MAX_ORPHANS)
      say(`${left} entries here did not come from the source; ${MAX_ORPHANS} are reported by name`);
    if (moved > 0)
      say(
        `${counted(moved)} the source does not have ${were(moved)} moved aside to ${printable(this.#folder)} in the job's folder beside the replica`,
      );
    if (deleted > 0) say(`${counted(deleted)} the source does not have ${were(deleted)} deleted, as the job says`);
  }

  get #told(): number {
    const { left, moved, deleted } = this.#counts;
    return left + moved + deleted;
  }

  get #folder(): RawName {
    return `orphans/${folderName(this.#record.offset)}` as RawName;
  }

  #fateOf(entry: ReplicaEntry): Fate {
    const { extent } = this.#record;
    const detail = this.#record.detail & ~LISTING_TAKES_NOTHING;
    if (detail !== OrphanFate.move && detail !== OrphanFate.delete) return 'left';
    if (extent > 0 && youngestWithin(this.#context.root, entry) >= extent) return 'left';
    return detail === OrphanFate.move ? 'moved' : 'deleted';
  }

  #move(place: Place, path: RawName): RawName {
    return keepAside(this.#context.root, place, { kind: 'orphans', folder: folderName(this.#record.offset), path });
  }

  #delete(place: Place, entry: ReplicaEntry): void {
    const { root } = this.#context;
    if (!isDirectory(entry.attributes)) {
      root.files.unlink(place.parent, place.name);
      return;
    }
    removeAll(root, place, entry.handle);
  }
}

/** What came from the source and lies beneath an orphan may be claimed yet: it waits in limbo, or has its other names. */
function rescue(root: ReplicaRoot, orphan: Handle): void {
  const directories = [orphan];
  for (let parent = directories.pop(); parent !== undefined; parent = directories.pop())
    for (const entry of root.files.list(parent) ?? []) {
      if (root.nodes.nodeOf(entry.handle) === undefined) {
        if (isDirectory(entry.attributes)) directories.push(entry.handle);
        continue;
      }
      root.times.keep(parent);
      displace(root, { parent, name: entry.name }, entry);
    }
}

function removeAll(root: ReplicaRoot, place: Place, directory: Handle): void {
  for (const entry of root.files.list(directory) ?? []) {
    const inner = { parent: directory, name: entry.name };
    if (isDirectory(entry.attributes)) removeAll(root, inner, entry.handle);
    else root.files.unlink(directory, entry.name);
  }
  root.files.removeDirectory(place.parent, place.name);
}

const counted = (n: number): string => (n === 1 ? '1 entry that' : `${n} entries that`);
const were = (n: number): string => (n === 1 ? 'was' : 'were');
