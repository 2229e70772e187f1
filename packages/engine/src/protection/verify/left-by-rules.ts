/**
 * Whether a name on the target is one that earlier rules of the job took in and those of now leave out: what the target has of it stays
 * there, the mirror that came with the new rules has told of it, and it is no difference. In: the target's word of a name that was not
 * checked. Out: yes, or no, as a mirror would find: what the source does not have any more either is an orphan like any other.
 */
import type { RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import { FileError } from '../../ports.ts';
import { DIRECTORY, typeOf } from '../mirror/entry-sender.ts';
import type { MirrorRoot } from '../mirror/world.ts';

export function leftByRules({ files, scope }: MirrorRoot, parent: NodeId, name: RawName): boolean {
  if (!scope.stays(parent, name, true) && !scope.stays(parent, name, false)) return false;
  try {
    const entry = files.entry(parent, name);
    if (entry === null) return false;
    const isDirectory = typeOf(entry.attributes.mode) === DIRECTORY;
    return !scope.wants(parent, name, isDirectory) && scope.stays(parent, name, isDirectory);
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
}
