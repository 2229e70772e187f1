/** Whatever happens to statuses: who hears only what changed has what he would have been told, and nothing that the schema refuses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JobStatus, jobStatusSchema } from './job.ts';
import { changesOf, type Heard, jobNewsSchema, StatusBook, StatusTeller, withChanges } from './status-changes.ts';
import { EXAMPLE_STATUS } from './testing/example-status.ts';

const { replication } = EXAMPLE_STATUS;
const dirty = { items: 1, bytes: 2, reasons: [{ reason: 'moved', items: 1 }] };
const status: JobStatus = { ...EXAMPLE_STATUS, replication: { ...replication, dirty } };
const fields = Object.keys(jobStatusSchema.shape) as (keyof JobStatus)[];
const values: Partial<Record<keyof JobStatus, readonly unknown[]>> = {
  state: ['protected', 'halted'],
  reason: [null, { code: 'x', sentence: 's' }, { code: 'y', sentence: 's' }],
  verification: [undefined, { percent: 1, differences: 0 }, { percent: 2, differences: 0 }],
  replication: [
    status.replication,
    { ...status.replication, sentBytes: 9, dirty: undefined },
    { ...status.replication, dirty: { items: 2, bytes: 2, reasons: [] }, lastFileTouched: null },
  ],
  audit: [undefined, { lastSeen: null, ageMs: null, begins: 'kernel', hop: 'sent' }],
  exposures: [undefined, [], ['a'], ['a', 'b']],
  actions: [[], ['pause'], ['pause', 'stop']],
  unrepairable: [undefined, 0, 3],
};
const step = fc.oneof(
  ...Object.entries(values).map(([part, all]) => fc.constantFrom(...all).map((value) => ({ part, value }))),
);
const statusHeard = (heard: Heard | string) => (typeof heard === 'string' ? heard : heard.status);
/** What goes over the wire. */
const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a status of which only what changed is told', () => {
  it('is what it would be had it been told as a whole', () => {
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 3 }), { minLength: 1, maxLength: 6 }), (seconds) => {
        const [teller, book] = [new StatusTeller(), new StatusBook()];
        let now: JobStatus = structuredClone(status);
        const hear = (news: unknown) => statusHeard(book.take(jobNewsSchema.parse(overTheWire(news))));
        let heard = hear(teller.tell('files', now));
        for (const steps of seconds) {
          const before = now;
          now = structuredClone(now);
          for (const { part, value } of steps) now = { ...now, [part]: structuredClone(value) };
          const told = teller.tell('files', now);
          expect(told === null, 'nothing is told when nothing changed').toBe(
            JSON.stringify(jobStatusSchema.parse(before)) === JSON.stringify(jobStatusSchema.parse(now)),
          );
          if (told !== null) heard = hear(told);
          expect(heard).toEqual(jobStatusSchema.parse(overTheWire(now)));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('tells the fields that moved, and no more', () => {
    const now = {
      ...status,
      replication: { ...status.replication, sentBytes: 5, dirty: undefined },
      exposures: undefined,
    };
    expect(changesOf(status, now)).toEqual({
      set: { 'replication.sentBytes': 5 },
      gone: ['replication.dirty', 'exposures'],
    });
    expect(changesOf(status, structuredClone(status))).toBeNull();
    expect(changesOf({ ...status, reason: null }, { ...status, reason: { code: 'a.b', sentence: '' } })).toEqual({
      set: { reason: { code: 'a.b', sentence: '' } },
      gone: [],
    });
  });

  it('keeps the identity of what is as it was, and never touches what was told before', () => {
    const frozen = structuredClone(status);
    const now = withChanges(status, { set: { 'replication.sentBytes': 5, 'replication.dirty': undefined }, gone: [] });
    expect(now.replication.sentBytes).toBe(5);
    for (const key of ['mirror', 'exposures', 'actions'] as const) expect(now[key], key).toBe(status[key]);
    expect(status).toEqual(frozen);
  });

  it('begins anew when its job was deleted', () => {
    const book = new StatusBook();
    book.take({ name: 'files', status: structuredClone(status) });
    expect(book.take({ name: 'files', status: null })).toMatchObject({ status: null });
    expect(book.take({ name: 'files', set: { state: 'halted' } })).toBe('a change of files, which was not told before');
    const teller = new StatusTeller();
    teller.tell('files', status);
    teller.tell('files', null);
    expect(teller.tell('files', status)).toEqual({ name: 'files', status });
  });
});

describe('changes that no honest agent tells', () => {
  const taken = (set: object, gone: readonly string[] = []) => {
    const book = new StatusBook();
    book.take({ name: 'files', status: structuredClone(status) });
    return statusHeard(book.take({ name: 'files', set: set as Record<string, unknown>, gone: [...gone] }));
  };

  it('never make a status that the schema would refuse, or make otherwise', () => {
    const path = fc.tuple(
      fc.constantFrom<string>(...fields, 'nobodyKnowsThis', '__proto__', 'constructor', ''),
      fc.option(fc.constantFrom('.state', '.sentBytes', '.time', '.dirty', '.hop', '.__proto__', '.', '..', '.0')),
    );
    const value = fc.oneof(
      fc.constantFrom<unknown>(null, 0, -1, 1.5, '', 'x', '12', 'halted', 'ready', [], ['stop'], {}, status.mirror),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const paths = path.map(([part, field]) => part + (field ?? ''));
    fc.assert(
      fc.property(fc.dictionary(paths, value, { maxKeys: 4 }), fc.array(paths, { maxLength: 2 }), (set, gone) => {
        const now = taken(set, gone);
        if (typeof now !== 'string') expect(now).toEqual(jobStatusSchema.parse(now));
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, object, readonly string[], string]>([
    ['a wrong value', { state: 'fine' }, [], 'state: '],
    ['a wrong field', { 'replication.sentBytes': -1 }, [], 'replication.sentBytes: '],
    ['a field of a part that is not there', { 'audit.hop': 'sent' }, [], 'audit.hop: '],
    ['a field of what is no object', { 'actions.0': 'stop' }, [], 'actions.0: '],
    ['a part that must be there, gone', {}, ['mirror'], 'mirror: '],
  ])('%s is refused with its place', (_what, set, gone, sentence) => {
    expect(taken(set, gone)).toContain(sentence);
  });

  it('of a part as a whole and of its fields at once are the part, whatever comes first', () => {
    const reason = { code: 'x', sentence: 's' };
    for (const set of [
      { reason: null, 'reason.code': 'y' },
      { 'reason.code': 'y', reason: null },
    ]) {
      const book = new StatusBook();
      book.take({ name: 'files', status: { ...structuredClone(status), reason } });
      expect(book.take({ name: 'files', set })).toMatchObject({ status: { reason: null }, changes: { gone: [] } });
    }
  });

  it('change nothing where one of them is refused', () => {
    const book = new StatusBook();
    book.take({ name: 'files', status: structuredClone(status) });
    expect(book.take({ name: 'files', set: { unrepairable: 3, state: 'fine' } })).toContain('state: ');
    expect(statusHeard(book.take({ name: 'files', set: {} }))).toEqual(status);
  });

  it('reach nothing but the status', () => {
    const now = taken(JSON.parse('{"replication.__proto__": {"polluted": 1}, "__proto__": {"polluted": 1}}'));
    expect(now).toEqual(status);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
