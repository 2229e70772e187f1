/**
 * The activity log as the simulation keeps it, by the rules of fsid's: what is made counts to its directory, metadata and content by
 * themselves. In: records as they were executed. Out: the regions that were active. Marked as they are drained, which the power cut
 * itself does as well, so that no operation has been executed without its region.
 */
import type { ActiveRegion } from '@understudy/engine';
import { decodeRecord, NO_NODE, type NodeId, type OperationRecord, peekLength, Verb } from '@understudy/wire';

const REGION = 16_384;
/** The clock of the file system goes on between a change and its record. */
const SLACK_MS = 50;

interface Entry {
  readonly root: number;
  readonly region: ActiveRegion;
  last: number;
}

export class ActivityLog {
  readonly #entries = new Map<string, Entry>();
  /** What was made in a region of names: it counts there. */
  readonly #born = new Map<string, string>();
  #newest = 0;
  /** Of the newest operation, ms. */
  #newestMs = 0;

  /** Ring sequence of the newest operation. */
  get newest(): number {
    return this.#newest;
  }

  mark(records: Uint8Array): void {
    for (let at = 0; at < records.length; at += peekLength(records, at)) this.#mark(decodeRecord(records, at));
  }

  /** What is not newer goes. */
  clearThrough(through: number): void {
    for (const [key, { last }] of [...this.#entries]) {
      if (last > through) continue;
      this.#entries.delete(key);
      this.#orphan(key);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#born.clear();
  }

  regionsOf(root: number): ActiveRegion[] {
    return [...this.#entries.values()].filter((entry) => entry.root === root).map(({ region }) => region);
  }

  #mark(r: OperationRecord): void {
    this.#newest = Math.max(this.#newest, r.sequence);
    const beforeMs = this.#newestMs;
    if (r.verb !== Verb.dirty) this.#newestMs = Math.max(beforeMs, r.timeMs);
    switch (r.verb) {
      case Verb.create:
      case Verb.mkdir:
      case Verb.symlink:
      case Verb.mknod:
      case Verb.tmpfile:
        this.#bear(r, this.#names(r, r.parent));
        return;
      case Verb.link:
      case Verb.unlink:
      case Verb.rmdir:
        this.#names(r, r.parent);
        if (r.verb === Verb.link) this.#moved(r.root, r.node);
        return;
      case Verb.rename:
        this.#names(r, r.parent);
        this.#names(r, r.parent2);
        this.#moved(r.root, r.node);
        this.#moved(r.root, r.victim);
        return;
      case Verb.gap:
        this.#enter(r, 'all', { kind: 'all' });
        return;
      case Verb.dirty:
        this.#noted(r, beforeMs);
        return;
      case Verb.cookie:
        return;
      default:
        this.#content(r);
    }
  }

  #content(r: OperationRecord): void {
    const { node, verb, offset, extent } = r;
    const home = this.#born.get(`${r.root}/${node}`);
    if (home !== undefined && this.#touch(home, r)) return;
    if (verb === Verb.write) {
      for (let from = Math.floor(offset / REGION) * REGION; from < offset + Math.max(extent, 1); from += REGION)
        this.#enter(r, `s${node}/${from}`, { kind: 'content', node, from, to: from + REGION });
    } else if (verb === Verb.setattr || verb === Verb.setxattr || verb === Verb.removexattr)
      this.#enter(r, `m${node}`, { kind: 'metadata', node });
    else {
      // Of a truncation it is not told how long the file was, so that all of it counts.
      const from = verb === Verb.fallocate ? Math.floor(offset / REGION) * REGION : 0;
      this.#enter(r, `t${node}/${from}`, { kind: 'content', node, from, to: null });
    }
  }

  /** A ring that was full tells of no more than the file: content or names, since what was told of before. */
  #noted(r: OperationRecord, sinceMs: number): void {
    this.#moved(r.root, r.node);
    this.#enter(r, `t${r.node}/0`, { kind: 'content', node: r.node, from: 0, to: null });
    this.#enter(r, `d${r.node}`, { kind: 'names', node: r.node, sinceMs: sinceMs - SLACK_MS });
  }

  #names(r: OperationRecord, directory: NodeId): string {
    const home = this.#born.get(`${r.root}/${directory}`);
    if (home !== undefined && this.#touch(home, r)) return home;
    return this.#enter(r, `d${directory}`, { kind: 'names', node: directory, sinceMs: r.timeMs - SLACK_MS });
  }

  #bear(r: OperationRecord, home: string): void {
    if (r.node !== NO_NODE) this.#born.set(`${r.root}/${r.node}`, home);
  }

  /** It counts by itself from now on, and so does what was made beneath it. */
  #moved(root: number, node: NodeId): void {
    const home = this.#born.get(`${root}/${node}`);
    if (home === undefined) return;
    this.#orphan(home);
  }

  #orphan(home: string): void {
    for (const [child, of] of [...this.#born]) if (of === home) this.#born.delete(child);
  }

  #touch(key: string, r: OperationRecord): boolean {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.last = r.sequence;
    return entry !== undefined;
  }

  #enter(r: OperationRecord, name: string, region: ActiveRegion): string {
    const key = `${r.root}/${name}`;
    if (!this.#touch(key, r)) this.#entries.set(key, { root: r.root, region, last: r.sequence });
    return key;
  }
}
