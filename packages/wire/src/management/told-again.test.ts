/** However a status differs from the last one, it is taken or refused as the schema alone would do. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topics } from './calls.ts';
import { messageOf, messageSchema } from './envelope.ts';
import { type JobStatus, jobStatusSchema } from './job.ts';
import { checkOf } from './told-again.ts';

const status: JobStatus = {
  name: 'files',
  source: 'alpha',
  target: 'beta',
  state: 'protected',
  reason: null,
  targetDataState: 'ok',
  interceptor: 'fuse',
  mirror: {
    ...{ state: 'idle', percent: 100, bytesRemaining: 0, bytesSkipped: 0 },
    ...{ bytesSent: 12, filesDone: 3, filesTotal: 3 },
  },
  replication: {
    ...{ state: 'ready', queuedOperations: 0, queuedBytes: 0, diskQueueBytes: 0 },
    ...{ sentBytes: 4, sentCompressedBytes: 4, lastFileTouched: '/srv/a' },
    dirty: { items: 1, bytes: 2, reasons: [{ reason: 'moved', items: 1 }] },
  },
  recoveryPoint: { time: '2026-11-22T12:00:00.000Z', latencyMs: 3, position: '8123441' },
  exposures: [],
  actions: ['pause', 'stop'],
};
const payload = (changes: object = {}) => ({ name: 'files', status: { ...structuredClone(status), ...changes } });

/** A place within the status, and what comes there: something of the right kind, anything at all, or nothing. */
const fields = [...Object.keys(jobStatusSchema.shape), 'nobodyKnowsThis', 'constructor'];
const likely = fc.constantFrom<unknown>(
  ...[null, 0, -1, 1.5, '', 'x', '12', 'halted', 'ready', [], ['stop'], {}, [{ reason: 'x', items: 2 }]],
  ...[status.mirror, status.replication, { ...status.replication, extra: 1 }, status.recoveryPoint],
);
const change = fc.record({
  path: fc.tuple(fc.constantFrom(...fields), fc.option(fc.constantFrom('state', 'sentBytes', 'time', 'dirty', 'hop'))),
  value: fc.oneof(likely, fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined)),
});

function changed({ path: [field, inner], value }: typeof change extends fc.Arbitrary<infer T> ? T : never): object {
  const told = payload().status as Record<string, unknown>;
  const place = inner === null ? told : told[field];
  const key = inner ?? field;
  if (typeof place === 'object' && place !== null) {
    if (value === undefined) delete (place as Record<string, unknown>)[key];
    else (place as Record<string, unknown>)[key] = value;
  }
  return { name: 'files', status: told };
}

describe('a status that is told again', () => {
  it('is taken or refused as the schema alone would do, with its words', () => {
    const alone = topics['job-status'].payload;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const check = checkOf('job-status');
        expect(check(payload()).success).toBe(true);
        for (const one of changes) {
          const told = changed(one);
          const [found, wanted] = [check(told), alone.safeParse(told)];
          expect(found.data).toEqual(wanted.data);
          expect(found.error?.issues).toEqual(wanted.error?.issues);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps the identity of what is as it was', () => {
    const check = checkOf('job-status');
    const first = check(payload()).data as { status: JobStatus };
    const second = check(payload({ recoveryPoint: { ...status.recoveryPoint, latencyMs: 4 } })).data as typeof first;
    expect(second.status.recoveryPoint.latencyMs).toBe(4);
    for (const key of ['mirror', 'replication', 'actions'] as const)
      expect(second.status[key], key).toBe(first.status[key]);
  });

  it('begins anew when its job was deleted', () => {
    const check = checkOf('job-status');
    const first = check(payload()).data as { status: JobStatus };
    expect(check({ name: 'files', status: null })).toMatchObject({ success: true, data: { status: null } });
    const second = check(payload()).data as typeof first;
    expect(second.status.mirror).not.toBe(first.status.mirror);
  });
});

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
