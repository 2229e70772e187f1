/** The native binary: where it lies, and running its helper modes without ever blocking this process. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type RawName, rawToBytes, toHex } from '@understudy/base';
import { InterceptorRefusal } from '@understudy/engine';

/** From source (`src/fuse`), from the built package (`dist/src/fuse`), and from the bundle of the command (`apps/cli/dist/bundle`). */
const CANDIDATES = [
  '../../native/linux/build/fsid',
  '../../../native/linux/build/fsid',
  '../../../../packages/interceptor/native/linux/build/fsid',
];

export function nativeBinary(): string {
  for (const candidate of CANDIDATES) {
    const path = fileURLToPath(new URL(candidate, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new InterceptorRefusal(
    'failed',
    'the interceptor’s native part is not built; run `npm run build` (it needs a C compiler)',
  );
}

export interface Ran {
  /** Exit code; -1 where a signal ended it. */
  readonly code: number;
  readonly output: string;
}

export function runNative(binary: string, args: readonly string[], timeoutMs = 60_000): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(binary, args, { timeout: timeoutMs, encoding: 'latin1', cwd: '/', env: {} }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output: `${stdout}${stderr}`.trim() });
    });
  });
}

export const hexOf = (path: RawName): string => toHex(rawToBytes(path));
