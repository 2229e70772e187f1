/** What answers an upgrade in HTTP instead: any body is a ConnectError with a sentence of its length, and no more of it is read than that takes. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectError } from './connect-pinned.ts';
import { readRefusal } from './refusal.ts';

const CODES = ['version', 'not-trusted', 'failed', 'busy'];
const SENTENCE = 'this agent speaks understudy-management/9.';

async function refusalOf(parts: Iterable<Uint8Array>, statusCode: number | undefined = 426): Promise<ConnectError> {
  const response = Object.assign(Readable.from(parts, { objectMode: true }), { statusCode });
  const error = await readRefusal(response as unknown as IncomingMessage, 'beta:7320', 'understudy-management/1');
  expect(error).toBeInstanceOf(ConnectError);
  expect(['failed', 'version', 'not-trusted']).toContain(error.code);
  expect(error.message).toContain('beta:7320');
  expect(error.message.length).toBeLessThan(2300);
  return error;
}
const bodyOf = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('the refusal of an upgrade', () => {
  it('as an agent says it is told', async () => {
    const error = await refusalOf([bodyOf({ error: { code: 'version', sentence: SENTENCE } })]);
    expect([error.code, error.message]).toEqual(['version', expect.stringContaining(SENTENCE)]);
  });

  it('of any bytes, in any pieces, is an error', async () => {
    const json = fc.jsonValue({ maxDepth: 3 }).map(bodyOf);
    const like = fc
      .record({
        code: fc.oneof(fc.constantFrom(...CODES), fc.jsonValue({ maxDepth: 1 })),
        sentence: fc.jsonValue({ maxDepth: 1 }),
      })
      .map((error) => bodyOf({ error }));
    const pieces = fc.array(fc.oneof(fc.uint8Array({ maxLength: 100 }), json, like), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.option(fc.nat(999), { nil: undefined }), async (parts, status) => {
        await refusalOf(parts, status);
      }),
      { numRuns: 300 },
    );
  });

  it('that was changed is an error', async () => {
    const good = bodyOf({ error: { code: 'not-trusted', sentence: SENTENCE } });
    const change = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255), cut: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (list, size) => {
          let bytes: Buffer = Buffer.from(good);
          for (const { at, byte, cut } of list) {
            if (cut) bytes = bytes.subarray(0, at);
            else if (at < bytes.length) bytes[at] = byte;
          }
          const parts: Buffer[] = [];
          for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
          await refusalOf(parts);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('without an end is read no further than a refusal can be long', async () => {
    let given = 0;
    function* endless(): Generator<Buffer> {
      for (;;) {
        given += 1000;
        yield Buffer.alloc(1000, '[');
      }
    }
    expect((await refusalOf(endless())).code).toBe('failed');
    // A stream reads ahead some pieces.
    expect(given).toBeLessThan(64_000);
  });

  it('that breaks off is an error', async () => {
    function* broken(): Generator<Buffer> {
      yield Buffer.from('{"error":');
      throw new Error('aborted');
    }
    expect((await refusalOf(broken())).code).toBe('failed');
  });
});
