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
  /** The run begins; detail = MirrorCompare, with MIRROR_REPAIR or MIRROR_GOES_ON added. */
  mirrorBegin: 33,
  /** The listing of directory `parent` begins. */
  listingBegin: 34,
  /** Entry (parent, name) is `node` with these attributes; data = link target for a symbolic link. Extended attributes follow as `xattrs` where ENTRY_HAS_XATTRS is set; otherwise it has none. */
  entry: 35,
  /**
   * The listing is complete: what the target holds in `parent` beyond it is gone on the source, or an orphan. detail = OrphanFate;
   * extent = only orphans last changed before this second (0: all); offset = ms of the run's beginning, which names their folder.
   * The target answers `have`, or `want` where it has forgotten how the listing began. With LISTING_TAKES_NOTHING added to detail, and
   * something there that it would have to take away, it does nothing and answers `differs`, EMPTIED_ROOT.
   */
  listingEnd: 36,
  /** The whole set of extended attributes of node, encoded by `encodeXattrs` in data. */
  xattrs: 37,
  /** Content of node at offset; extent = length; with BLOCK_HOLE a hole and no data. */
  block: 38,
  /** All blocks of node are sent: size, times, mode as given; the node is no longer pending. See SETTLE_ATTRIBUTES. */
  settle: 39,
  /**
   * Digests of node's bytes [offset, offset + extent) at exactly this position (bytes beyond the end count as absent): one of 32 bytes
   * for each block of `detail` bytes, the last of which may be shorter; detail 0: one for all of it. SHA-256, or BLAKE3 with `blake3`.
   */
  check: 40,
  /** As `entry`, only to be compared; at exactly this position. Without parent and name: the root itself. */
  checkEntry: 41,
  /** All of directory `parent` has been checked; what the target holds beyond it differs. */
  checkListingEnd: 42,
  /** detail = 0: the mirror is complete; 1: the verification is complete. */
  mirrorEnd: 43,
  /** Nothing to do: a position to wait for. */
  marker: 44,
  /** (parent, name) left the replication set by a rename, or is gone; what it holds is kept aside, an orphan as detail, extent and offset say (see listingEnd). */
  detach: 45,
  /** node left the replication set; detail = FORGET_IN_PLACE: by other rules, what the target has at (parent, name) stays there. */
  forget: 46,

  /** Ring only: node was changed and the change is not in the ring; detail = a DirtyCause. */
  dirty: 64,
  /** Ring only: interception of the root was not certain up to here. */
  gap: 65,
  /** Ring only: what the agent wrote into the root's audit name; extent = its number. What came before it has been recorded. */
  cookie: 66,
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
  /** `check`: the digests are BLAKE3. */
  blake3: 64,
} as const;

/** Bits of `detail` for setattr. */
export const SetAttribute = { mode: 1, uid: 2, gid: 4, atime: 8, mtime: 16 } as const;
/**
 * `detail` of `dirty`: the ring was full; the source's disk failed a call that may be done in part; it was changed past the mount; a call
 * was taken back because the target could not be waited for.
 */
export const DirtyCause = { ringFull: 0, diskError: 1, pastTheMount: 2, takenBack: 3 } as const;
/** Bits of `detail` for rename: the kernel's RENAME_* values. */
export const RenameFlag = { noReplace: 1, exchange: 2, whiteout: 4 } as const;
/** `detail` of mirrorBegin. */
export const MirrorCompare = { everything: 0, attributes: 1, checksum: 2, verify: 3 } as const;
/** Added to `detail` of mirrorBegin: only parts are repaired. */
export const MIRROR_REPAIR = 64;
/** Added to `detail` of mirrorBegin: what an earlier run of this stream had finished is not said again. */
export const MIRROR_GOES_ON = 32;
/** `detail` of listingEnd and detach: what becomes of files that never came from the source. */
export const OrphanFate = { report: 0, move: 1, delete: 2 } as const;
/** Added to `detail` of listingEnd: the source has nothing in this directory, a root, and a person has to say whether that is meant. */
export const LISTING_TAKES_NOTHING = 16;
/** `what` of the answer to it. */
export const EMPTIED_ROOT = 'root-emptied';
/** `detail` of forget. */
export const FORGET_IN_PLACE = 1;
/** `detail` of entry: of a node that the target knows only the name and the attributes count; its content is looked at elsewhere. */
export const ENTRY_NAMES_ONLY = 1;
/** `detail` of settle: the attributes alone; what of the node was asked for, content or a listing, is still to come. */
export const SETTLE_ATTRIBUTES = 1;
/** Bytes of a digest in `check`, whichever it is. */
export const DIGEST_BYTES = 32;
