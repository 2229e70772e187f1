import { beforeEach, describe, expect, it } from 'vitest';
import { NotingWatch } from './noting-watch.ts';

describe('[SRM2] a queue that only notes though its target is there', () => {
  let told: string[];
  let queue: { noting: boolean; setNoting(reason: null): void };
  let watch: NotingWatch;
  beforeEach(() => {
    told = [];
    queue = {
      noting: true,
      setNoting: () => {
        queue.noting = false;
      },
    };
    watch = new NotingWatch({ world: { event: ({ code, severity }) => told.push(`${severity} ${code}`) } }, queue);
  });
  const look = (fromMs: number, toMs: number, linked = true): void => {
    for (let ms = fromMs; ms <= toMs; ms += 5000) watch.look(ms, linked);
  };

  it('is told of by name once it has done so for longer than the limit, and queues again', () => {
    look(0, 30_000);
    expect([told, queue.noting]).toEqual([[], true]);
    look(35_000, 35_000);
    expect([told, queue.noting]).toEqual([['error queue-noting'], false]);
    look(40_000, 400_000);
    expect(told).toHaveLength(1);
  });

  it('may do so for as long as there is no target', () => {
    look(0, 400_000, false);
    look(405_000, 425_000);
    expect([told, queue.noting]).toEqual([[], true]);
  });

  it('a time in which the process stood still is not the queue’s', () => {
    look(0, 0);
    look(10_000_000, 10_000_000);
    expect(told).toEqual([]);
  });
});
