/** A place on the source as people write it, as far as it can be found out. */
import { printable, type RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import { FileError, type SourceFiles } from '../ports.ts';

export function pathForPeople(files: SourceFiles | undefined, node: NodeId, name?: RawName | undefined): string {
  let path: RawName | null = null;
  try {
    path = files?.pathOf(node) ?? null;
  } catch (error) {
    // A path for people must not fail what it only describes.
    if (!(error instanceof FileError)) throw error;
  }
  const place = path === null ? `node ${node}` : printable(path);
  return name === undefined ? place : `${place}/${printable(name)}`;
}
