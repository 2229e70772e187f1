/** Whatever a client sends, the schemas of the management protocol answer with a value or with what is wrong; never with an exception. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calls, isCallName, isTopicName, topics } from './calls.ts';
import { messageSchema, requestSchema } from './envelope.ts';
import { formatAddress, parseAddress } from './vocabulary.ts';

const json = fc.jsonValue({ maxDepth: 4 });

describe('the management envelope', () => {
  it('takes any JSON for a request or refuses it', () => {
    fc.assert(
      fc.property(json, fc.constantFrom('id', 'call', 'topic', 'unsubscribe', 'params'), (value, field) => {
        for (const candidate of [value, { id: 1, call: 'agent.status', [field]: value }]) {
          const request = requestSchema.safeParse(candidate);
          if (request.success) expect(Number.isSafeInteger(request.data.id) && request.data.id > 0).toBe(true);
          expect(typeof messageSchema.safeParse(candidate).success).toBe('boolean');
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a call and a topic at once', { id: 1, call: 'a', topic: 'b' }],
    ['a field that nobody knows', { id: 1, call: 'a', more: 1 }],
    ['an id of zero', { id: 0, call: 'a' }],
    ['an id with a fraction', { id: 0.5, call: 'a' }],
    ['an endless name', { id: 1, call: 'a'.repeat(65) }],
    ['a list', [{ id: 1, call: 'a' }]],
  ])('refuses %s', (_, request) => {
    expect(requestSchema.safeParse(request).success).toBe(false);
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', ''])('knows no call or topic %j', (name) => {
    expect([isCallName(name), isTopicName(name)]).toEqual([false, false]);
  });

  const schemas = [...Object.entries(calls), ...Object.entries(topics)];
  it.each(schemas)('%s takes any parameters or says what is wrong with them', (_, { params }) => {
    fc.assert(
      fc.property(json, (value) => {
        const parsed = params.safeParse(value);
        expect(parsed.success || parsed.error.issues.length > 0).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('an address', () => {
  it('of any text is one that reads the same when it is written, or none', () => {
    const pieces = fc.array(fc.constantFrom('[', ']', ':', '::1', 'a.b', '%eth0', '7320', '65536', ' ', '0', '\n'), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 40 }),
          pieces.map((list) => list.join('')),
        ),
        (text) => {
          const address = parseAddress(text);
          if (address === null) return;
          expect(address.host).toMatch(/^[^\s[\]]{1,255}$/);
          expect(Number.isInteger(address.port) && address.port >= 0 && address.port <= 65_535).toBe(true);
          expect(parseAddress(formatAddress(address))).toEqual(address);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
