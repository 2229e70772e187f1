/**
 * The whole set of a file's extended attributes.
 */
import { bytesEqual, type RawName } from '@understudy/base';
import type { OperationRecord, Xattr } from '@understudy/wire';
import { FileError, type Handle } from '../../../ports.ts';
import { type ApplyContext, contradiction, tell } from './apply-context.ts';

/** The label of the target's own security policy; it may not take the source's, and never loses its own. */
export const SELINUX = 'security.selinux' as RawName;

/** Sets one; a label that the target's policy does not take is told, not failed. */
export function setOne(record: OperationRecord, context: ApplyContext, handle: Handle, [name, value]: Xattr): void {
  try {
    context.root.files.setXattr(handle, name, value);
  } catch (error) {
    if (!(error instanceof FileError && error.code === 'EOPNOTSUPP' && name === SELINUX)) throw error;
    tell(record, context, {
      kind: 'not-supported',
      severity: 'information',
      sentence: 'the target keeps no SELinux labels; the label of this file was left out',
    });
  }
}

/** Makes the set exactly `wanted`, touching what differs. */
export function makeExact(
  record: OperationRecord,
  context: ApplyContext,
  handle: Handle,
  wanted: readonly Xattr[],
): void {
  const present = context.root.files.xattrs(handle);
  if (present === null) throw contradiction('setxattr', 'the file is gone');
  const names = new Set(wanted.map(([name]) => name));
  for (const [name] of present) if (!names.has(name) && name !== SELINUX) context.root.files.removeXattr(handle, name);
  const values = new Map(present);
  for (const xattr of wanted) {
    const value = values.get(xattr[0]);
    if (value === undefined || !bytesEqual(value, xattr[1])) setOne(record, context, handle, xattr);
  }
}

/** Names that differ between two sets. */
export function differences(a: readonly Xattr[], b: readonly Xattr[]): RawName[] {
  const values = new Map(b);
  const differing: RawName[] = [];
  for (const [name, value] of a) {
    const other = values.get(name);
    values.delete(name);
    if (name !== SELINUX && (other === undefined || !bytesEqual(value, other))) differing.push(name);
  }
  for (const name of values.keys()) if (name !== SELINUX) differing.push(name);
  return differing;
}
