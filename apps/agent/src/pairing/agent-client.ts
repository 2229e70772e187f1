import type { TLSSocket } from 'node:tls';
import {
  type CallName,
  type CallParams,
  type CallResult,
  calls,
  formatAddress,
  MANAGEMENT_PATH,
  MANAGEMENT_PROTOCOL,
  MAX_MESSAGE_BYTES,
  messageSchema,
} from '@understudy/wire';
import WebSocket, { type RawData } from 'ws';
import { ConnectError, type ConnectOptions, connectPinned } from '../identity/connect-pinned.ts';
import { readRefusal } from '../identity/refusal.ts';

/** A management connection from one agent to another: one call at a time, no subscriptions. */
export interface AgentClient {
  /** For the exporter that a pairing proof is bound to. */
  readonly socket: TLSSocket;
  /** Throws ConnectError; `not-trusted` and `failed` carry the other agent's sentence. */
  call<N extends CallName>(name: N, params: CallParams<N>): Promise<CallResult<N>>;
  close(): void;
}

export async function openAgentClient(options: ConnectOptions): Promise<AgentClient> {
  const socket = await connectPinned(options);
  const where = formatAddress(options.address);
  const timeoutMs = options.timeoutMs ?? 10_000;
  const ws = await upgrade(socket, where, timeoutMs);
  let id = 0;
  return {
    socket,
    call: async (name, params) => {
      id += 1;
      const answer = calls[name].result.safeParse(await ask(ws, { id, call: name, params }, where, timeoutMs));
      if (!answer.success) throw new ConnectError('failed', `${where} answered ${name} with what was not agreed on`);
      return answer.data as never;
    },
    close: () => ws.close(1000),
  };
}

function upgrade(socket: TLSSocket, where: string, timeoutMs: number): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://agent${MANAGEMENT_PATH}`, {
      createConnection: () => socket,
      handshakeTimeout: timeoutMs,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    ws.on('error', (error) => {
      socket.destroy();
      reject(new ConnectError('failed', `${where} does not speak ${MANAGEMENT_PROTOCOL}: ${error.message}`));
    });
    ws.once('open', () => resolve(ws));
    ws.once('unexpected-response', (_request, response) => {
      // Of all of it: ws counts from byte to byte.
      const timer = setTimeout(() => socket.destroy(), timeoutMs);
      readRefusal(response, where, MANAGEMENT_PROTOCOL).then((error) => {
        clearTimeout(timer);
        socket.destroy();
        reject(error);
      }, reject);
    });
  });
}

function ask(
  ws: WebSocket,
  request: { id: number; call: string; params: unknown },
  where: string,
  timeoutMs: number,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const finish = (error: ConnectError | null, result?: unknown) => {
      clearTimeout(timer);
      ws.off('message', heard);
      ws.off('close', closed);
      if (error === null) resolve(result);
      else reject(error);
    };
    const closed = () => finish(new ConnectError('failed', `${where} closed the connection without an answer`));
    const heard = (data: RawData) => {
      const parsed = messageSchema.safeParse(parseJson(data.toString()));
      if (!parsed.success) return finish(new ConnectError('failed', `${where} answered with what is no message`));
      const message = parsed.data;
      if (!('id' in message) || message.id !== request.id) return;
      if (message.ok) return finish(null, message.result);
      const refused = ['not-trusted', 'forbidden', 'wrong-code'].includes(message.error.code);
      finish(new ConnectError(refused ? 'not-trusted' : 'failed', `${where}: ${message.error.sentence}`));
    };
    const timer = setTimeout(
      () => finish(new ConnectError('timeout', `${where} did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    ws.on('message', heard);
    ws.once('close', closed);
    ws.send(JSON.stringify(request));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
