import { type AgentEvent, dirtyReasons } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../testing.ts';
import { duration, grouped, json, sentence, shown } from '../text.ts';
import { JOB_STATES } from '../values.ts';
import { clip, visibleLength, wrap } from './layout.ts';
import { RateMeter } from './rates.ts';
import { render } from './render.ts';
import { mirrorWord, recoveryAge } from './words.ts';

const NOW = Date.parse('2026-11-22T12:00:10.000Z');
const ESCAPE = '\u001b';

const mirroring = statusOf({
  state: 'mirroring',
  targetDataState: 'mirroring',
  mirror: {
    state: 'mirroring',
    percent: 99.98,
    bytesRemaining: 104_857_600,
    bytesSkipped: 1_048_576,
    bytesSent: 1_073_741_824,
    filesDone: 11_999,
    filesTotal: 12_034,
  },
  recoveryPoint: { time: null, latencyMs: null, position: '0' },
});

const event = (changes: Partial<AgentEvent>): AgentEvent => ({
  id: 1,
  time: '2026-11-22T11:59:59.000Z',
  severity: 'information',
  code: 'x',
  job: 'files',
  sentence: 'the mirror is complete',
  advice: '',
  ...changes,
});

describe('the status screen', () => {
  it('of a protected job', () => {
    const text = render(statusOf(), 80, {
      nowMs: NOW,
      events: [event({})],
      rates: { wire: 2048, mirror: null, timeLeftMs: null },
    });
    expect(text).toBe(
      [
        'files  alpha → beta                                                  ● protected',
        '────────────────────────────────────────────────────────────────────────────────',
        '',
        'source ──────────▶  queue ───────────▶  wire ────────────▶  replica',
        'alpha               0 operations        2.0 KiB/s           beta',
        'fuse interceptor    0 B                 4.2 MiB sent        data ok',
        '',
        'mirror          done · 12,034 of 12,034 files · 1.2 GiB sent',
        'recovery point  3 ms behind · 12:00:00Z · position 8,123,441',
        'last file       /srv/data/a',
        '',
        'last events',
        '11:59:59Z  information  the mirror is complete',
        '',
        'possible now    pause · stop · mirror · verify',
        '',
      ].join('\n'),
    );
  });

  it('of a mirror has rate and time left, and is never 100 % while work remains', () => {
    const text = render(mirroring, 80, { nowMs: NOW, rates: { wire: 5, mirror: 52_428_800, timeLeftMs: 2000 } });
    expect(text).toContain('mirror          mirroring 99.9 % · 11,999 of 12,034 files\n');
    expect(text).toContain('━─ 50.0 MiB/s · about 2.0 s to go\n');
    expect(text).toContain('1.0 GiB sent · 1.0 MiB equal already · 100 MiB left\n');
    expect(text).toContain('recovery point  none yet');
    expect(text).not.toContain('100 %');
  });

  it('shows what waits at the target, where something does', () => {
    const waiting = { operations: 1200, bytes: 5_242_880, oldest: new Date(NOW - 65_000).toISOString() };
    expect(render(statusOf({ targetQueue: waiting }), 80, { nowMs: NOW })).toContain(
      'at the target   1,200 operations, 5.0 MiB to apply · the oldest 1 min 5 s old\n',
    );
    const text = render(statusOf({ targetQueue: { operations: 0, bytes: 0, oldest: null } }), 80, { nowMs: NOW });
    expect(text).not.toContain('at the target');
  });

  it('[SRM2] says how much is dirty and why, on as many lines as it takes, and nothing where nothing is', () => {
    const withDirty = (items: number, bytes: number, ...reasons: string[]) =>
      render(
        statusOf({
          replication: {
            ...statusOf().replication,
            dirty: { items, bytes, reasons: reasons.map((reason) => ({ reason, items: 1 })) },
          },
        }),
        80,
        { nowMs: NOW },
      );
    expect(withDirty(1234, 4_194_304, 'queue-full', 'power-cut')).toContain(
      'dirty           1,234 places, 4.0 MiB in known ranges · queue-full, power-cut\n',
    );
    expect(withDirty(1, 0, 'refused-by-target')).toContain('dirty           1 place · refused-by-target\n');
    const many = withDirty(3, 0, ...dirtyReasons, `of-a-later-agent${ESCAPE}[2J`);
    for (const reason of [...dirtyReasons, 'of-a-later-agent']) expect(many).toContain(reason);
    expect(many).not.toContain(ESCAPE);
    for (const line of many.split('\n')) expect(visibleLength(line)).toBeLessThanOrEqual(80);
    expect(render(statusOf(), 80, { nowMs: NOW })).not.toContain('dirty');
  });

  it.each(JOB_STATES)('has a word and a shape for %s', (state) => {
    const first = render(statusOf({ state }), 80, { nowMs: NOW }).split('\n')[0] ?? '';
    expect(first).toMatch(new RegExp(`[^\\w\\s] ${state}$`));
  });

  it('says why, for a job that is not well', () => {
    const reason = {
      code: 'root-missing',
      sentence: 'the folder /srv/data is gone; mount it again, then start the job',
    };
    const unrepairablePaths = Array.from({ length: 7 }, (_, i) => `/srv/data/${i}\u001b[2J: EPERM`);
    const lost = { unrepairable: 200, unrepairablePaths };
    const text = render(statusOf({ state: 'halted', reason, ...lost, targetDataState: 'unknown' }), 80, { nowMs: NOW });
    expect(text).toContain(reason.sentence);
    expect(text).toContain('✖ halted');
    expect(text).toMatch(/unrepairable +200 files/);
    expect(text).toContain('/srv/data/4');
    expect(text).not.toContain('/srv/data/5');
    expect(text).toContain('and 195 more');
    expect(text).not.toContain('\u001b[2J');
    expect(text).toMatch(/target data +unknown/);
    expect(text).toContain('╳');
  });

  it('never shows figures of a lost connection as of now', () => {
    const lost = { sinceMs: NOW - 65_000, sentence: 'the connection to alpha was lost' };
    const text = render(statusOf(), 80, { nowMs: NOW, lost, rates: { wire: 9, mirror: null, timeLeftMs: null } });
    expect(text).toContain('does not answer since 1 min 5 s');
    expect(text).toContain('? last known: protected');
    expect(text).not.toContain('●');
    expect(text).not.toContain('9 B/s');
    expect(text).toMatch(/recovery point +10 s old/);
  });

  it.each([40, 63, 80, 200])('fits into %i columns, coloured or not', (width) => {
    const long = event({ severity: 'error', sentence: 'x'.repeat(300), advice: 'do '.repeat(90) });
    const hard = statusOf({
      source: 'a-server-with-a-very-long-name.example.org',
      interceptorReason: 'y '.repeat(200),
    });
    for (const colour of [true, false]) {
      const text = render(hard, width, { nowMs: NOW, events: [long], colour });
      for (const line of text.split('\n')) expect(visibleLength(line)).toBeLessThanOrEqual(width);
      expect(text.includes(ESCAPE)).toBe(colour);
    }
  });

  it('lets no name or sentence move the cursor', () => {
    const replication = { ...statusOf().replication, lastFileTouched: `/srv/${ESCAPE}[2J\n` };
    const events = [event({ sentence: `a${ESCAPE}]0;title\u0007b` })];
    const text = render(statusOf({ replication }), 100, { nowMs: NOW, events });
    expect(text).toContain('/srv/\\x1b[2J\\x0a');
    expect(text).not.toContain(ESCAPE);
    expect(text).not.toContain('\u0007');
  });
});

