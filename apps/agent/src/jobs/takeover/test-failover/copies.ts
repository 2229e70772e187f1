/**
 * The writable copy that services are tried on. In: a replica. Out: directories that show it as it was at one position, and where services
 * look for each. Two ways: blocks shared with the replica (`reflink`), or a view of its newest kept moment with a layer over it (`view`).
 * Promised: the replica is read only; nothing is applied to it for as long as sharing its blocks takes, and no longer.
 */
import { brand, type RawName } from '@understudy/base';
import type { TestFailover } from '@understudy/wire';
import { liesWithin } from '../../../rules/index.ts';
import type { TargetHand } from '../../target/target-hand.ts';
import type { ShownCopy } from './namespace.ts';
import { type CopyPair, reflink, remove, settle, testPlace, whyNoReflink } from './reflink-copy.ts';

/** One directory of a replica. */
export interface CopiedRoot {
  readonly replica: RawName;
  /** Where it lies on the source. */
  readonly source: RawName;
  /** `.understudy-JOB` on the same file system. */
  readonly kept: RawName;
}

/** Moments of a replica that can be shown. */
export interface ShownPast {
  /** Null: the newest can be shown; otherwise why not. */
  whyNot(): string | null;
  /** Each directory at the path it has on the source, beneath this one. Throws with a sentence. */
  show(directory: RawName): Promise<{ readonly sourceMs: number; readonly position: number }>;
  end(directory: RawName): Promise<void>;
}

export interface CopiedReplica {
  readonly roots: readonly CopiedRoot[];
  readonly hand: Pick<TargetHand, 'hold' | 'facts'>;
  readonly past: ShownPast | null;
}

export interface MadeCopies extends Pick<TestFailover, 'position' | 'point' | 'copy' | 'heldMs'> {
  readonly shown: readonly ShownCopy[];
  /** What is more than directories; nobody uses it any more. */
  end(): Promise<void>;
}

export interface Copier {
  /** Null: it can copy this one; otherwise why not. */
  whyNot(replica: CopiedReplica): Promise<string | null>;
  /** Rejects with a sentence; then nothing is left but the directories that `leavesOf` names. `view`: an empty directory. */
  make(replica: CopiedReplica, view: RawName): Promise<MadeCopies>;
}

/** Longer than this the recovery point must not stand for a test. */
const MOST_HELD_MS = 15_000;

/** A directory within another is copied with it. */
const outermost = (roots: readonly CopiedRoot[]): CopiedRoot[] =>
  roots.filter(
    ({ replica }) => !roots.some((other) => other.replica !== replica && liesWithin(replica, other.replica)),
  );

/** What is made, known before it is. */
export const leavesOf = (roots: readonly CopiedRoot[]): RawName[] =>
  outermost(roots).map(({ kept }, index) => testPlace(kept, index));

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(Math.floor(ms)).toISOString());

export const reflinkCopier: Copier = {
  whyNot: async ({ roots }) => {
    for (const { kept } of outermost(roots)) {
      const why = await whyNoReflink(kept);
      if (why !== null) return why;
    }
    return null;
  },
  make: async ({ roots, hand }) => {
    const outer = outermost(roots);
    const pairs = outer.map(({ replica, kept }, index): CopyPair => {
      const without = brand<RawName>(kept.slice(kept.lastIndexOf('/') + 1));
      return { from: replica, to: testPlace(kept, index), without };
    });
    await remove(pairs.map(({ to }) => to));
    await settle(pairs);
    const began = performance.now();
    const goOn = hand.hold();
    try {
      const { applied, appliedMs } = hand.facts();
      await reflink(pairs, MOST_HELD_MS);
      const shown = pairs.map(({ to }, index): ShownCopy => ({ copy: to, at: outer[index]?.source ?? to }));
      const heldMs = Math.round(performance.now() - began);
      return {
        shown,
        position: String(applied),
        point: iso(appliedMs),
        copy: 'reflink',
        heldMs,
        end: async () => undefined,
      };
    } finally {
      goOn();
    }
  },
};

export const viewCopier: Copier = {
  whyNot: async ({ past }) => (past === null ? 'no moments of it are kept that could be shown' : past.whyNot()),
  make: async ({ roots, past }, view) => {
    if (past === null) throw new Error('no moments of it are kept that could be shown');
    await remove(leavesOf(roots));
    const { sourceMs, position } = await past.show(view);
    const shown = outermost(roots).map(
      ({ source, kept }, index): ShownCopy => ({
        lower: brand<RawName>(`${view}${source}`),
        upper: testPlace(kept, index),
        at: source,
      }),
    );
    return {
      shown,
      position: String(position),
      point: iso(sourceMs),
      copy: 'view',
      heldMs: 0,
      end: () => past.end(view),
    };
  },
};
