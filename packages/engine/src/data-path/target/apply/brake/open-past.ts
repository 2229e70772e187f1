/**
 * A moment of all roots of a job, held for as long as somebody looks at it. In: the moment. Out: each root as it was. Promise: it is not let
 * go of before `close`, unless the replica's disk is full; then `isKept` says so.
 */
import { Past } from './past.ts';
import type { UndoJournal } from './undo-journal.ts';
import type { UndoPoint } from './undo-points.ts';

export interface OpenPast {
  readonly point: UndoPoint;
  readonly roots: ReadonlyMap<number, Past>;
  readonly isKept: boolean;
  close(): void;
}

/** Throws FileError where what was kept is damaged. */
export function openPast(undo: UndoJournal, point: UndoPoint): OpenPast {
  const { number } = point;
  const roots = new Map<number, Past>();
  undo.pin(number);
  const close = (): void => {
    for (const past of roots.values()) past.close();
    undo.unpin(number);
  };
  try {
    for (const [index, keeper] of undo.keepers) roots.set(index, new Past(keeper, number));
  } catch (error) {
    close();
    throw error;
  }
  return {
    point,
    roots,
    get isKept() {
      return [...roots.values()].every((past) => past.isKept);
    },
    close,
  };
}
