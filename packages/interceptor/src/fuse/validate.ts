/**
 * Whether a directory may be mounted over. In: its path and what is protected already. Out: the place it lies at, or an
 * InterceptorRefusal whose sentence says what would help. Asked before the mount and again after it.
 */
import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs';
import { printable, type RawName, rawFromBytes } from '@understudy/base';
import { InterceptorRefusal } from '@understudy/engine';
import { swapFilesIn } from '../tripwire/swap-files.ts';
import {
  bufferOf,
  FUSE_TYPE,
  innerPath,
  mountHolding,
  mountsOf,
  namespaces,
  otherMounts,
  type SharedMount,
  within,
} from './mounts.ts';
import { commandOf, describeUser, type User, usersOf } from './users.ts';

const FORBIDDEN = ['/etc', '/proc', '/sys', '/dev', '/run', '/var/run'];
/** Their file handles stay with a file for its life and open it again; those of overlay and network file systems may not. */
export const SUPPORTED: readonly string[] = ['ext4', 'xfs', 'btrfs', 'tmpfs'];
const CAP_SYS_ADMIN = 21n;

/** The directory and its file system as they are beneath our mount. */
export interface Place {
  readonly path: RawName;
  readonly device: string;
  readonly inner: string;
  /** Number of the mount it lies on. */
  readonly mountId: number;
  /** Of what is mounted beneath another place: that one, which ours covers first. */
  readonly cover: Place | null;
  /** What lies over it now, and is gone once ours is there. */
  readonly goes: SharedMount | null;
}

export function demandPrivilege(): void {
  const status = readFileSync('/proc/self/status', 'latin1');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  if ((effective & (1n << CAP_SYS_ADMIN)) === 0n)
    throw new InterceptorRefusal(
      'no-privilege',
      'the fuse interceptor needs root (CAP_SYS_ADMIN) to mount; run the agent as root, or use `--intercept watch`',
    );
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch {
    throw new InterceptorRefusal(
      'no-device',
      '/dev/fuse is missing or not accessible; load the kernel module (`modprobe fuse`), or use `--intercept watch`',
    );
  }
}

/** The real path of an existing directory that is in no forbidden place. `home`: what the agent itself writes to. */
export function demandDirectory(directory: RawName, homes: readonly RawName[]): RawName {
  const shown = printable(directory);
  if (!directory.startsWith('/') || directory.includes('\0'))
    throw new InterceptorRefusal('missing', `${shown} is not an absolute path; give one that begins with /`);
  const path = realPath(directory, shown);
  if (!statSync(bufferOf(path)).isDirectory())
    throw new InterceptorRefusal('not-a-directory', `${shown} is not a directory; protect the directory that holds it`);
  if (path === '/' || FORBIDDEN.some((place) => within(path, place)))
    throw new InterceptorRefusal(
      'forbidden-place',
      `${shown} cannot be mounted over; protect the data directories below it, or use \`--intercept watch\``,
    );
  const home = homes.find((each) => within(each, path));
  if (home !== undefined)
    throw new InterceptorRefusal(
      'forbidden-place',
      `${shown} holds the agent’s own files (${printable(home)}); move the agent’s home elsewhere, or protect a directory beside it`,
    );
  demandNoSwap(path);
  return path;
}

/** The kernel writes to a swap file by its blocks: no mount sees that, and a copy of it is worth nothing. */
export function demandNoSwap(path: RawName, swapFiles: readonly RawName[] = swapFilesIn(path)): void {
  const swap = swapFiles[0];
  if (swap === undefined) return;
  throw new InterceptorRefusal(
    'swap-file',
    `${printable(swap)} is in use as a swap file, and what the kernel writes there would pass unseen; ` +
      `put it elsewhere (swapoff, move, swapon), then protect ${printable(path)}`,
  );
}

function realPath(directory: RawName, shown: string): RawName {
  try {
    return rawFromBytes(realpathSync.native(bufferOf(directory), { encoding: 'buffer' }));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
    if (code === 'ENOENT')
      throw new InterceptorRefusal('missing', `${shown} does not exist; create it, then protect it`);
    if (code === 'ENOTDIR')
      throw new InterceptorRefusal('not-a-directory', `${shown} leads through something that is not a directory`);
    throw new InterceptorRefusal('failed', `${shown} cannot be looked at (${code})`);
  }
}

