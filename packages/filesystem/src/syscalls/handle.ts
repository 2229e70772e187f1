/** File handles: the kernel's own durable address of an inode, `struct file_handle { u32 bytes; s32 type; u8 handle[]; }`. */
import { FileError, type Handle } from '@understudy/engine';
import { At, address, bytes, EMPTY_NAME, MAX_HANDLE, view } from './arena.ts';
import { kernelResult, libc } from './libc.ts';
import { AT_EMPTY_PATH } from './open.ts';

const nameToHandleCall: (dir: number, name: number, handle: number, mount: number, flags: number) => number = libc.func(
  'int name_to_handle_at(int, uintptr_t, uintptr_t, uintptr_t, int)',
);

const HANDLE = address(At.handle);
const MOUNT_ID = address(At.number);
/** Where the bytes of the handle lie, behind its length and type. */
export const HANDLE_BYTES = At.handle + 8;

/** Leaves the handle at At.handle. A symbolic link is not followed. `name` is an address. */
export function nameToHandle(dir: number, name: number): number {
  view.setUint32(At.handle, MAX_HANDLE, true);
  return kernelResult(nameToHandleCall(dir, name, HANDLE, MOUNT_ID, 0));
}

/** The handle of what `fd` is open on, left at At.handle. */
export function descriptorToHandle(fd: number): number {
  view.setUint32(At.handle, MAX_HANDLE, true);
  return kernelResult(nameToHandleCall(fd, EMPTY_NAME, HANDLE, MOUNT_ID, AT_EMPTY_PATH));
}

export const handleLength = (): number => view.getUint32(At.handle, true);
export const handleType = (): number => view.getInt32(At.handle + 4, true);

/** Types whose handle begins with the inode number: ext4 and most others, XFS, btrfs. */
const INODE_FIRST = new Set([1, 2, 0x81, 0x82, 0x4d, 0x4e, 0x4f]);

/** False where the handle in the arena is certainly another file's than the one with this inode number (its low 32 bits). */
export function handleMatchesInode(inodeLow: number): boolean {
  const type = handleType();
  if (!INODE_FIRST.has(type) || (type < 3 && handleLength() !== 8)) return true;
  return view.getUint32(HANDLE_BYTES, true) === inodeLow;
}

/** The handle at At.handle as text: one char for the type (which the kernel keeps below 256), then one a byte. */
export function takeHandle(): Handle {
  const end = HANDLE_BYTES + view.getUint32(At.handle, true);
  const type = bytes[At.handle + 4] ?? 0;
  bytes[HANDLE_BYTES - 1] = type;
  const handle = bytes.toString('latin1', HANDLE_BYTES - 1, end) as Handle;
  bytes[HANDLE_BYTES - 1] = 0;
  return handle;
}

/** Lays a handle given as text at At.handle and returns its address. */
export function putHandle(handle: Handle): number {
  const length = handle.length - 1;
  if (length < 1 || length > MAX_HANDLE) throw new FileError('ESTALE', 'open_by_handle_at', 'this is no file handle');
  view.setUint32(At.handle, length, true);
  view.setInt32(At.handle + 4, handle.charCodeAt(0), true);
  for (let i = 0; i < length; i += 1) bytes[HANDLE_BYTES + i] = handle.charCodeAt(i + 1);
  return HANDLE;
}
