import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Strangers } from './strangers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let port = 0;
function stranger(): Socket & { gone: boolean } {
  port += 1;
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress: '192.0.2.1',
    remotePort: port,
    gone: false,
    destroy() {
      socket.gone = true;
      socket.emit('close');
    },
  });
  return socket as unknown as Socket & { gone: boolean };
}

function strangers(limit: number): { strangers: Strangers; away: string[] } {
  const away: string[] = [];
  return { strangers: new Strangers({ limit, deadlineMs: 1000, turnedAway: (kind) => away.push(kind) }), away };
}

describe('strangers', () => {
  it('have a deadline, and those who were admitted have none', () => {
    const { strangers: waiting, away } = strangers(8);
    const [slow, known] = [stranger(), stranger()];
    waiting.add(slow);
    waiting.add(known);
    waiting.admit(known);
    vi.advanceTimersByTime(1000);
    expect([slow.gone, known.gone, waiting.size, away]).toEqual([true, false, 0, ['too-slow']]);
  });

  it('that came to pair get more time, and stay if they did', () => {
    const { strangers: waiting } = strangers(8);
    const [paired, idle] = [stranger(), stranger()];
    for (const socket of [paired, idle]) {
      waiting.add(socket);
      waiting.extend(socket, 5000, () => socket === paired);
    }
    vi.advanceTimersByTime(4999);
    expect([paired.gone, idle.gone, waiting.size]).toEqual([false, false, 2]);
    vi.advanceTimersByTime(1);
    expect([paired.gone, idle.gone, waiting.size]).toEqual([false, true, 0]);
  });

  it('are never more than the limit; the oldest gives way', () => {
    const { strangers: waiting, away } = strangers(3);
    const all = Array.from({ length: 10 }, stranger);
    for (const socket of all) {
      waiting.add(socket);
      expect(waiting.size).toBeLessThanOrEqual(3);
    }
    expect(all.map((socket) => socket.gone)).toEqual([...Array(7).fill(true), false, false, false]);
    expect(away).toHaveLength(7);
  });

  it('that leave by themselves are forgotten', () => {
    const { strangers: waiting } = strangers(3);
    const socket = stranger();
    waiting.add(socket);
    socket.destroy();
    expect(waiting.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