export function demandNoOverlap(path: RawName, roots: readonly RawName[]): void {
  const other = roots.find((root) => within(path, root) || within(root, path));
  if (other === undefined) return;
  const how = within(path, other) ? 'lies beneath' : 'holds';
  throw new InterceptorRefusal(
    'overlaps',
    `${printable(path)} ${how} ${printable(other)}, which is protected already; use that one, or release it first`,
  );
}

/** What the mounts say: which file system, and no other way to the same files. What is mounted beneath it: nested.ts. */
export function demandOneMount(path: RawName, goes: SharedMount | null = null): Place {
  const shown = printable(path);
  const mounts = mountsOf('self');
  const holding = goes === null ? mountHolding(mounts, path) : (mounts.find(({ id }) => id === goes.parentId) ?? null);
  if (holding === null) throw new InterceptorRefusal('failed', `no mount holds ${shown}`);
  if (holding.type === FUSE_TYPE)
    throw new InterceptorRefusal(
      'already-mounted',
      `${shown} is protected by another agent already (${printable(holding.mountPoint)}); release it there first`,
    );
  if (!SUPPORTED.includes(holding.type))
    throw new InterceptorRefusal(
      'unsupported-file-system',
      `${shown} lies on ${holding.type}; the fuse interceptor supports ${SUPPORTED.join(', ')}, use \`--intercept watch\``,
    );
  const inner = innerPath(holding, path);
  const place = { path, device: holding.device, inner, mountId: holding.id, cover: null, goes };
  demandNoOtherWay(place);
  return place;
}

/** Our own mount, once it is there, has another device and is no way past itself. */
export function demandNoOtherWay(place: Place): void {
  const all = namespaces();
  const holding = all[0]?.mounts.find((mount) => mount.id === place.mountId);
  if (holding === undefined)
    throw new InterceptorRefusal('other-mount', `${printable(place.path)} was mounted elsewhere meanwhile; try again`);
  const coverMount = all[0]?.mounts.find((mount) => mount.id === place.cover?.mountId);
  const cover =
    place.cover !== null && coverMount !== undefined ? { holding: coverMount, inner: place.cover.inner } : null;
  const other = otherMounts(all, holding, place.inner, cover).find(
    ([{ own }, mount]) => !isGoing(own, mount, place.goes),
  );
  if (other === undefined) return;
  const [namespace, mount] = other;
  const where = namespace.own
    ? ''
    : ` (in the mount namespace of process ${namespace.pid}, ${commandOf(namespace.pid)})`;
  throw new InterceptorRefusal(
    'other-mount',
    `${printable(mount.mountPoint)}${where} shows the files of ${printable(place.path)} too, and writes there would pass unseen; unmount it`,
  );
}

/** The cover, or what it was passed on to in other namespaces, where it goes with it. */
function isGoing(own: boolean, mount: SharedMount, goes: SharedMount | null): boolean {
  if (goes === null) return false;
  return (own && mount.id === goes.id) || (goes.shared !== null && mount.shared === goes.shared);
}

const WHAT: Record<User['how'], [InterceptorRefusal['code'], string]> = {
  'open-for-writing': ['open-for-writing', 'holds open for writing'],
  'mapped-for-writing': ['mapped-for-writing', 'has mapped for writing'],
  'working-directory': ['working-directory', 'has as its working directory'],
  open: ['open-for-writing', 'holds open'],
};

/** Nobody may write past the mount that is to come. `except`: our own processes. */
export function demandNoUsers(place: Place, except: readonly number[]): void {
  const users = usersOf({ device: place.device, inner: place.inner, readers: false, except });
  const first = users[0];
  if (first === undefined) return;
  const [code, verb] = WHAT[first.how];
  const more = users.length > 1 ? `; so do: ${users.slice(1, 6).map(describeUser).join(', ')}` : '';
  throw new InterceptorRefusal(
    code,
    `process ${first.pid} (${first.command}) ${verb} ${printable(first.path)}, and what it writes would pass unseen; ` +
      `stop it, protect ${printable(place.path)}, then start it again${more}`,
  );
}
