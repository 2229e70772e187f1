import { position } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { RecoveryPoint } from './recovery-point.ts';

const at = (n: number) => position(n);

describe('recovery point', () => {
  it('is the time of the oldest operation that the target lacks, or that of the drain where it lacks none', () => {
    const point = new RecoveryPoint();
    expect(point.timeMs).toBeNull();
    point.observe({ whole: true, oldestTimeMs: 500, drainedAtMs: 900, applied: at(4) });
    expect([point.timeMs, point.position]).toEqual([500, 4]);
    point.observe({ whole: true, oldestTimeMs: null, drainedAtMs: 950, applied: at(7) });
    expect([point.timeMs, point.position]).toEqual([950, 7]);
  });

  it('[promise] with a self-audit an empty ring proves nothing: it moves with the newest operation or cookie that came through', () => {
    const point = new RecoveryPoint();
    const idle = { whole: true, oldestTimeMs: null, drainedAtMs: 9000, applied: at(4) };
    point.observe({ ...idle, cookieTimeMs: null, all: true });
    expect(point.timeMs).toBeNull();
    point.recorded(700);
    point.observe({ ...idle, cookieTimeMs: 600, all: false });
    expect(point.timeMs).toBe(600);
    point.observe({ ...idle, cookieTimeMs: 600, all: true });
    expect(point.timeMs).toBe(700);
    point.observe({ ...idle, cookieTimeMs: 1200, all: true });
    expect(point.timeMs).toBe(1200);
  });

  it('[promise] stands still while anything is in doubt, and never goes back', () => {
    const point = new RecoveryPoint();
    point.observe({ whole: true, oldestTimeMs: null, drainedAtMs: 900, applied: at(4) });
    point.observe({ whole: false, oldestTimeMs: null, drainedAtMs: 2000, applied: at(9) });
    expect([point.timeMs, point.position]).toEqual([900, 4]);
    point.observe({ whole: true, oldestTimeMs: 100, drainedAtMs: 2000, applied: at(9) });
    expect(point.timeMs).toBe(900);
  });

  it('[promise] [TCM4] goes back with a target that has lost what it had shown, to what is known of what it still has', () => {
    const point = new RecoveryPoint();
    for (let n = 1; n <= 9; n += 1)
      point.observe({ whole: true, oldestTimeMs: null, drainedAtMs: n * 1000, applied: at(n * 10) });
    point.stands(at(47));
    expect([point.timeMs, point.position]).toEqual([4000, 40]);
    // What is applied again is older than anybody knows: it stands.
    point.observe({ whole: true, oldestTimeMs: 0, drainedAtMs: 20_000, applied: at(60) });
    expect(point.timeMs).toBe(4000);
    point.observe({ whole: true, oldestTimeMs: null, drainedAtMs: 21_000, applied: at(90) });
    expect(point.timeMs).toBe(21_000);
    point.stands(at(3));
    expect([point.timeMs, point.position]).toEqual([null, 0]);
    point.observe({ whole: true, oldestTimeMs: 0, drainedAtMs: 22_000, applied: at(5) });
    expect(point.timeMs).toBeNull();
  });

  it('remembers days of pasts in little room, the newest closest together', () => {
    const point = new RecoveryPoint();
    for (let n = 1; n <= 100_000; n += 1)
      point.observe({ whole: true, oldestTimeMs: null, drainedAtMs: n * 2000, applied: at(n) });
    point.stands(at(99_990));
    expect(point.position).toBe(99_990);
    point.stands(at(50_000));
    expect(point.position).toBeGreaterThan(0);
    expect(point.position).toBeLessThanOrEqual(50_000);
  });
});
