/**
 * Logs of events that a disk, a power cut or a hand has changed: what is listed are events as they can be told, with ids that grow; the agent
 * starts, and what it raises then is found again.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentEvent, agentEventSchema } from '@understudy/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EventLog } from './event-log.ts';

let folder = '';
let recorded = Buffer.alloc(0);
const path = () => join(folder, 'events.jsonl');
const open = () => new EventLog({ folder, bytes: 1 << 20, wallMs: () => 1_700_000_000_000 });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-events-fuzz-'));
  const log = open();
  for (let i = 1; i <= 12; i += 1)
    log.raise({ severity: 'warning', code: `code-${i}`, job: i % 2 === 0 ? 'files' : null, sentence: `sentence ${i}` });
  log.close();
  recorded = readFileSync(path());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});

/** What is read of it. Raises one more event, which is found behind all others, now and after another start. */
function read(bytes: Uint8Array): AgentEvent[] {
  writeFileSync(path(), bytes);
  let log = open();
  const found = log.list({}, 1000);
  const raised = log.raise({ severity: 'error', code: 'after', sentence: 'raised after it' });
  expect(log.list({}, 1000)).toEqual([...found, raised]);
  log.close();
  log = open();
  expect(log.list({}, 1000)).toEqual([...found, raised]);
  expect(log.last).toBe(raised.id);
  log.close();
  for (const event of [...found, raised]) expect(agentEventSchema.safeParse(event).success).toBe(true);
  const ids = [...found, raised].map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  return found;
}

const line = (event: unknown): string => `${JSON.stringify(event)}\n`;
const event = (id: number) => ({ id, time: '2026-11-22T12:00:00.000Z', severity: 'error', code: 'x', job: null });
const whole = (id: number) => ({ ...event(id), sentence: 's', advice: '' });

describe('a log of events', () => {
  it('is read as it was written', () => {
    expect(read(recorded).map(({ code }) => code)).toEqual(Array.from({ length: 12 }, (_, i) => `code-${i + 1}`));
  });

  it('of any bytes, and any JSON, is read over', () => {
    const anyLines = fc.array(fc.jsonValue({ maxDepth: 3 }).map(line), { maxLength: 6 }).map((lines) => lines.join(''));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), anyLines, fc.boolean(), (bytes, lines, behind) => {
        const noise = Buffer.concat([bytes, Buffer.from(`\n${lines}`)]);
        const found = read(behind ? Buffer.concat([noise, recorded]) : Buffer.concat([recorded, noise]));
        expect(found).toHaveLength(12);
      }),
      { numRuns: 150 },
    );
  });

  it('that was changed loses the lines that were, and no others', () => {
    const good = new Set(recorded.toString().split('\n'));
    const change = fc.record({ at: fc.nat(recorded.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (list) => {
        const bytes = Buffer.from(recorded);
        for (const { at, byte } of list) bytes[at] = byte;
        const left = bytes
          .toString('latin1')
          .split('\n')
          .filter((each) => each !== '' && good.has(each));
        const found = new Set(read(bytes).map(({ code }) => code));
        for (const each of left) expect(found).toContain((JSON.parse(each) as AgentEvent).code);
      }),
      { numRuns: 300 },
    );
  });

  it('with an end that was cut anywhere loses that line', () => {
    fc.assert(
      fc.property(fc.nat(recorded.length), fc.constantFrom(0, 100, 65_536, 200_000), (cut, zeros) => {
        const bytes = recorded.subarray(0, cut);
        const lines = bytes.filter((byte) => byte === 0x0a).length;
        expect(read(Buffer.concat([bytes, Buffer.alloc(zeros)]))).toHaveLength(lines);
      }),
      { numRuns: 60 },
    );
  });

  it('whose end was never written, longer than any line, takes the next event as a line of its own', () => {
    expect(read(Buffer.concat([recorded, Buffer.alloc(70_000)]))).toHaveLength(12);
  });

  it.each([2 ** 53 - 1, 2 ** 52 + 1, 9e99])('goes on counting behind a line that says it is event %d', (id) => {
    expect(read(Buffer.from(line(whole(1)) + line(whole(id)) + line(whole(2)))).map((one) => one.id)).toEqual([1, 2]);
  });

  it('is not hidden by a line whose number leapt', () => {
    const text = [1, 2, 3000, 4, 5].map((id) => line(whole(id))).join('');
    expect(read(Buffer.from(text)).map((one) => one.id)).toEqual([1, 2, 4, 5]);
  });

  it('does not lose an event for a line whose number fell', () => {
    const text = [1, 2, 1, 4, 5].map((id) => line(whole(id))).join('');
    expect(read(Buffer.from(text)).map((one) => one.id)).toEqual([1, 2, 4, 5]);
  });
});
