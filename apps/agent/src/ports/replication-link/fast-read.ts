import type { Socket } from 'node:net';

/** A TLS record holds 16 KiB; the kernel is read 64 KiB at a time. */
const BUFFER = 64 * 1024;

interface Internals {
  _handle?: { useUserBuffer?: (buffer: Uint8Array) => void } | null;
}

/**
 * Delivers a socket's bytes to `take`, which must be done with them when it returns.
 *
 * Node reads each TLS record into a buffer of its own, and the garbage collector then costs as much as cipher and checksum
 * together. Its remedy, `onread` with one buffer for all, is open to connecting sockets only, not to accepted ones. So the same
 * switch is thrown here by hand where this Node has it; where it has not, the ordinary `data` event serves.
 */
export function readInPlace(socket: Socket, take: (bytes: Uint8Array) => void): 'in-place' | 'ordinary' {
  const symbols = Object.getOwnPropertySymbols(socket);
  const symbol = (name: string) => symbols.find((candidate) => candidate.description === name);
  const buffer = symbol('kBuffer');
  const callback = symbol('kBufferCb');
  const handle = (socket as unknown as Internals)._handle;
  // What was read already and lies in the stream would be overtaken by what is read in place.
  const clean = socket.readableLength === 0;
  if (!clean || buffer === undefined || callback === undefined || typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', take);
    return 'ordinary';
  }
  const bytes = Buffer.allocUnsafeSlow(BUFFER);
  const fields = socket as unknown as Record<symbol, unknown>;
  fields[buffer] = bytes;
  fields[callback] = (length: number, filled: Uint8Array): boolean => {
    take(filled.subarray(0, length));
    return true;
  };
  handle.useUserBuffer(bytes);
  socket.resume();
  return 'in-place';
}
