/**
 * The checksum of frames and segments: CRC-32 as in IEEE 802.3. In: bytes, and the checksum of what came before them. Out: the same number
 * as `crc32` of node:zlib, which has a third of this one's rate on long pieces and was a tenth of a first copy's work on either side.
 */
import { crc32 as native } from '@node-rs/crc32';

export const crc32 = (bytes: Uint8Array, before = 0): number => native(bytes as Buffer, before);
