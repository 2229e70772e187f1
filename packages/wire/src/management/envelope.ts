import { z } from 'zod';
import { managementErrorSchema } from './errors.ts';

/** Chosen by the client, unique among its requests in flight and its subscriptions on one connection. */
const id = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** A message as it lies on the wire: one WebSocket text frame of JSON. Client to agent. */
export const requestSchema = z.union([
  z.strictObject({ id, call: z.string().max(64), params: z.unknown().optional() }),
  z.strictObject({ id, topic: z.string().max(64), params: z.unknown().optional() }),
  /** The subscription that was made with that id goes on with other parameters. */
  z.strictObject({ id, subscription: id, params: z.unknown().optional() }),
  /** Ends the subscription that was made with this id; answered like a call. */
  z.strictObject({ id, unsubscribe: id }),
]);
export type Request = z.output<typeof requestSchema>;

/** Agent to client: an answer carries the request's id, a push the subscription's. */
const pushSchema = z.object({ subscription: id, topic: z.string(), payload: z.unknown() });
export const messageSchema = z.union([
  z.object({ id, ok: z.literal(true), result: z.unknown() }),
  z.object({ id, ok: z.literal(false), error: managementErrorSchema }),
  pushSchema,
]);
export type Message = z.output<typeof messageSchema>;

/** As `messageSchema` has it; null: it is none. Pushes come by the thousand, and are not first tried for answers. */
export function messageOf(value: unknown): Message | null {
  const isAnswer = typeof value === 'object' && value !== null && 'ok' in value;
  return (isAnswer ? messageSchema : pushSchema).safeParse(value).data ?? null;
}

/** A client sends no more than this in one message, and has no more requests in flight at once. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
export const MAX_REQUESTS_IN_FLIGHT = 64;
export const MAX_SUBSCRIPTIONS = 64;
/** An agent answers with no more than this. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
/** Before the caller is trusted. */
export const MAX_UNTRUSTED_REQUEST_BYTES = 4096;
