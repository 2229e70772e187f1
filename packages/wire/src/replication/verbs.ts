/** The words of a record: what applications do, what the mirror and verification say, what the ring notes. */

/** Numbers are never reused. 1–31 are what applications do, 32–63 what the mirror and verification say, 64+ the ring's own. */
export const Verb = {
  /** Regular file. node, parent, name, attributes. */
  create: 1,
  mkdir: 2,
  /** data = target path. */
  symlink: 3,
  /** FIFO, device, socket: mode and rdev. */
  mknod: 4,
  /** node gains the name (parent, name). A node made by `tmpfile` gets its first name so. */
  link: 5,
  /** (parent, name) is gone; node = victim = what it named, victimNlink what is left (0: the node is gone). */
  unlink: 6,
  rmdir: 7,
  /** node moved from (parent, name) to (parent2, name2); victim = what the new name held before (0: nothing), victimNlink what is left of it. detail = RENAME_* flags; with exchange, victim is the other node and goes to (parent, name). */
  rename: 8,
  /** offset, data; extent = data length. */
  write: 9,
  /** extent = new size. */
  truncate: 10,
  /** detail = fallocate(2) mode (punch hole, zero, collapse, insert, keep size …), offset, extent = length. */
  fallocate: 11,
  /** detail = mask of SetAttribute bits; the values are the record's attributes. */
  setattr: 12,
  /** name = attribute name, data = value. POSIX ACLs come as system.posix_acl_*. */
  setxattr: 13,
  removexattr: 14,
  /** A file without a name (O_TMPFILE); `link` may name it later. */
  tmpfile: 15,

  /** A protected root: root index, node = its directory, data = its path on the source; attributes. */
  root: 32,
  /** The run begins; detail = MirrorCompare. */
  mirrorBegin: 33,
  /** The listing of directory `parent` begins. */
  listingBegin: 34,
  /** Entry (parent, name) is `node` with these attributes; data = link target for a symbolic link. Extended attributes follow as `xattrs` where ENTRY_HAS_XATTRS is set; otherwise it has none. */
  entry: 35,
  /** The listing is complete: what the target holds in `parent` beyond it is gone on the source, or an orphan. */
  listingEnd: 36,
  /** The whole set of extended attributes of node, encoded by `encodeXattrs` in data. */
  xattrs: 37,
  /** Content of node at offset; extent = length; with BLOCK_HOLE a hole and no data. */
  block: 38,
  /** All blocks of node are sent: size, times, mode as given; the node is no longer pending. */
  settle: 39,
  /** data = SHA-256 of node's bytes [offset, offset + extent) at exactly this position (bytes beyond the end count as absent). */
  check: 40,
  /** As `entry`, only to be compared; at exactly this position. */
  checkEntry: 41,
  /** All of directory `parent` has been checked; what the target holds beyond it differs. */
  checkListingEnd: 42,
  /** detail = 0: the mirror is complete; 1: the verification is complete. */
  mirrorEnd: 43,
  /** Nothing to do: a position to wait for. */
  marker: 44,
  /** (parent, name) left the replication set by a rename; what it holds is kept aside. */
  detach: 45,
  /** node left the replication set. */
  forget: 46,

  /** Ring only: node was changed and the change is not in the ring (it was full). */
  dirty: 64,
  /** Ring only: interception of the root was not certain up to here. */
  gap: 65,
} as const;
export type Verb = (typeof Verb)[keyof typeof Verb];

/** Bits of `flags`. */
export const RecordFlag = {
  /** The operation changed mode (setuid cleared …): apply `mode` too. */
  modeChanged: 1,
  /** `write` came from write-back of a memory mapping. */
  mapped: 2,
  entryHasXattrs: 4,
  blockHole: 8,
  /** `check`/`checkEntry` belong to a verification; without it to a checksum mirror. */
  verify: 16,
  /** `entry`: the content of this file, or the listing of this directory, follows in any case; the target need not ask for it. */
  contentFollows: 32,
} as const;

/** Bits of `detail` for setattr. */
export const SetAttribute = { mode: 1, uid: 2, gid: 4, atime: 8, mtime: 16 } as const;
/** Bits of `detail` for rename: the kernel's RENAME_* values. */
export const RenameFlag = { noReplace: 1, exchange: 2, whiteout: 4 } as const;
/** `detail` of mirrorBegin. */
export const MirrorCompare = { everything: 0, attributes: 1, checksum: 2, verify: 3 } as const;
