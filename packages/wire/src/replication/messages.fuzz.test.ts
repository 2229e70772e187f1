/** Whatever JSON comes, the schemas of the replication protocol answer with a value that can be, or with what is wrong; never with an exception. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  brakeLimitsSchema,
  conditionSchema,
  helloSchema,
  refuseSchema,
  repliesSchema,
  replySchema,
  standingSchema,
  targetWritesSchema,
  welcomeSchema,
} from './messages.ts';

const HELLO = {
  version: '1.0.0',
  jobId: '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11',
  jobName: 'job',
  streamId: '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c12',
  epoch: 1,
  oldest: 1,
  next: 1,
  applied: 0,
  intent: 'replicate',
  machine: 'here',
  replicaBase: null,
  roots: [{ path: 'L3Nydg==', node: '12' }],
};

const WELCOME = { version: '1.0.0', resumes: true, received: 7, applied: 5, origin: 9, complete: true, why: '' };
const REFUSE = { code: 'superseded', sentence: 'another server writes', epoch: 3 };
const CONDITION = {
  state: 'full',
  code: 'target-journal-full',
  sentence: 'it is full',
  queue: { operations: 3, bytes: 4096, oldestMs: null },
};
const STANDING = { state: 'protected', reason: { code: 'link', sentence: 'the link is down' }, good: false };
const TARGET_WRITES = { state: 'refused', sentence: '' };

/** All texts and numbers in what was believed. */
function leavesOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [value];
}

describe('the JSON messages', () => {
  const schemas = {
    helloSchema,
    welcomeSchema,
    refuseSchema,
    repliesSchema,
    replySchema,
    brakeLimitsSchema,
    conditionSchema,
    standingSchema,
    targetWritesSchema,
  };

  it.each(Object.entries(schemas))('%s answers any JSON with a value or with what is wrong', (_, schema) => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const parsed = schema.safeParse(value);
        expect(parsed.success || parsed.error.issues.length > 0).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['welcome', welcomeSchema, WELCOME],
    ['refuse', refuseSchema, REFUSE],
    ['condition', conditionSchema, CONDITION],
    ['standing', standingSchema, STANDING],
    ['word about writers', targetWritesSchema, TARGET_WRITES],
  ] as const)(
    'a %s with any one field replaced or gone is refused, or holds nothing that is endless',
    (_, schema, good) => {
      expect(schema.parse(good)).toEqual(good);
      const long = fc.constantFrom('x'.repeat(1025), 1e300, -1, 0.5, { state: 'x'.repeat(1025) });
      const replaced = fc.oneof(fc.jsonValue({ maxDepth: 3 }), long, fc.constant(undefined));
      fc.assert(
        fc.property(fc.constantFrom(...Object.keys(good)), replaced, (field, value) => {
          for (const leaf of leavesOf(schema.safeParse({ ...good, [field]: value }).data ?? {})) {
            if (typeof leaf === 'string') expect(leaf.length).toBeLessThanOrEqual(1024);
            if (typeof leaf === 'number') expect(Number.isSafeInteger(leaf) && leaf >= 0).toBe(true);
          }
        }),
        { numRuns: 400 },
      );
    },
  );

  it.each([
    ['no state', { state: '' }],
    ['an endless state', { state: 'x'.repeat(33) }],
    ['a state that is no text', { state: 7 }],
    ['no word of a reason', { reason: undefined }],
    ['a reason without a sentence', { reason: { code: 'link' } }],
    ['an endless sentence', { reason: { code: 'link', sentence: 'x'.repeat(1025) } }],
    ['a replica that is good in other words', { good: 'yes' }],
    ['nothing of how good the replica is', { good: undefined }],
  ])('[FO2] the standing of a job is refused for %s', (_, over) => {
    expect(standingSchema.safeParse({ ...STANDING, ...over }).success).toBe(false);
  });

  it('a hello with any one field replaced is refused or is whole', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(HELLO)), fc.jsonValue({ maxDepth: 2 }), (field, value) => {
        const parsed = helloSchema.safeParse({ ...HELLO, [field]: value });
        if (!parsed.success) return;
        expect(parsed.data.roots.length).toBeLessThanOrEqual(1024);
        expect(Number.isSafeInteger(parsed.data.next) && parsed.data.next >= 0).toBe(true);
        expect(parsed.data.epoch).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a node beyond 64 bits', { roots: [{ path: 'Lw==', node: '18446744073709551616' }] }],
    ['a node that is no number', { roots: [{ path: 'Lw==', node: '-1' }] }],
    ['no roots', { roots: [] }],
    ['more roots than there can be', { roots: Array.from({ length: 1025 }, () => HELLO.roots[0]) }],
    ['a position below zero', { next: -1 }],
    ['a position beyond 2^53', { next: 2 ** 53 }],
    ['a position with a fraction', { next: 1.5 }],
    ['an epoch of zero', { epoch: 0 }],
    ['an epoch beyond 32 bits', { epoch: 2 ** 32 }],
    ['a job that is no UUID', { jobId: '../../etc' }],
    ['an endless name', { jobName: 'x'.repeat(129) }],
  ])('[TCM3] hello is refused for %s', (_, over) => {
    expect(helloSchema.safeParse(HELLO).success).toBe(true);
    expect(helloSchema.safeParse({ ...HELLO, ...over }).success).toBe(false);
  });
});
