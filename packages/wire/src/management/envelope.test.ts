/** What is looked at by hand is taken or refused as its schema would do. */
import { describe, expect, it } from 'vitest';
import { messageOf, messageSchema } from './envelope.ts';

describe('a message', () => {
  it.each<[string, unknown]>([
    ['an answer', { id: 1, ok: true, result: {} }],
    ['a refusal', { id: 1, ok: false, error: { code: 'failed', sentence: 'no' } }],
    ['a push', { subscription: 1, topic: 'events', payload: {} }],
    ['both at once', { id: 1, ok: true, result: 1, subscription: 1, topic: 'events', payload: {} }],
    ['a push that has an "ok", too', { ok: 7, subscription: 1, topic: 'events', payload: {} }],
    ['nothing', null],
    ['a list', []],
    ['a text', 'ok'],
    ['half of a push', { subscription: 1, payload: {} }],
    ['an answer to nobody', { ok: true, result: {} }],
  ])('that is %s is what the schema makes of it', (_what, value) => {
    expect(messageOf(value)).toEqual(messageSchema.safeParse(value).data ?? null);
  });
});
