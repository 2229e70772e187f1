/** Which mount a path leads to, and where on its file system that is. In: paths of directories. Out: facts, as the kernel has them now. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { brand, type RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { type Mount, mountTable } from './mount-table.ts';
import { realPathRaw } from './process.ts';

export interface MountAt {
  /** The path without symbolic links. */
  readonly path: RawName;
  readonly mount: Mount;
  /** Of the directory, from the file system's own root. */
  readonly inside: RawName;
}

const O_PATH_DIRECTORY = 0o10000000 | 0o200000;

/** Throws FileError: ENOENT where nothing is there, ESRCH where the mount is not in this process's table (another root directory). */
export function mountAt(path: RawName, table: readonly Mount[] = mountTable()): MountAt {
  const real = realPathRaw(path);
  const id = mountIdOf(real);
  const mount = table.find((each) => each.id === id);
  const inside = mount === undefined ? null : insideOf(mount, real);
  if (mount === undefined || inside === null)
    throw new FileError('ESRCH', 'mountinfo', 'the mount that holds it is not in the table of mounts');
  return { path: real, mount, inside };
}

function mountIdOf(path: RawName): number {
  let fd: number;
  try {
    fd = openSync(Buffer.from(path, 'latin1'), O_PATH_DIRECTORY);
  } catch (error) {
    throw new FileError(error instanceof Error && 'code' in error ? String(error.code) : 'EIO', 'openat');
  }
  try {
    return Number(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? -1);
  } finally {
    closeSync(fd);
  }
}

/** What `path`, seen through this mount, is called on the file system; null: it does not lie there. */
export function insideOf(mount: Pick<Mount, 'root' | 'mountPoint'>, path: RawName): RawName | null {
  const rest = below(path, mount.mountPoint);
  return rest === null ? null : joined(mount.root, rest);
}

/** The rest behind `top` with its slash, empty for `top` itself; null: it lies elsewhere. */
export function below(path: RawName, top: RawName): string | null {
  const stem = top === '/' ? '' : top;
  if (path === top) return '';
  return path.startsWith(`${stem}/`) ? path.slice(stem.length) : null;
}

export const joined = (top: RawName, rest: string): RawName =>
  brand<RawName>(top === '/' && rest !== '' ? rest : `${top}${rest}`);
