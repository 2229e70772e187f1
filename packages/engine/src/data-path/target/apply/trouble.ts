/**
 * An operation that waits to be tried again, and the words for it.
 */
import { printable, type RawName } from '@understudy/base';
import { type Condition, type OperationRecord, RecordError } from '@understudy/wire';
import { FileError } from '../../../ports.ts';

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
export const shown = (path: RawName): string =>
  path === '' ? "the replica's root" : `«${printable(path).slice(0, SHOWN)}»`;

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
