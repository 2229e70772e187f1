import type { RawName } from '@understudy/base';

export function isWithin(path: RawName, directory: RawName): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
