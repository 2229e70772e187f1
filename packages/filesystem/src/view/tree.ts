/**
 * view: a tree that is made up and never changes, shown at a directory as a read-only file system. In: a tree to be asked, a directory.
 * Out: the tree mounted there. Promise: the tree is asked between other work of this thread and never within it; nothing can be changed
 * through the mount; when it is closed it is gone, and what a killed process left can be found and taken away.
 */
import type { RawName } from '@understudy/base';
import type { Attributes, Xattr } from '@understudy/wire';

/** Which file of the tree: any text that is its own. */
export type ViewKey = string;

/** Throws FileError for what cannot be shown; null: no such thing. */
export interface ViewTree {
  readonly root: ViewKey;
  attributes(key: ViewKey): Attributes | null;
  entry(parent: ViewKey, name: RawName): ViewKey | null;
  /** Always the same names, in any order. */
  list(directory: ViewKey): readonly { readonly name: RawName; readonly key: ViewKey }[] | null;
  /** Fewer bytes only at the end of the file. */
  read(key: ViewKey, offset: number, length: number): Uint8Array | null;
  readLink(key: ViewKey): Uint8Array | null;
  xattrs(key: ViewKey): readonly Xattr[] | null;
}
