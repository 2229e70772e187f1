import type { CallParams, CallResult } from '@understudy/wire';
import { useEffect, useState } from 'react';
import type { PermittedCall } from '../../shared/ipc-channels.ts';
import { ask, sentenceOf } from '../bridge.ts';

export interface Asked<T> {
  readonly answer: T | null;
  readonly failure: string | null;
}

/** An answer of a server's agent, asked for when the place is shown and again when `again` changes. `server` null: not asked. */
export function useAnswer<N extends PermittedCall>(
  server: string | null,
  call: N,
  params: CallParams<N>,
  again: unknown = null,
): Asked<CallResult<N>> {
  const [asked, setAsked] = useState<Asked<CallResult<N>>>({ answer: null, failure: null });
  const written = JSON.stringify(params);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` is nothing but the wish to ask once more
  useEffect(() => {
    let isWanted = true;
    if (server === null) return;
    ask(server, call, JSON.parse(written) as CallParams<N>)
      .then((answer) => {
        if (isWanted) setAsked({ answer, failure: null });
      })
      .catch((error: unknown) => {
        if (isWanted) setAsked((before) => ({ ...before, failure: sentenceOf(error) }));
      });
    return () => {
      isWanted = false;
    };
  }, [server, call, written, again]);
  return asked;
}
