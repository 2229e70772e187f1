import { browse } from '../browse/browse.ts';
import type { CallHandlers } from './dispatch.ts';

type FileCalls = { [N in keyof CallHandlers as N extends `files.${string}` ? N : never]: CallHandlers[N] };

export function fileHandlers(): FileCalls {
  return { 'files.browse': (asked) => browse(asked) };
}
