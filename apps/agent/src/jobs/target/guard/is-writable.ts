import { accessSync, constants } from 'node:fs';
import type { RawName } from '@understudy/base';

/** access(2) says EROFS by the mount alone, and costs next to nothing. */
export function isWritable(path: RawName): boolean {
  try {
    accessSync(Buffer.from(path, 'latin1'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
