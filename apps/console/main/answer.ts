/** One request from the window. In: a channel's name, whatever came. Out: an answer, always. Promised: no handler sees an unchecked payload. */
import { SdkError } from '@understudy/sdk';
import {
  type Answer,
  type ChannelArguments,
  type ChannelName,
  type ChannelResult,
  channels,
} from '../shared/ipc-channels.ts';

export type Handlers<C extends ChannelName = ChannelName> = {
  readonly [N in C]: (params: ChannelArguments<N>) => Promise<ChannelResult<N>>;
};

export async function answer<C extends ChannelName>(name: C, payload: unknown, handlers: Handlers<C>): Promise<Answer> {
  const parsed = channels[name].params.safeParse(payload);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    return refused('bad-argument', `"${name}" cannot be asked so: ${where}${issue?.message ?? 'its shape is wrong'}`);
  }
  try {
    // The table ties name, arguments and result together; the compiler cannot follow it through a name that is a variable.
    const handler = handlers[name] as (params: unknown) => Promise<unknown>;
    return { ok: true, value: await handler(parsed.data) };
  } catch (error) {
    if (error instanceof SdkError) return refused(error.code, error.message, error.agentCode);
    return refused('failed', error instanceof Error ? error.message : String(error));
  }
}

function refused(code: string, sentence: string, agentCode: string | null = null): Answer {
  return { ok: false, error: { code, agentCode, sentence } };
}
