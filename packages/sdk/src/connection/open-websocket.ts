import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { MANAGEMENT_PATH, MANAGEMENT_PROTOCOL, MAX_MESSAGE_BYTES } from '@understudy/wire';
import WebSocket from 'ws';
import { z } from 'zod';
import { reasonOf, SdkError } from '../errors.ts';

/** Upgrades an open stream to the management protocol. `where` is for sentences. */
export function openWebSocket(stream: Duplex, where: string, timeoutMs: number): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://agent${MANAGEMENT_PATH}`, {
      createConnection: () => stream as never,
      handshakeTimeout: timeoutMs,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    const fail = (error: SdkError) => {
      socket.on('error', () => {});
      stream.destroy();
      reject(error);
    };
    socket.once('open', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => fail(notAnAgent(where, reasonOf(error))));
    socket.once('unexpected-response', (_request, response) => {
      // Of all of it: ws counts from byte to byte.
      const timer = setTimeout(() => stream.destroy(), timeoutMs);
      readShort(response)
        .then(
          (body) => fail(refusal(where, response.statusCode ?? 0, body)),
          (error: unknown) => fail(notAnAgent(where, reasonOf(error))),
        )
        .finally(() => clearTimeout(timer));
    });
  });
}

function notAnAgent(where: string, why: string): SdkError {
  return new SdkError('not-an-agent', `what answers at ${where} is not an agent of Understudy (${why})`);
}

const refusalSchema = z.object({ error: z.object({ code: z.string().max(64), sentence: z.string().max(2048) }) });

function refusal(where: string, status: number, body: string): SdkError {
  let json: unknown = null;
  try {
    json = JSON.parse(body);
  } catch {
    return notAnAgent(where, `HTTP ${status}`);
  }
  const parsed = refusalSchema.safeParse(json);
  if (!parsed.success) return notAnAgent(where, `HTTP ${status}`);
  const { code, sentence } = parsed.data.error;
  const hint = code === 'version' ? `; this client speaks ${MANAGEMENT_PROTOCOL}` : '';
  return new SdkError('not-an-agent', `${where}: ${sentence}${hint}`, { agentCode: code });
}

/** At most 4 KiB: a stranger's answer has no right to our memory. */
async function readShort(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length > 4096) break;
  }
  return Buffer.concat(parts).subarray(0, 4096).toString('utf8');
}
