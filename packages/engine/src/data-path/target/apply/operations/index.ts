/**
 * The verbs, one file each. In: a record and what it finds. Out: the post-state of the record on the replica, established so that doing
 * it again, in whole or in part, does no harm. Throws FileError where it cannot be.
 */
import { Verb } from '@understudy/wire';
import type { Operation } from '../apply-context.ts';
import { block } from './block.ts';
import { check } from './check.ts';
import { checkEntry } from './check-entry.ts';
import { checkListingEnd } from './check-listing-end.ts';
import { create } from './create.ts';
import { detach } from './detach.ts';
import { entry } from './entry.ts';
import { fallocate } from './fallocate.ts';
import { forget } from './forget.ts';
import { link } from './link.ts';
import { listingBegin } from './listing-begin.ts';
import { listingEnd } from './listing-end.ts';
import { mkdir } from './mkdir.ts';
import { mknod } from './mknod.ts';
import { removexattr } from './removexattr.ts';
import { rename } from './rename.ts';
import { rmdir } from './rmdir.ts';
import { root } from './root.ts';
import { setattr } from './setattr.ts';
import { settle } from './settle.ts';
import { setxattr } from './setxattr.ts';
import { symlink } from './symlink.ts';
import { tmpfile } from './tmpfile.ts';
import { truncate } from './truncate.ts';
import { unlink } from './unlink.ts';
import { write } from './write.ts';
import { xattrs } from './xattrs.ts';

export { shiftsContent } from './fallocate.ts';
export { marker } from './marker.ts';
export { mirrorBegin } from './mirror-begin.ts';
export { mirrorEnd } from './mirror-end.ts';

/** They belong to no root: the manager deals with them. `dirty`, `gap` and `cookie` never leave the source. */
type RootlessVerb =
  | typeof Verb.mirrorBegin
  | typeof Verb.mirrorEnd
  | typeof Verb.marker
  | typeof Verb.dirty
  | typeof Verb.gap
  | typeof Verb.cookie;

export const ROOT_OPERATIONS: Record<Exclude<Verb, RootlessVerb>, Operation> = {
  [Verb.create]: create,
  [Verb.mkdir]: mkdir,
  [Verb.symlink]: symlink,
  [Verb.mknod]: mknod,
  [Verb.link]: link,
  [Verb.unlink]: unlink,
  [Verb.rmdir]: rmdir,
  [Verb.rename]: rename,
  [Verb.write]: write,
  [Verb.truncate]: truncate,
  [Verb.fallocate]: fallocate,
  [Verb.setattr]: setattr,
  [Verb.setxattr]: setxattr,
  [Verb.removexattr]: removexattr,
  [Verb.tmpfile]: tmpfile,
  [Verb.root]: root,
  [Verb.listingBegin]: listingBegin,
  [Verb.entry]: entry,
  [Verb.listingEnd]: listingEnd,
  [Verb.xattrs]: xattrs,
  [Verb.block]: block,
  [Verb.settle]: settle,
  [Verb.check]: check,
  [Verb.checkEntry]: checkEntry,
  [Verb.checkListingEnd]: checkListingEnd,
  [Verb.detach]: detach,
  [Verb.forget]: forget,
};
