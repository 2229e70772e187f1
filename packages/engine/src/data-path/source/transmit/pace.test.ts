import { describe, expect, it } from 'vitest';
import { bytesOnWire, Pacer } from './pace.ts';

/** Sends packets as soon as the pacer lets them go, a timer's millisecond late; bytes sent until `untilMs`. */
function run(pacer: Pacer, packet: number, fromMs: number, untilMs: number): number {
  let sent = 0;
  for (let now = fromMs; now < untilMs; now += Math.max(1, Math.ceil(pacer.waitMs(now))))
    while (pacer.waitMs(now) === 0) {
      pacer.spent(packet, now);
      sent += packet;
    }
  return sent;
}

describe('pace', () => {
  it.each([
    [2_000_000, 262_144],
    [2_000_000, 700],
    [64_000_000, 262_144],
    [131_072, 4096],
  ])('[SCM4] %i bytes per second in packets of %i is kept to within two percent', (rate, packet) => {
    const pacer = new Pacer(0);
    pacer.setRate(rate, 0);
    expect(run(pacer, packet, 0, 20_000) / (rate * 20)).toBeGreaterThan(0.98);
    expect(run(pacer, packet, 20_000, 40_000) / (rate * 20)).toBeLessThan(1.02);
  });

  it('[SCM4] a new rate holds within a second, up and down', () => {
    const pacer = new Pacer(0);
    pacer.setRate(100_000_000, 0);
    run(pacer, 65_536, 0, 1000);
    pacer.setRate(1_000_000, 1000);
    expect(run(pacer, 65_536, 1000, 2000)).toBeLessThan(1_200_000);
    pacer.setRate(10_000_000, 2000);
    expect(run(pacer, 65_536, 2000, 3000)).toBeGreaterThan(9_500_000);
    pacer.setRate(null, 3000);
    expect(pacer.waitMs(3000)).toBe(0);
  });

  it('[SCM4] a long pause is not made up for in one burst', () => {
    const pacer = new Pacer(0);
    pacer.setRate(1_000_000, 0);
    expect(run(pacer, 1000, 3_600_000, 3_601_000)).toBeLessThan(1_150_000);
  });

  it('[SCM3] what the wire carries counts the records of the encryption', () => {
    expect(bytesOnWire(100)).toBe(122);
    expect(bytesOnWire(16_385)).toBe(16_385 + 44);
  });
});
