/**
 * A mount namespace as the tree that it is. In: the mounts of one namespace, each with the number of the one it is mounted on.
 * Out: which mount a path leads to, which can be seen beneath a directory, and which ours hides. Pure.
 * Two mounts may share a place, and one mounted further up hides what was mounted further down: only the tree tells, not the order.
 */
import type { Mount } from '@understudy/filesystem';

/** `path` is `directory` or beneath it. */
export function within(path: string, directory: string): boolean {
  return path === directory || directory === '/' || path.startsWith(`${directory}/`);
}

/** The mounts that a walk to `path` passes, from the root's to the one that holds it; empty where none does. */
export function walk<M extends Mount>(mounts: readonly M[], path: string): M[] {
  const ids = new Set(mounts.map((mount) => mount.id));
  const passed: M[] = [];
  const on = (mount: M): number | null =>
    ids.has(mount.parentId) && mount.parentId !== mount.id ? mount.parentId : null;
  for (;;) {
    const last = passed.at(-1)?.id ?? null;
    let next: M | null = null;
    // Of those on the same mount the walk meets the shortest place first; what lies deeper on that mount is hidden by it.
    for (const mount of mounts)
      if (on(mount) === last && within(path, mount.mountPoint) && !passed.includes(mount))
        if (next === null || mount.mountPoint.length <= next.mountPoint.length) next = mount;
    if (next === null) return passed;
    passed.push(next);
  }
}

/** The mount on which `path` lies; null where no mount holds it. */
export function mountHolding<M extends Mount>(mounts: readonly M[], path: string): M | null {
  return walk(mounts, path).at(-1) ?? null;
}

/** What can be seen mounted beneath `directory`, outermost first; of several at one place the topmost. */
export function mountedBeneath<M extends Mount>(mounts: readonly M[], directory: string): M[] {
  return mounts
    .filter((mount) => mount.mountPoint !== directory && within(mount.mountPoint, directory))
    .filter((mount) => mountHolding(mounts, mount.mountPoint) === mount)
    .sort((a, b) => a.mountPoint.length - b.mountPoint.length);
}

/** A mount of this type lies over it, so that no path leads to it. */
export function hiddenBy<M extends Mount>(mounts: readonly M[], mount: M, type: string): boolean {
  const passed = walk(mounts, mount.mountPoint);
  return !passed.includes(mount) && passed.some((each) => each.type === type);
}

/** The same file system at the same place, hidden by a mount of this type: what was there before is attached on top again. */
export function twinOf<M extends Mount>(mounts: readonly M[], mount: M, type: string): M | null {
  const same = (each: M) =>
    each.id !== mount.id &&
    each.device === mount.device &&
    each.root === mount.root &&
    each.mountPoint === mount.mountPoint;
  return mounts.find((each) => same(each) && hiddenBy(mounts, each, type)) ?? null;
}
