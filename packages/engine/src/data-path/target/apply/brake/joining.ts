/**
 * Moments that have grown old become fewer, in all roots at once. In: the moments, the time, turns to work in, checkpoints. Out: stretches
 * joined. Promise: a little at a time; what cannot be joined (no space, damage) stays as it is.
 */
import { FileError } from '../../../../ports.ts';
import { rowToJoin, type Tier } from './coarsen.ts';
import { Join } from './join.ts';
import type { Keeper } from './keeper.ts';
import type { UndoPoint } from './undo-points.ts';

const AT_ONCE = 4 << 20;
/** More than this in one row is left as it is. */
const MOST = 256 << 20;

export class Joining {
  readonly #keepers: () => Iterable<Keeper>;
  #joins: readonly Join[] = [];
  #written = false;
  /** First of a row that could not be joined. */
  readonly #left = new Set<number>();

  constructor(keepers: () => Iterable<Keeper>) {
    this.#keepers = keepers;
  }

  /** The newest moment, which is written on, is not among those that are joined. */
  turn(points: readonly UndoPoint[], nowMs: number, tiers: readonly Tier[]): void {
    if (this.#written) return;
    this.#guarded(() => {
      if (this.#joins.length === 0) this.#joins = this.#begin(points, nowMs, tiers);
      if (this.#joins.length > 0) this.#written = this.#joins.every((join) => join.step(AT_ONCE));
    });
  }

  /** A checkpoint begins: what it returns goes to `synced`. */
  mark(): unknown {
    return this.#written ? this.#joins : null;
  }

  /** Throws FileError where it got stuck half way. */
  synced(ready: unknown): void {
    if (ready === null || ready !== this.#joins) return;
    const joins = this.#joins;
    this.#joins = [];
    this.#written = false;
    for (const join of joins) join.finish();
  }

  giveUp(): void {
    const joins = this.#joins;
    this.#joins = [];
    this.#written = false;
    for (const join of joins) join.giveUp();
  }

  #begin(points: readonly UndoPoint[], nowMs: number, tiers: readonly Tier[]): Join[] {
    const older = points.slice(0, -1);
    const row = rowToJoin(older, nowMs, tiers, (number) => this.#left.has(number));
    const first = row?.[0];
    if (row === null || first === undefined) return [];
    this.#left.add(first);
    const last = row.at(-1) ?? first;
    const end = points.find(({ number }) => number > last)?.number ?? last + 1;
    const rows = [...this.#keepers()].map((keeper) => ({
      keeper,
      row: keeper.generations.all.filter(({ number }) => number >= first && number < end),
    }));
    const bytes = rows.reduce((sum, one) => one.row.reduce((all, { log }) => all + log.length, sum), 0);
    if (bytes > MOST) return [];
    const joins = rows.flatMap(({ keeper, row: [head, ...rest] }) =>
      head === undefined ? [] : [new Join(keeper.files, keeper.generations, [head, ...rest])],
    );
    this.#left.delete(first);
    return joins;
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.giveUp();
    }
  }
}
