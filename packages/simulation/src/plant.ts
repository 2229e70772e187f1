/**
 * Differences as somebody who writes into a replica makes them. In: a pair at rest. Out: how many were planted, each of them one that a
 * comparison must find.
 */
import { type RawName, rawFromText } from '@understudy/base';
import type { Handle, ReplicaEntry, ReplicaFiles } from '@understudy/engine';
import type { Pair } from './pair.ts';
import type { SeededRandom } from './random.ts';

const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const TYPE = 0o170000;

interface Spot {
  readonly parent: Handle;
  readonly entry: ReplicaEntry;
}

type Plant = (files: ReplicaFiles, spot: Spot) => boolean;

const isRegular = ({ attributes }: ReplicaEntry): boolean => (attributes.mode & TYPE) === REGULAR;

const PLANTS: readonly Plant[] = [
  // A byte in the middle, which leaves no trace in the times.
  (files, { entry }) => {
    if (!isRegular(entry) || entry.attributes.size === 0) return false;
    const at = entry.attributes.size >> 1;
    const byte = files.read(entry.handle, at, 1)?.[0] ?? 0;
    const { mtimeSec, mtimeNsec } = entry.attributes;
    const xattrs = files.xattrs(entry.handle) ?? [];
    files.write(entry.handle, at, Uint8Array.of(byte ^ 255));
    for (const [name, value] of xattrs) files.setXattr(entry.handle, name, value);
    files.setMtime(entry.handle, mtimeSec, mtimeNsec);
    return true;
  },
  (files, { entry }) => {
    if (!isRegular(entry)) return false;
    files.truncate(entry.handle, entry.attributes.size + 5000);
    return true;
  },
  (files, { entry }) => {
    if ((entry.attributes.mode & TYPE) === 0o120000) return false;
    files.setMode(entry.handle, (entry.attributes.mode & 0o7777) ^ 0o010);
    return true;
  },
  (files, { entry }) => {
    files.setXattr(entry.handle, rawFromText('user.planted'), Uint8Array.of(1));
    return true;
  },
  (files, { parent, entry }) => {
    if (!isRegular(entry) || entry.attributes.nlink > 1) return false;
    files.unlink(parent, entry.name);
    return true;
  },
  (files, { parent, entry }) => {
    if ((entry.attributes.mode & TYPE) === DIRECTORY) return false;
    const name = `${entry.name}-moved` as RawName;
    if (files.entry(parent, name) !== null) return false;
    files.rename(parent, entry.name, parent, name, 'no-replace');
    return true;
  },
  (files) => {
    const now = files.attributes(files.root);
    if (now !== null) files.setMode(files.root, (now.mode & 0o7777) ^ 0o010);
    return now !== null;
  },
];

/** One at most: two might take each other back. */
export function plantDifferences(pair: Pair, random: SeededRandom): number {
  // What rules of before have left there nobody looks at.
  if (pair.rules.version > 0) return 0;
  for (let tries = random.below(4); tries > 0; tries -= 1) {
    const files = random.pick(pair.target.replicas);
    const spot = files === undefined ? undefined : random.pick(spots(files, files.root));
    const plant = random.pick(PLANTS);
    if (files === undefined || spot === undefined || plant === undefined) continue;
    if (pair.target.disk.untouched(() => plant(files, spot))) return 1;
  }
  return 0;
}

function spots(files: ReplicaFiles, parent: Handle): Spot[] {
  return (files.list(parent) ?? []).flatMap((entry) => {
    const inner = (entry.attributes.mode & TYPE) === DIRECTORY ? spots(files, entry.handle) : [];
    return [{ parent, entry }, ...inner];
  });
}
