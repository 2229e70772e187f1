import { expect, it } from 'vitest';
import { Payoff } from './compress.ts';

const PACKET = 256 * 1024;

it('[SCM3] what never shrinks is tried for less than a fiftieth of its bytes', () => {
  const payoff = new Payoff();
  let tried = 0;
  const packets = 8192;
  for (let i = 0; i < packets; i += 1)
    if (payoff.shouldTry(PACKET)) {
      tried += 1;
      expect(payoff.pays(PACKET, PACKET + 20)).toBe(false);
    }
  expect(tried).toBeGreaterThan(4);
  expect(tried / packets).toBeLessThan(0.02);
});

it('[SCM3] what shrinks again is found again and then always tried', () => {
  const payoff = new Payoff();
  for (let i = 0; i < 1000; i += 1) if (payoff.shouldTry(PACKET)) payoff.pays(PACKET, PACKET);
  let waited = 0;
  while (!payoff.shouldTry(PACKET)) waited += PACKET;
  expect(waited).toBeLessThanOrEqual(64 * 1024 * 1024);
  expect(payoff.pays(PACKET, PACKET / 3)).toBe(true);
  for (let i = 0; i < 100; i += 1) expect(payoff.shouldTry(PACKET)).toBe(true);
});

it('[SCM3] a saving that is not worth it counts as none, and small packets are left alone', () => {
  const payoff = new Payoff();
  expect(payoff.pays(1000, 990)).toBe(false);
  expect(payoff.pays(1000, 900)).toBe(true);
  expect(payoff.shouldTry(100)).toBe(false);
});
