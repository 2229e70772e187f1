/**
 * electron: what stands in for an Electron that cannot be downloaded. This file makes an archive as Electron reads it: a length-prefixed
 * header of JSON, then the files one behind another. In: names and texts. Out: bytes. Pure.
 */
import { createHash } from 'node:crypto';

const BLOCK = 4 * 1024 * 1024;
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** @param {Readonly<Record<string, string>>} files names without a folder */
export function asarOf(files) {
  const contents = Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
  let offset = 0;
  const entries = contents.map(({ name, bytes }) => {
    const integrity = { algorithm: 'SHA256', hash: hash(bytes), blockSize: BLOCK, blocks: [hash(bytes)] };
    const entry = { size: bytes.length, offset: String(offset), integrity };
    offset += bytes.length;
    return [name, entry];
  });
  const header = Buffer.from(JSON.stringify({ files: Object.fromEntries(entries) }));
  return Buffer.concat([sizes(header), header, padding(header.length), ...contents.map(({ bytes }) => bytes)]);
}

/** Four numbers: of the second one's own length, of the padded header with its two numbers, of that without the first, of the text. */
function sizes(header) {
  const padded = header.length + padding(header.length).length;
  const bytes = Buffer.alloc(16);
  [4, padded + 8, padded + 4, header.length].forEach((value, index) => {
    bytes.writeUInt32LE(value, index * 4);
  });
  return bytes;
}

const padding = (length) => Buffer.alloc((4 - (length % 4)) % 4);
