/**
 * What must hold while something is dirty and no mirror is under way: outside of the dirty map the replica is a past of the source.
 * In: the source after each of its calls, the replica's image. Out: the image without what the map speaks for. Left out is more than is
 * dirty, never less: whatever a dirty file was ever called, and of a dirty directory or name all that was ever beneath it, under all of
 * its names: a repair that lists the directory asks for it, and it may still be called otherwise on the replica.
 */
import { rawToText } from '@understudy/base';
import type { DirtyItem } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import type { Pair } from './pair.ts';

/** Links and the first of its names: of a file that is called twice one name may be dirty. */
const bare = (line: string): string => line.replace(/ links \d+/, '').replace(/ as \S+/, '');
const pathOf = (line: string): string => line.slice(0, line.indexOf(' '));

export class OutsideDirty {
  readonly #pair: Pair;
  /** All that each file was ever called, by root. */
  readonly #places: Map<NodeId, Set<string>>[] = [];

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  /** An application's call has been executed. */
  changed(): void {
    for (const [index, { path, files }] of this.#pair.source.roots.entries()) {
      const places = this.#places[index] ?? new Map<NodeId, Set<string>>();
      this.#places[index] = places;
      this.#visit(files.rootNode, rawToText(path), places);
    }
  }

  /** Null: the map may speak for anything, or for nothing. */
  restriction(): ((image: readonly string[]) => string[]) | null {
    const { source } = this.#pair;
    const { runs, path } = source.job;
    if (runs.mirror !== null || !runs.complete || source.job.unrepairable().length > 0) return null;
    const items = path.srm.dirty.items();
    const exact = new Set<string>();
    const beneath: string[] = [];
    for (const item of items) if (!this.#leaveOut(item, exact, beneath)) return null;
    if (items.length === 0) return null;
    const isBeneath = (at: string) => beneath.some((from) => at === from || at.startsWith(`${from}/`));
    this.#follow(beneath, isBeneath);
    const isOut = (at: string) => exact.has(at) || isBeneath(at);
    return (image) => image.filter((line) => !isOut(pathOf(line))).map(bare);
  }

  #leaveOut(item: DirtyItem, exact: Set<string>, beneath: string[]): boolean {
    const places = this.#places[item.root];
    if (places === undefined || item.kind === 'root' || item.kind === 'changed' || item.kind === 'names') return false;
    if (item.kind !== 'entry') {
      for (const place of places.get(item.node) ?? []) {
        exact.add(place);
        if (item.kind === 'node') beneath.push(place);
      }
      return true;
    }
    for (const parent of places.get(item.parent) ?? []) {
      exact.add(parent);
      const name = `${parent}/${rawToText(item.name)}`;
      beneath.push(name);
      // What was once called so, under all of its names.
      for (const called of places.values()) if (called.has(name)) beneath.push(...called);
    }
    return true;
  }

  /** Until nothing more has ever been beneath what is left out. */
  #follow(beneath: string[], isBeneath: (at: string) => boolean): void {
    for (let before = -1; before !== beneath.length; ) {
      before = beneath.length;
      for (const places of this.#places)
        for (const called of places.values()) {
          const others = [...called].filter((at) => !isBeneath(at));
          if (others.length < called.size) beneath.push(...others);
        }
    }
  }

  #visit(node: NodeId, path: string, places: Map<NodeId, Set<string>>): void {
    const known = places.get(node);
    if (known === undefined) places.set(node, new Set([path]));
    else known.add(path);
    for (const entry of this.#pair.fs.list(node) ?? [])
      this.#visit(entry.node, `${path}/${rawToText(entry.name)}`, places);
  }
}
