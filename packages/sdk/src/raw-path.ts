import { bytesFromText, rawFromBytes, rawToText } from '@understudy/base';
import type { RawPath } from '@understudy/wire';

/** From text in which a byte that is no UTF-8 is a lone surrogate U+DC80–U+DCFF, as `rawToText` makes it. */
export function rawPathFromText(text: string): RawPath {
  return rawPathFromBytes(bytesFromText(text));
}

export function rawPathFromBytes(bytes: Uint8Array): RawPath {
  const text = rawToText(rawFromBytes(bytes));
  return { text: text, bytes: Buffer.from(bytes).toString('base64') };
}

/** Text of a path in an answer: exact where its bytes are given, with `rawToText`'s surrogates. */
export function textOfAnswer(text: string, base64: string | undefined): string {
  return base64 === undefined ? text : rawToText(rawFromBytes(Buffer.from(base64, 'base64')));
}
