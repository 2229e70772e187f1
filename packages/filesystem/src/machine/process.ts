/** Facts about this boot and this process, as bytes. */

import { Buffer } from 'node:buffer';
import { readFileSync, realpathSync } from 'node:fs';
import { printable, type RawName, rawFromBytes, rawToBytes } from '@understudy/base';
import { FileError } from '@understudy/engine';

/** Changes with every boot of the machine, and only then. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * This process's whole command line (interpreter, its options, script, arguments) byte for byte; Node's argv spoils what is not UTF-8.
 * Count from the end: `rawArgv().slice(-process.argv.length)` lines up with `process.argv` unless process.title was set.
 */
export function rawArgv(): RawName[] {
  const line = rawFromBytes(readFileSync('/proc/self/cmdline'));
  return line.split('\0').slice(0, -1) as RawName[];
}

/** The absolute path without symbolic links. Throws FileError (ENOENT, ELOOP, EACCES …). */
export function realPathRaw(path: RawName): RawName {
  try {
    return rawFromBytes(realpathSync.native(Buffer.from(rawToBytes(path)), { encoding: 'buffer' }));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
    throw new FileError(code, 'realpath', `"${printable(path)}"`);
  }
}
