/**
 * What a power cut leaves of the logs. In: where the last checkpoint stood. Out: logs that end there. Promise: of what was written behind
 * the checkpoint, which may be there or not as may what it undoes, nothing counts; where no log knows of the checkpoint, none is left.
 */
import { FileError, type ReplicaEntry, type ReplicaFiles } from '../../../../ports.ts';
import { UndoKind, UndoLog } from './undo-log.ts';

/** `logs`: oldest first. Returns those that count; `remove` takes the others away. */
export function cutToCheckpoint(
  files: ReplicaFiles,
  logs: readonly ReplicaEntry[],
  covered: number,
  remove: (log: ReplicaEntry) => void,
): readonly ReplicaEntry[] {
  for (let left = logs.length; left > 0; left -= 1) {
    const newest = logs[left - 1] as ReplicaEntry;
    const end = endOfMark(files, newest, covered);
    if (end !== null) {
      files.truncate(newest.handle, end);
      return logs.slice(0, left);
    }
    remove(newest);
  }
  return [];
}

/** Behind the last mark of that checkpoint; null: there is none. */
function endOfMark(files: ReplicaFiles, { handle }: ReplicaEntry, covered: number): number | null {
  let end: number | null = null;
  try {
    new UndoLog(files, handle, ({ kind, numbers, at, length }) => {
      if (kind === UndoKind.mark && numbers[0] === covered) end = at + length;
    });
  } catch (error) {
    // Half of what came last is no damage.
    if (!(error instanceof FileError)) throw error;
  }
  return end;
}
