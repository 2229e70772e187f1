/** Paths of any bytes in a window, which knows no buffers. In: text, bytes. Out: what the protocol takes. Pure. */
import { bytesFromText, printable, rawFromBytes, rawToText } from '@understudy/base';
import type { RawPath } from '@understudy/wire';

export function rawPathFromBytes(bytes: Uint8Array): RawPath {
  return { text: rawToText(rawFromBytes(bytes)), bytes: toBase64(bytes) };
}

export const rawPathFromText = (text: string): RawPath => rawPathFromBytes(bytesFromText(text));

export const bytesOfPath = ({ bytes }: RawPath): Uint8Array =>
  Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));

export const shownPath = (path: RawPath): string => printable(rawFromBytes(bytesOfPath(path)));

const SLASH = 0x2f;

/** `name` is of one component. */
export function beneath(directory: RawPath, name: RawPath): RawPath {
  const [above, component] = [bytesOfPath(directory), bytesOfPath(name)];
  const needsSlash = above.at(-1) !== SLASH;
  return rawPathFromBytes(Uint8Array.from([...above, ...(needsSlash ? [SLASH] : []), ...component]));
}

/** Null: it is the root. */
export function above(directory: RawPath): RawPath | null {
  const bytes = bytesOfPath(directory);
  const end = bytes.at(-1) === SLASH ? bytes.length - 1 : bytes.length;
  const slash = bytes.subarray(0, end).lastIndexOf(SLASH);
  if (end <= 1 || slash < 0) return null;
  return rawPathFromBytes(slash === 0 ? bytes.slice(0, 1) : bytes.slice(0, slash));
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
