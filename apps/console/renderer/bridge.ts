/** The window's only way out. In: a channel and what it takes. Out: its result, or a `ConsoleError` with a sentence for a person. */
import type { CallParams, CallResult } from '@understudy/wire';
import type { Bridge, ChannelName, ChannelParams, ChannelResult, PermittedCall } from '../shared/ipc-channels.ts';
import type { Batch } from '../shared/view.ts';
import { sentence } from './format.ts';

declare global {
  interface Window {
    readonly understudy: Bridge;
  }
}

export class ConsoleError extends Error {
  override readonly name = 'ConsoleError';
  readonly code: string;
  /** The agent's own code, where it was the agent that said no. */
  readonly agentCode: string | null;

  constructor(code: string, sentence: string, agentCode: string | null) {
    super(sentence);
    this.code = code;
    this.agentCode = agentCode;
  }
}

export async function invoke<N extends ChannelName>(name: N, params: ChannelParams<N>): Promise<ChannelResult<N>> {
  const answer = await window.understudy.invoke(name, params);
  if (answer.ok) return answer.value as ChannelResult<N>;
  const { code, sentence, agentCode } = answer.error;
  throw new ConsoleError(code, sentence, agentCode);
}

/** A call of the management protocol at one of the servers; the answer was checked against its schema by the main process. */
export async function ask<N extends PermittedCall>(
  server: string,
  call: N,
  params: CallParams<N>,
): Promise<CallResult<N>> {
  return (await invoke('ask', { server, call, params })) as CallResult<N>;
}

export function onBatches(listener: (batch: Batch) => void): void {
  window.understudy.onDeltas((text) => listener(JSON.parse(String(text)) as Batch));
}

/** An agent's words may hold names of files: what would hide or turn around is written out. */
export const sentenceOf = (error: unknown): string => sentence(error instanceof Error ? error.message : String(error));
