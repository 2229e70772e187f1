/** Names of any bytes in replies. */
import type { RawName } from '@understudy/base';
import { base64 } from '../../../base64.ts';

export { base64, fromBase64 } from '../../../base64.ts';

/** Bytes of a path that a reply carries; the folders of a source may be nested deeper than a message is long. */
const MAX_TOLD = 8192;
export const pathTold = (path: RawName): string => base64(path.slice(0, MAX_TOLD) as RawName);
