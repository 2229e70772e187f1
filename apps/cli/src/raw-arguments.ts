import fs from 'node:fs';
import { rawFromBytes, rawToText } from '@understudy/base';

/**
 * The process's arguments with every byte kept: Node replaces what is no UTF-8 in `process.argv`, and a file name may hold any byte.
 * Such bytes come as lone surrogates U+DC80–U+DCFF, from which base's `bytesFromText` gives the bytes back.
 */
export function rawArguments(
  argv: readonly string[] = process.argv.slice(2),
  readCommandLine: () => Uint8Array = () => fs.readFileSync('/proc/self/cmdline'),
): string[] {
  let bytes: Uint8Array;
  try {
    bytes = readCommandLine();
  } catch {
    // Systems without /proc have no such names to lose either: their file names are text.
    return [...argv];
  }
  const all = splitAtZero(bytes).map((part) => rawToText(rawFromBytes(part)));
  const mine = all.slice(all.length - argv.length);
  const agrees =
    mine.length === argv.length && mine.every((text, i) => text === argv[i] || argv[i]?.includes('\uFFFD'));
  return agrees && argv.length > 0 ? mine : [...argv];
}

function splitAtZero(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    const stop = end === -1 ? bytes.length : end;
    parts.push(bytes.subarray(start, stop));
    start = stop + 1;
  }
  return parts;
}
