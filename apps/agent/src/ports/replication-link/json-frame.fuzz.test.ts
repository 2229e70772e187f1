/** Frames that carry JSON, with any bytes in them: a value that its schema would take again, or the link ends once, with a short sentence. */
import {
  conditionSchema,
  type FrameHeader,
  FrameType,
  helloSchema,
  position,
  refuseSchema,
  repliesSchema,
  standingSchema,
  welcomeSchema,
} from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonFrame } from './replication-link.ts';

const STANDING = { state: 'protected', reason: null, good: true };
const recorded = Buffer.from(JSON.stringify({ ...STANDING, reason: { code: 'link', sentence: 'it is down' } }));
const SCHEMAS = [helloSchema, welcomeSchema, refuseSchema, repliesSchema, conditionSchema, standingSchema] as const;

function header(type: FrameType, payload: Uint8Array): FrameHeader {
  const { length } = payload;
  const none = { codec: 0, flags: 0, records: 0, from: position(0), to: position(0), epoch: 1, origin: 0 };
  return { type, ...none, payloadLength: length, rawLength: length } as unknown as FrameHeader;
}

function parse(payload: Uint8Array, schema: (typeof SCHEMAS)[number], type: FrameType = FrameType.standing): unknown {
  const violations: string[] = [];
  const link = { violation: (sentence: string) => void violations.push(sentence) };
  const value: unknown = parseJsonFrame<unknown>(link, header(type, payload), payload, schema);
  expect(violations).toHaveLength(value === null ? 1 : 0);
  for (const sentence of violations) expect(sentence.length).toBeLessThan(700);
  return value;
}

describe('a frame of JSON', () => {
  it('of any bytes is a value or the end of the link, by name', () => {
    const text = fc.jsonValue({ maxDepth: 3 }).map((value) => Buffer.from(JSON.stringify(value)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), text), fc.constantFrom(...SCHEMAS), (bytes, schema) => {
        const value = parse(bytes, schema);
        if (value !== null) expect(schema.safeParse(value).success).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('that was recorded and changed is a value or the end of the link, by name', () => {
    expect(parse(recorded, standingSchema)).toMatchObject(JSON.parse(recorded.toString()));
    const change = fc.record({ at: fc.nat(recorded.length - 1), kind: fc.nat(2), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (list) => {
        let bytes: Buffer = Buffer.from(recorded);
        for (const { at, kind, byte } of list) {
          const where = at % Math.max(1, bytes.length);
          if (kind === 0) bytes[where] = byte;
          else if (kind === 1) bytes = bytes.subarray(0, where);
          else bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + (byte % 16))]);
        }
        const value = parse(bytes, standingSchema);
        if (value !== null) expect(standingSchema.safeParse(value).success).toBe(true);
      }),
      { numRuns: 800 },
    );
  });

  it.each([
    ['lists within lists', '['.repeat(1 << 17)],
    ['a list without end', `[${'0,'.repeat(1 << 18)}0]`],
    ['nothing', ''],
    ['a text of a frame’s length', JSON.stringify('x'.repeat(1 << 21))],
  ])('of %s ends the link', (_, text) => {
    for (const schema of SCHEMAS) expect(parse(Buffer.from(text), schema)).toBeNull();
  });

  it('that is of a type without JSON ends the link', () => {
    expect(parse(Buffer.from(JSON.stringify(STANDING)), standingSchema, FrameType.operations)).toBeNull();
  });
});