describe('words', () => {
  it('the recovery point’s age is its latency while protected, and grows otherwise', () => {
    expect(recoveryAge(statusOf(), NOW)).toBe('3 ms behind');
    expect(recoveryAge(statusOf({ state: 'disconnected' }), NOW)).toBe('10 s old');
  });

  it('a mirror is done only at 100 %', () => {
    const idle = { ...statusOf().mirror, percent: 99.999 };
    expect(mirrorWord(statusOf({ mirror: idle }))).toBe('idle at 99.9 %');
    expect(mirrorWord(statusOf())).toBe('done');
    expect(mirrorWord(statusOf({ mirror: { ...idle, percent: 0 } }))).toBe('none yet');
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [4210, '4.2 s'],
    [59_400, '59 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [3_599_900, '1 h'],
    [273_600_000, '3 d 4 h'],
  ])('%i ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('groups digits', () => {
    expect([0, 999, 1000, 12_034, 1_234_567].map(grouped)).toEqual(['0', '999', '1,000', '12,034', '1,234,567']);
  });

  it('writes out what is no text', () => {
    expect(shown('a\\b\udcff\u0007')).toBe('a\\\\b\\xff\\x07');
    expect(sentence('a\\b\nc\u0007ü')).toBe('a\\b\nc\\x07ü');
    expect(json({ path: '/\udcff', ok: 'ü😀' }, 0)).toBe('{"path":"/\\\\xff","ok":"ü😀"}\n');
  });
});

describe('layout', () => {
  it('clips to cells, keeping styles', () => {
    expect(clip('abcdef', 4)).toBe('abc…');
    expect(clip('abcd', 4)).toBe('abcd');
    expect(clip(`${ESCAPE}[31mabcdef${ESCAPE}[39m`, 4)).toBe(`${ESCAPE}[31mabc…${ESCAPE}[39m`);
    expect(clip(`ab${ESCAPE}[1mcd${ESCAPE}[22mef`, 4)).toBe(`ab${ESCAPE}[1mc…${ESCAPE}[22m`);
  });

  it('wraps at words', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
  });
});

describe('rates', () => {
  const at = (bytes: number, remaining = 0) =>
    statusOf({ mirror: { ...mirroring.mirror, bytesSent: bytes, bytesSkipped: 0, bytesRemaining: remaining } });

  it('come from the counters of the last seconds', () => {
    const meter = new RateMeter();
    expect(meter.add(at(0), 1000).mirror).toBeNull();
    expect(meter.add(at(1000, 5000), 2000)).toMatchObject({ mirror: 1000, timeLeftMs: 5000 });
    for (let second = 3; second < 20; second += 1) meter.add(at(1000 + 10 * (second - 2)), second * 1000);
    expect(meter.add(at(1000 + 10 * 18), 20_000).mirror).toBeCloseTo(10);
  });

  it('start afresh when a counter falls', () => {
    const meter = new RateMeter();
    meter.add(at(5000), 0);
    expect(meter.add(at(10), 1000).mirror).toBeNull();
    expect(meter.add(at(1010), 2000).mirror).toBe(1000);
  });

  it('are unknown where nothing moves on', () => {
    const meter = new RateMeter();
    meter.add(at(10, 99), 0);
    expect(meter.add(at(10, 99), 4000)).toMatchObject({ mirror: 0, timeLeftMs: null });
  });
});
