import { describe, expect, it } from 'vitest';
import { type GateFacts, TransmissionGate, UNLIMITED } from './transmission-gate.ts';

const NOON = { day: 3, minute: 720 };
const facts = (more: Partial<GateFacts> = {}): GateFacts => ({
  ...{ nowMs: 0, local: NOON, waitingBytes: 1000, due: false, idle: false, sentBytes: 0 },
  ...more,
});
const gate = (limits: Partial<typeof UNLIMITED>) => {
  const made = new TransmissionGate();
  made.setLimits({ ...UNLIMITED, ...limits });
  return (more: Partial<GateFacts> = {}) => made.decide(facts(more))?.code ?? 'open';
};
const NIGHT = { days: [0, 1, 2, 3, 4, 5, 6], from: 1320, to: 360 };
const night = { day: 3, minute: 1330 };

describe('[SCM4] transmission limits', () => {
  it('without limits it is open, also when nothing waits', () => {
    const decide = gate({});
    expect([decide(), decide({ idle: true }), decide()]).toEqual(['open', 'open', 'open']);
  });

  it('only within its window, and the sentence names the next one', () => {
    const made = new TransmissionGate();
    made.setLimits({ ...UNLIMITED, windows: [NIGHT] });
    expect(made.decide(facts())?.sentence).toContain('Wednesday 22:00');
    expect(made.decide(facts({ local: night }))).toBeNull();
    expect(made.decide(facts({ local: night, idle: true }))).toBeNull();
    expect(made.decide(facts({ local: { day: 4, minute: 360 } }))?.code).toBe('outside-window');
  });

  it('an interval begins a transmission that goes on until nothing waits', () => {
    const decide = gate({ everyMs: 60_000 });
    const rests = 'waiting-for-interval';
    expect([decide(), decide({ nowMs: 30_000 }), decide({ nowMs: 31_000, idle: true })]).toEqual([
      'open',
      'open',
      rests,
    ]);
    expect([decide({ nowMs: 59_999 }), decide({ nowMs: 60_000 })]).toEqual([rests, 'open']);
    // It took longer than the interval: the next one is due at once.
    expect([decide({ nowMs: 130_000 }), decide({ nowMs: 131_000, idle: true })]).toEqual(['open', 'open']);
  });

  it('a queue size begins one', () => {
    const decide = gate({ startAtBytes: 5000 });
    expect([decide({ waitingBytes: 4999 }), decide({ waitingBytes: 5000 }), decide({ waitingBytes: 1 })]).toEqual([
      ...['waiting-for-queue-size', 'open', 'open'],
    ]);
    expect(decide({ waitingBytes: 0, idle: true })).toBe('waiting-for-queue-size');
  });

  it('a mirror or a repair that is due begins one whatever waits, and the transmission lasts until its end', () => {
    const decide = gate({ startAtBytes: 5000 });
    expect([decide(), decide({ due: true }), decide({ waitingBytes: 0 })]).toEqual([
      ...['waiting-for-queue-size', 'open', 'open'],
    ]);
    expect(decide({ waitingBytes: 0, idle: true })).toBe('waiting-for-queue-size');
  });

  it('an interval is waited for by mirrors and repairs as well, and the sentence says so', () => {
    const made = new TransmissionGate();
    made.setLimits({ ...UNLIMITED, everyMs: 600_000 });
    made.decide(facts());
    made.decide(facts({ idle: true }));
    expect(made.decide(facts({ nowMs: 60_000 }))?.sentence).toBe(
      'Transmission rests. It goes on in 9 min. Changes are queued.',
    );
    expect(made.decide(facts({ nowMs: 60_000, due: true }))).toEqual({
      code: 'waiting-for-interval',
      sentence:
        'Transmission rests. It goes on in 9 min. Changes are queued. A mirror, a repair or a verification waits for it, too.',
    });
  });

  it('says packet by packet whether what it may send has gone', () => {
    const made = new TransmissionGate();
    made.setLimits({ ...UNLIMITED, everyMs: 60_000, stopAfterBytes: 100 });
    expect(made.isSpent(1000)).toBe(false);
    made.decide(facts({ sentBytes: 1000 }));
    expect([made.isSpent(1099), made.isSpent(1100)]).toEqual([false, true]);
    made.setLimits(UNLIMITED);
    made.decide(facts({ sentBytes: 1000 }));
    expect(made.isSpent(1100)).toBe(false);
  });

  it('so many bytes end one until the next interval, whatever waits', () => {
    const decide = gate({ everyMs: 60_000, startAtBytes: 500, stopAfterBytes: 100 });
    expect([decide({ sentBytes: 50 }), decide({ sentBytes: 99 }), decide({ sentBytes: 149 })]).toEqual([
      ...['open', 'open', 'open'],
    ]);
    expect(decide({ sentBytes: 150 })).toBe('stopped-after-bytes');
    expect(decide({ sentBytes: 150, nowMs: 59_000 })).toBe('stopped-after-bytes');
    expect(decide({ sentBytes: 150, nowMs: 60_000 })).toBe('open');
  });

  it('so many bytes end one until the next window', () => {
    const decide = gate({ windows: [NIGHT], stopAfterBytes: 100 });
    expect([decide({ local: night }), decide({ local: night, sentBytes: 100 })]).toEqual([
      'open',
      'stopped-after-bytes',
    ]);
    expect([decide({ sentBytes: 100 }), decide({ local: night, sentBytes: 100 })]).toEqual(['outside-window', 'open']);
  });

  it('limits that change hold at the next question', () => {
    const made = new TransmissionGate();
    made.setLimits({ ...UNLIMITED, windows: [NIGHT] });
    expect(made.decide(facts())?.code).toBe('outside-window');
    made.setLimits(UNLIMITED);
    expect(made.decide(facts())).toBeNull();
  });
});
