/** Base64 of a path's bytes, for messages in JSON. */
import type { RawName } from '@understudy/base';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function base64(name: RawName): string {
  let text = '';
  for (let i = 0; i < name.length; i += 3) {
    const left = name.length - i;
    const bits =
      (name.charCodeAt(i) << 16) |
      ((left > 1 ? name.charCodeAt(i + 1) : 0) << 8) |
      (left > 2 ? name.charCodeAt(i + 2) : 0);
    text += DIGITS.charAt(bits >> 18) + DIGITS.charAt((bits >> 12) & 63);
    text += left > 1 ? DIGITS.charAt((bits >> 6) & 63) : '=';
    text += left > 2 ? DIGITS.charAt(bits & 63) : '=';
  }
  return text;
}

/** null: not base64, or not padded. */
export function fromBase64(text: string): RawName | null {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return null;
  const bare = text.replace(/=+$/, '');
  let name = '';
  let bits = 0;
  let held = 0;
  for (const digit of bare) {
    bits = ((bits << 6) | DIGITS.indexOf(digit)) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    name += String.fromCharCode((bits >> held) & 255);
  }
  return name as RawName;
}
