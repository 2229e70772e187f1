/**
 * An operation that waits to be tried again, and the words for it.
 */
import { printable, type RawName } from '@understudy/base';
import {
  type Condition,
  type NodeId,
  type OperationRecord,
  type Position,
  position,
  RecordError,
  RenameFlag,
  Verb,
} from '@understudy/wire';
import { FileError } from '../../../ports.ts';
import { Sparing } from '../../../sparing.ts';
import type { TargetEvent } from './apply-context.ts';
import { pathTold } from './base64.ts';
import type { Failure } from './untold.ts';

export interface Trouble {
  /** null: the times at the end of a batch. */
  readonly record: OperationRecord | null;
  readonly error: FileError;
  readonly tries: number;
  /** Not before then. */
  readonly atMs: number;
}

/** What the file system or the record itself is to blame for; bugs and the like are passed on. */
export function asFileError(thrown: unknown): FileError {
  if (thrown instanceof FileError) return thrown;
  if (thrown instanceof RecordError) return new FileError('EBADMSG', 'decode', thrown.message);
  throw thrown;
}

/** Paths are at most this long in sentences. */
const SHOWN = 300;
const shown = (path: RawName): string => (path === '' ? "the replica's root" : `«${printable(path).slice(0, SHOWN)}»`);

export function retrying({ record, error }: Trouble, path: RawName): Condition {
  const where = record === null ? 'setting times on the replica' : `an operation on ${shown(path)}`;
  return {
    state: 'retrying',
    code: error.code,
    sentence: `${where} fails with ${error.code}${HINTS[error.code] ?? ''} and is tried again; nothing behind it is applied`,
  };
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: ' (the target is full: free some space there)',
  EDQUOT: ' (a quota on the target is used up: raise it)',
  EROFS: " (the target's file system is read-only: mount it writable)",
  EMFILE: ' (the agent may open no more files: raise its limit)',
  EIO: " (the target's disk reports an error)",
};

/** After an unclean stop. */
export function replaying(to: Position, applied: Position): Condition {
  return {
    state: 'replaying',
    code: 'unclean-stop',
    sentence: `the agent was stopped while it applied operations; the replica is not known good until position ${to} is applied (now ${applied})`,
  };
}

/** What is told of operations that were given up: each to the source, and to people as much as they read. */
export class GivenUp {
  readonly #told = new Sparing();

  /** `first`: a mirror or a repair has begun since the last one. */
  word(record: OperationRecord, error: FileError, path: RawName, first: boolean): Told {
    if (first) this.#told.again();
    const at = position(record.sequence);
    const { root } = record;
    const replies = concerned(record).map(([node, parent]): Failure => {
      return { kind: 'failed', at, root, node, parent, errno: error.code, path: pathTold(path) };
    });
    const count = this.#told.next();
    if (count === null) return { replies, events: [] };
    const what = Sparing.isMany(count)
      ? `${count.toLocaleString('en-US')} operations by now, the last on ${shown(path)},`
      : `an operation on ${shown(path)}`;
    const sentence = `${what} could not be applied (${error.message}); the source sends it again`;
    return { replies, events: [{ kind: 'failed', severity: 'error', at, root, path, sentence }] };
  }
}

interface Told {
  readonly replies: readonly Failure[];
  readonly events: readonly TargetEvent[];
}

/** Each node that the operation was about, with the directory that it concerned: a rename concerns two, and may have been done by half. */
function concerned(record: OperationRecord): (readonly [node: NodeId, parent: NodeId])[] {
  const { verb, node, parent, parent2, victim, detail } = record;
  if (verb !== Verb.rename) return [[node, parent]];
  if ((detail & RenameFlag.exchange) !== 0)
    return [
      [node, parent2],
      [victim, parent],
    ];
  return parent === parent2
    ? [[node, parent2]]
    : [
        [node, parent2],
        [node, parent],
      ];
}
