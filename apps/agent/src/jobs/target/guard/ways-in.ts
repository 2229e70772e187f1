/** Other paths by which a covered directory can still be written. In: the directory. Out: those paths. */
import { accessSync, constants } from 'node:fs';
import type { RawName } from '@understudy/base';
import { below, joined, type Mount, mountAt, mountTable } from '@understudy/filesystem';

/** Throws FileError where the directory is missing. */
export function waysInto(directory: RawName): RawName[] {
  const table = mountTable();
  const { path, inside, mount } = mountAt(directory, table);
  const ways = table
    .filter(({ device }) => device === mount.device)
    .map((each) => wayThrough(each, inside))
    .filter((way) => way !== null && below(way, path) === null && leadsThere(way, inside, table)) as RawName[];
  return [...new Set(ways)];
}

/** Where this mount shows the directory, or the part of it that it has. */
function wayThrough({ root, mountPoint }: Mount, inside: RawName): RawName | null {
  const rest = below(inside, root);
  if (rest !== null) return joined(mountPoint, rest);
  return below(root, inside) === null ? null : mountPoint;
}

/** Something else may be mounted over it, and it may be read-only. */
function leadsThere(way: RawName, inside: RawName, table: readonly Mount[]): boolean {
  try {
    const found = mountAt(way, table);
    if (found.path !== way || below(found.inside, inside) === null) return false;
    accessSync(Buffer.from(way, 'latin1'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
