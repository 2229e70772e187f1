/**
 * What a power cut leaves of a file system in memory. In: the tree as it was synced, and as it was at some moment since. Out: the names
 * and attributes of that moment (a file system's log keeps their order) with contents of which each block is the old or the new one.
 */
import type { Handle } from '../ports.ts';
import { isDirectory, isRegular, type MemoryInode, own, resize } from './memory-inode.ts';

export type Inodes = Map<Handle, MemoryInode>;

const BLOCK = 16;

export function copyInodes(inodes: Inodes): Inodes {
  const copies: Inodes = new Map();
  for (const [handle, inode] of inodes) {
    inode.shared = true;
    copies.set(handle, { ...inode, children: new Map(), xattrs: new Map(inode.xattrs) });
  }
  for (const [handle, inode] of inodes) {
    const copy = copies.get(handle);
    for (const [name, child] of inode.children) {
      const to = copies.get(child.handle);
      if (copy === undefined || to === undefined) continue;
      copy.children.set(name, to);
      if (isDirectory(to)) to.parent = copy;
    }
  }
  return copies;
}

/** `below(n)` draws from 0 to n - 1. */
export function afterPowerCut(synced: Inodes, moment: Inodes, below: (n: number) => number): Inodes {
  const left = copyInodes(moment);
  for (const [handle, inode] of left) {
    if (!isRegular(inode)) continue;
    const old = synced.get(handle)?.data ?? new Uint8Array(0);
    // The size of what was never written out may be the old one as well.
    if (old.length < inode.data.length && below(3) === 0) resize(inode, old.length);
    own(inode);
    for (let at = 0; at < inode.data.length; at += BLOCK) {
      if (below(2) === 0) continue;
      const end = Math.min(at + BLOCK, inode.data.length);
      inode.data.fill(0, at, end);
      inode.data.set(old.subarray(at, Math.min(end, old.length)), at);
    }
  }
  return left;
}
