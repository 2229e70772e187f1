/** A place on the source as people write it, as far as it can be found out. */
import { printable, type RawName, rawFromBytes } from '@understudy/base';
import { NO_NODE, type NodeId } from '@understudy/wire';
import { fromBase64 } from '../base64.ts';
import { FileError, type SourceFiles } from '../ports.ts';

/** Of a path in a sentence, which is at most four times as long. */
const SHOWN = 1000;

export function pathForPeople(files: SourceFiles | undefined, node: NodeId, name?: RawName | undefined): string {
  const path = pathNow(files, node);
  const place = path === null ? `node ${node}` : printable(path);
  return name === undefined ? place : `${place}/${printable(name)}`;
}

/** `there`: the same place as the target names it, beneath the root and in base64, for what the source has no more. */
export function refusedPath(
  root: { readonly path: Uint8Array; readonly files: SourceFiles } | undefined,
  node: NodeId,
  there: string,
): string {
  const known = pathNow(root?.files, node);
  const beneath = fromBase64(there) ?? '';
  const top = root === undefined ? '' : rawFromBytes(root.path);
  if (known === null) return pathOnSource(top, beneath);
  return printable(known).slice(0, SHOWN);
}

/** `beneath` the protected directory `top`; empty: itself. */
export function pathOnSource(top: string, beneath: string): string {
  return printable((beneath === '' ? top : `${top}/${beneath}`) as RawName).slice(0, SHOWN);
}

function pathNow(files: SourceFiles | undefined, node: NodeId): RawName | null {
  if (node === NO_NODE) return null;
  try {
    return files?.pathOf(node) ?? null;
  } catch (error) {
    // A path for people must not fail what it only describes.
    if (!(error instanceof FileError)) throw error;
    return null;
  }
}
