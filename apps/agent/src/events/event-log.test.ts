import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentEvent } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventLog } from './event-log.ts';

const BYTES = 256 * 1024;
let folder = '';
let log: EventLog;
const open = () => new EventLog({ folder, bytes: BYTES, wallMs: () => 1_700_000_000_000 });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-events-'));
  log = open();
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true, force: true });
});

function raise(code: string, job: string | null = null, severity: AgentEvent['severity'] = 'information'): AgentEvent {
  return log.raise({ severity, code, job, sentence: `about ${code}` });
}
const codes = (events: AgentEvent[]) => events.map((event) => event.code);

describe('the event log', () => {
  it('numbers events on across restarts', () => {
    raise('a');
    raise('b');
    log.close();
    log = open();
    expect(raise('c').id).toBe(3);
    expect(codes(log.list({}, 10))).toEqual(['a', 'b', 'c']);
  });

  it('loses no more than the line that a crash cut off', () => {
    raise('a');
    log.close();
    appendFileSync(join(folder, 'events.jsonl'), '{"id":2,"time":"20');
    log = open();
    expect(raise('b').id).toBe(2);
    log.close();
    log = open();
    expect(codes(log.list({}, 10))).toEqual(['a', 'b']);
  });

  it('reads over damaged lines', () => {
    raise('a');
    log.close();
    appendFileSync(join(folder, 'events.jsonl'), 'garbage\n{"id":999999999}\n');
    log = open();
    expect(raise('b').id).toBe(2);
  });

  it('never grows beyond its size, and its newest events stay', () => {
    const sentence = 'x'.repeat(2000);
    for (let i = 0; i < 1000; i += 1) log.raise({ severity: 'information', code: 'big', sentence });
    let bytes = 0;
    for (const name of readdirSync(folder)) bytes += statSync(join(folder, name)).size;
    expect(bytes).toBeLessThanOrEqual(BYTES);
    log.close();
    log = open();
    expect(log.last).toBe(1000);
    expect(log.list({}, 10).map((event) => event.id)).toEqual([991, 992, 993, 994, 995, 996, 997, 998, 999, 1000]);
  });

  it('goes on numbering when the newest part is empty', () => {
    raise('a');
    log.close();
    writeFileSync(join(folder, 'events.1.jsonl'), readFileSync(join(folder, 'events.jsonl')));
    writeFileSync(join(folder, 'events.jsonl'), '');
    log = open();
    expect(raise('b').id).toBe(2);
  });

  it('lists by job, severity and place', () => {
    raise('a', 'files');
    raise('b', 'other', 'error');
    raise('c', 'files', 'warning');
    expect(codes(log.list({ job: 'files' }, 10))).toEqual(['a', 'c']);
    expect(codes(log.list({ severity: 'warning' }, 10))).toEqual(['b', 'c']);
    expect(codes(log.list({ after: 1 }, 1))).toEqual(['b']);
    expect(codes(log.list({}, 1))).toEqual(['c']);
  });

  it('pages through all that is stored, beyond what it keeps in memory', () => {
    log.close();
    log = new EventLog({ folder, bytes: 16 * BYTES });
    for (let i = 0; i < 2500; i += 1) log.raise({ severity: 'information', code: 's', sentence: '' });
    const seen: number[] = [];
    for (let after = 500; ; after = seen.at(-1) ?? after) {
      const page = log.list({ after }, 300);
      if (page.length === 0) break;
      seen.push(...page.map((event) => event.id));
    }
    expect(seen).toHaveLength(2000);
    expect(seen[0]).toBe(501);
  });

  it('tells those who listen, until they stop', () => {
    const heard: string[] = [];
    const end = log.subscribe((event) => heard.push(event.code));
    raise('a');
    end();
    raise('b');
    expect(heard).toEqual(['a']);
  });
});
