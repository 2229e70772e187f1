/**
 * Node numbers and file handles, one to one. On ext4 a handle is inode and generation, 64 bits, and is the node number itself: nothing
 * is kept, and any process computes the same number. Longer handles (XFS, btrfs, tmpfs) are given numbers by a codec.
 */
import { brand } from '@understudy/base';
import type { Handle } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { At, address, view } from '../syscalls/arena.ts';
import { HANDLE_BYTES, handleLength, handleType, putHandle, takeHandle } from '../syscalls/handle.ts';

/** Numbers for handles that are longer than a number; both ways must agree for as long as anyone remembers a number. */
export interface NodeCodec {
  /** Always the same number for the same handle, never one handle's number for another. */
  nodeOf(handle: Handle): NodeId;
  /** null: the number was never given out. */
  handleOf(node: NodeId): Handle | null;
}

/** Numbers from 2^63 up, in the order in which handles are met; forgotten with the process. */
export function createNodeCodec(): NodeCodec {
  const numbers = new Map<Handle, NodeId>();
  const handles = new Map<NodeId, Handle>();
  let next = 1n << 63n;
  return {
    nodeOf(handle: Handle): NodeId {
      const known = numbers.get(handle);
      if (known !== undefined) return known;
      const node = brand<NodeId>(next);
      next += 1n;
      numbers.set(handle, node);
      handles.set(node, handle);
      return node;
    },
    handleOf: (node: NodeId): Handle | null => handles.get(node) ?? null,
  };
}

const FILEID_INO32_GEN = 1;

/** The number of the handle in the arena. */
export function takeNode(codec: NodeCodec): NodeId {
  if (handleType() === FILEID_INO32_GEN && handleLength() === 8)
    return brand<NodeId>(view.getBigUint64(HANDLE_BYTES, true));
  return codec.nodeOf(takeHandle());
}

/** Lays the handle of a node into the arena and returns its address. */
export function putNode(codec: NodeCodec, node: NodeId): number {
  const handle = codec.handleOf(node);
  if (handle !== null) return putHandle(handle);
  // To a number that was never given out the kernel itself answers ESTALE, also where handles are longer.
  view.setUint32(At.handle, 8, true);
  view.setInt32(At.handle + 4, FILEID_INO32_GEN, true);
  view.setBigUint64(HANDLE_BYTES, node, true);
  return address(At.handle);
}
