/**
 * Node numbers and file handles, one to one. On ext4 a handle is inode and generation, 64 bits, and is the node number itself: nothing
 * is kept, and any process computes the same number. Longer handles (XFS, btrfs, tmpfs) are numbered by a hash of the handle, which any
 * process computes alike as well; what leads back from the number to the handle is kept in a table.
 */
import { brand } from '@understudy/base';
import { FileError, type Handle } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { At, address, view } from '../syscalls/arena.ts';
import { HANDLE_BYTES, handleLength, handleType, putHandle, takeHandle } from '../syscalls/handle.ts';
import { hashHandle, type NodeHalves, nextNumber } from './node-hash.ts';
import { LONGEST_HANDLE, NodeTable } from './node-table.ts';

/** Numbers for handles that are longer than a number; both ways must agree for as long as anyone remembers a number. */
export interface NodeCodec {
  /** Always the same number for the same handle, never one handle's number for another that this process knows. */
  nodeOf(handle: Handle): NodeId;
  /** null: the number was never given out. */
  handleOf(node: NodeId): Handle | null;
}

/** Numbers that another process has given to handles, by the same hash: the interceptor's. null: it knows none of that number. */
export interface NodeIndex {
  handleOf(node: NodeId): Handle | null;
}

/** `index` is asked for what this process has not met itself: of two handles with one hash the index says who has it. */
export function createNodeCodec(index: NodeIndex | null = null): NodeCodec {
  const table = new NodeTable();
  const at: NodeHalves = { low: 0, high: 0 };
  const number = (): NodeId => brand<NodeId>((BigInt(at.high) << 32n) | BigInt(at.low));
  const elsewhere = (handle: Handle): boolean => {
    const held = index?.handleOf(number()) ?? null;
    return held !== null && held !== handle;
  };
  return {
    nodeOf(handle: Handle): NodeId {
      if (handle.length - 1 > LONGEST_HANDLE)
        throw new FileError('EOPNOTSUPP', 'name_to_handle_at', 'the file handles of this file system are too long');
      hashHandle(handle, at);
      for (;;) {
        const held = table.holds(at, handle);
        if (held === 'same') return number();
        if (held === 'nobody' && !elsewhere(handle)) break;
        nextNumber(at);
      }
      table.put(at, handle);
      return number();
    },
    handleOf(node: NodeId): Handle | null {
      at.low = Number(node & 0xffff_ffffn);
      at.high = Number(node >> 32n);
      return table.get(at) ?? index?.handleOf(node) ?? null;
    },
  };
}

const FILEID_INO32_GEN = 1;

/** The number of the handle in the arena. */
export function takeNode(codec: NodeCodec): NodeId {
  return isNumber() ? brand<NodeId>(view.getBigUint64(HANDLE_BYTES, true)) : codec.nodeOf(takeHandle());
}

/** True where the handle in the arena is a node number itself, and so are all of its file system. */
export function isNumber(): boolean {
  return handleType() === FILEID_INO32_GEN && handleLength() === 8;
}

/** Lays the handle of a node into the arena and returns its address. `codec`: null where handles are numbers themselves. */
export function putNode(codec: NodeCodec | null, node: NodeId): number {
  const handle = codec?.handleOf(node) ?? null;
  if (handle !== null) return putHandle(handle);
  // A number that was never given out is laid as a handle too short for any file system: the kernel itself answers ESTALE.
  view.setUint32(At.handle, codec === null ? 8 : 4, true);
  view.setInt32(At.handle + 4, FILEID_INO32_GEN, true);
  view.setBigUint64(HANDLE_BYTES, node, true);
  return address(At.handle);
}
