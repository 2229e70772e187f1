/** Paths of source and replica, as bytes. All paths here are absolute and canonical: no `.`, no `..`, no symbolic links. */
import { brand, type RawName } from '@understudy/base';

/** Without doubled and trailing slashes and `.`; for paths that hold no `..`. */
export function tidyPath(path: RawName): RawName {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return brand<RawName>(`/${parts.join('/')}`);
}

/**
 * Where the replica of `sourcePath` lies: beneath `base` (`--to`), or at the same path where there is none. `without`: what the path begins
 * with and its replica's does not.
 */
export function replicaPathOf(base: RawName | null, sourcePath: RawName, without: RawName | null = null): RawName {
  const path = tidyPath(sourcePath);
  const cut =
    without === null || tidyPath(without) === '/' || !liesWithin(path, without) ? 0 : tidyPath(without).length;
  return tidyPath(brand<RawName>(`${base ?? ''}/${path.slice(cut)}`));
}

/** `inner` is `outer` or lies beneath it. */
export function liesWithin(inner: RawName, outer: RawName): boolean {
  const a = tidyPath(inner);
  const b = tidyPath(outer);
  return a === b || b === '/' || a.startsWith(`${b}/`);
}

/** The same place, or one inside the other. */
export function placesOverlap(a: RawName, b: RawName): boolean {
  return liesWithin(a, b) || liesWithin(b, a);
}

export function parentOf(path: RawName): RawName {
  const tidy = tidyPath(path);
  return brand<RawName>(tidy.slice(0, Math.max(1, tidy.lastIndexOf('/'))));
}
