/**
 * POSIX access control lists as extended attributes carry them, and what they and a mode have in common.
 * In: values of system.posix_acl_access, modes. Out: the one as the other says it. Promised: as Linux has it, where a list is checked no
 * further than that it has its owner, its group and the others.
 */
import { type RawName, rawFromText } from '@understudy/base';

export const ACCESS_ACL: RawName = rawFromText('system.posix_acl_access');
export const DEFAULT_ACL: RawName = rawFromText('system.posix_acl_default');

export const AclTag = { owner: 1, user: 2, group: 4, namedGroup: 8, mask: 16, others: 32 } as const;

export interface AclEntry {
  readonly tag: number;
  /** Three bits. */
  readonly permissions: number;
  /** Of a named user or group. */
  readonly id?: number;
}

const VERSION = 2;
const HEADER = 4;
const ENTRY = 8;
const NO_ID = 0xffff_ffff;

export function encodeAcl(entries: readonly AclEntry[]): Uint8Array {
  const bytes = new Uint8Array(HEADER + entries.length * ENTRY);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VERSION, true);
  for (const [index, { tag, permissions, id = NO_ID }] of entries.entries()) {
    view.setUint16(HEADER + index * ENTRY, tag, true);
    view.setUint16(HEADER + index * ENTRY + 2, permissions, true);
    view.setUint32(HEADER + index * ENTRY + 4, id, true);
  }
  return bytes;
}

/** Null: that is no list. */
export function decodeAcl(value: Uint8Array): readonly AclEntry[] | null {
  if (value.length < HEADER || (value.length - HEADER) % ENTRY !== 0) return null;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  if (view.getUint32(0, true) !== VERSION) return null;
  const entries: AclEntry[] = [];
  for (let at = HEADER; at < value.length; at += ENTRY)
    entries.push({
      tag: view.getUint16(at, true),
      permissions: view.getUint16(at + 2, true),
      id: view.getUint32(at + 4, true),
    });
  const has = (tag: number) => entries.filter((entry) => entry.tag === tag).length === 1;
  return has(AclTag.owner) && has(AclTag.group) && has(AclTag.others) ? entries : null;
}

const MODE_ONLY: ReadonlySet<number> = new Set([AclTag.owner, AclTag.group, AclTag.others]);

/** It says no more than a mode does: no file system keeps it. */
export const isModeOnly = (entries: readonly AclEntry[]): boolean => entries.every(({ tag }) => MODE_ONLY.has(tag));

/** The nine bits of a mode that the list stands for: where there is a mask it is what the group's bits show. */
export function permissionsOf(entries: readonly AclEntry[]): number {
  const of = (tag: number) => entries.find((entry) => entry.tag === tag)?.permissions;
  return ((of(AclTag.owner) ?? 0) << 6) | ((of(AclTag.mask) ?? of(AclTag.group) ?? 0) << 3) | (of(AclTag.others) ?? 0);
}

/** The list once chmod(2) has set this mode. */
export function withPermissions(entries: readonly AclEntry[], mode: number): readonly AclEntry[] {
  const shown = entries.some(({ tag }) => tag === AclTag.mask) ? AclTag.mask : AclTag.group;
  const bits = new Map<number, number>([
    [AclTag.owner, (mode >> 6) & 7],
    [shown, (mode >> 3) & 7],
    [AclTag.others, mode & 7],
  ]);
  return entries.map((entry) => ({ ...entry, permissions: bits.get(entry.tag) ?? entry.permissions }));
}
