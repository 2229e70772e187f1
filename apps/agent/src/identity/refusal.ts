import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { ConnectError } from './connect-pinned.ts';

const refusalSchema = z.object({ error: z.object({ code: z.string().max(64), sentence: z.string().max(2048) }) });
const MOST = 8192;

/** What an agent says when it does not accept an upgrade: the body of its HTTP answer, and the error to be thrown for it. */
export async function readRefusal(response: IncomingMessage, where: string, ours: string): Promise<ConnectError> {
  const said = refusalSchema.safeParse(await body(response));
  if (!said.success)
    return new ConnectError(
      'failed',
      `what answers at ${where} is not an Understudy agent (HTTP ${response.statusCode})`,
    );
  const { code, sentence } = said.data.error;
  if (code === 'version') return new ConnectError('version', `${where}: ${sentence} This side speaks ${ours}.`);
  return new ConnectError(code === 'not-trusted' ? 'not-trusted' : 'failed', `${where}: ${sentence}`);
}

async function body(response: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      parts.push(part);
      length += part.length;
      if (length > MOST) return null;
    }
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    return null;
  }
}
