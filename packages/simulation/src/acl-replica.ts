/**
 * The replica's file system with access control lists as Linux has them: a list brings the mode along, a mode the list. In: the changes of
 * a replica. Out: the same, whole: an agent dies before both or behind both.
 */
import type { RawName } from '@understudy/base';
import { FileError, type Handle } from '@understudy/engine';
import { MemoryReplica } from '@understudy/engine/testing';
import {
  ACCESS_ACL,
  decodeAcl,
  encodeAcl,
  isModeOnly,
  permissionsOf,
  withPermissions,
} from '@understudy/interceptor/memory';

export class AclReplica extends MemoryReplica {
  override setXattr(handle: Handle, name: RawName, value: Uint8Array): void {
    if (name !== ACCESS_ACL) {
      super.setXattr(handle, name, value);
      return;
    }
    const acl = decodeAcl(value);
    if (acl === null) throw new FileError('EINVAL', 'setxattr');
    super.setXattr(handle, name, value);
    const special = (this.attributes(handle)?.mode ?? 0) & 0o7000;
    this.#along(() => super.setMode(handle, special | permissionsOf(acl)));
    if (isModeOnly(acl)) this.#along(() => super.removeXattr(handle, name));
  }

  override setMode(handle: Handle, mode: number): void {
    super.setMode(handle, mode);
    const value = this.xattrs(handle)?.find(([name]) => name === ACCESS_ACL)?.[1];
    const acl = value === undefined ? null : decodeAcl(value);
    if (acl !== null) this.#along(() => super.setXattr(handle, ACCESS_ACL, encodeAcl(withPermissions(acl, mode))));
  }

  /** Part of a change that has been seen already. */
  #along(change: () => void): void {
    const seen = this.beforeChange;
    this.beforeChange = () => {};
    try {
      change();
    } finally {
      this.beforeChange = seen;
    }
  }
}
