/** What a mirror or a verification needs of the job it belongs to, and the words they share. */
import type { RawName } from '@understudy/base';
import type { NodeId, Position, RecordInput } from '@understudy/wire';
import type { RootScope } from '../../data-path/source/queue/root-scope.ts';
import type { MarkOutcome } from '../../data-path/source-path.ts';
import type { Barrier, DigestName, SourceFiles } from '../../ports.ts';

export interface MirrorRoot {
  readonly index: number;
  readonly path: Uint8Array;
  readonly files: SourceFiles;
  readonly scope: RootScope;
}

/** What a mirror needs of the job it belongs to. */
export interface MirrorWorld {
  readonly roots: ReadonlyMap<number, MirrorRoot>;
  wallMs(): number;
  /** SAFE2: nobody has said that a root in which there is nothing is meant. */
  asksIfEmpty(): boolean;
  /** The digest that both sides can make, of these bytes. */
  hash(bytes: Uint8Array): Uint8Array;
  digestName(): DigestName;
  say(input: RecordInput): void;
  /** What is said from now on gets this position, or a later one. */
  next(): Position;
  mark(settle: (outcome: MarkOutcome) => void): void;
  barrier(): Barrier;
  passed(barrier: Barrier): boolean;
  /** A file that cannot be read: it is named, and the replica is not complete without it. */
  unreadable(root: number, node: NodeId, why: string, name?: RawName | undefined): void;
}

/** When to call again. */
export type Urgency = 'now' | 'soon' | 'idle';

export interface ContentTask {
  readonly root: number;
  readonly node: NodeId;
  readonly how: 'send' | 'check';
  /** start, end, start, end …; null: all of it. */
  readonly ranges: readonly number[] | null;
  /** Pieces of work that in-flight.ts counts and that are done with it. */
  readonly pieces: number;
  /** It is one of the files of the total. */
  readonly counts: boolean;
}
