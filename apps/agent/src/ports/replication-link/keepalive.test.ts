import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Keepalive } from './keepalive.ts';

let now = 0;
let pings: number[] = [];
let dead: number[] = [];
let keepalive: Keepalive | null = null;
// Its own timer stands still, so that only `pass` makes it tick.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  keepalive?.stop();
  vi.useRealTimers();
});

function begin(): Keepalive {
  now = 1000;
  pings = [];
  dead = [];
  const settings = { pingMs: 2000, deadMs: 10_000 };
  keepalive = new Keepalive(settings, { ping: (v) => pings.push(v), dead: (ms) => dead.push(ms) }, () => now);
  return keepalive;
}

function pass(kept: Keepalive, ms: number): void {
  now += ms;
  kept.tick();
}

describe('keepalive', () => {
  it('pings, and gives up after the limit of silence', () => {
    const kept = begin();
    for (let i = 0; i < 4; i += 1) pass(kept, 2000);
    expect([pings.length, dead]).toEqual([4, []]);
    pass(kept, 2000);
    expect(dead).toEqual([10_000]);
  });

  it('takes any byte for a sign of life', () => {
    const kept = begin();
    for (let i = 0; i < 50; i += 1) {
      pass(kept, 2000);
      if (i % 4 === 0) kept.heard();
    }
    expect(dead).toEqual([]);
  });

  it('does not blame the peer for a time in which this process itself stood still', () => {
    const kept = begin();
    pass(kept, 2000);
    pass(kept, 60_000);
    expect(dead).toEqual([]);
    pass(kept, 2000);
    pass(kept, 2000);
    expect(dead).toEqual([]);
    pass(kept, 2000);
    expect(dead).toEqual([10_000]);
  });

  it('measures the way there and back', () => {
    const kept = begin();
    pass(kept, 2000);
    now += 35;
    kept.pong(pings[0] ?? 0);
    expect(kept.roundTripMs).toBe(35);
    kept.pong(Number.MAX_SAFE_INTEGER);
    expect(kept.roundTripMs).toBe(35);
  });
});
