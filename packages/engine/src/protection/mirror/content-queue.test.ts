import type { NodeId } from '@understudy/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ContentQueue } from './content-queue.ts';
import type { ContentTask } from './world.ts';

const whole = (node: number, how: ContentTask['how'] = 'send', root = 0): ContentTask => ({
  root,
  node: BigInt(node) as NodeId,
  how,
  ranges: null,
  pieces: 0,
  counts: true,
});

test('a file that waits is sent once, and again when it is asked for after it has left', () => {
  const queue = new ContentQueue();
  queue.push(whole(1));
  queue.push(whole(2));
  queue.push(whole(1));
  expect(queue.willSend(0, 1n as NodeId)).toBe(true);
  expect(queue.shift()).toEqual(whole(1));
  expect(queue.willSend(0, 1n as NodeId)).toBe(false);
  queue.push(whole(1));
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([whole(2), whole(1), undefined]);
});

test('to be sent and to be compared are two things, and so is the same number in another root', () => {
  const queue = new ContentQueue();
  for (const task of [whole(1, 'check'), whole(1), whole(1, 'send', 1)]) queue.push(task);
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([whole(1), whole(1, 'send', 1), whole(1, 'check')]);
});

test('stretches keep what they carry, each by itself', () => {
  const queue = new ContentQueue();
  const stretch = { ...whole(1, 'check'), ranges: [0, 4096], pieces: 1, counts: false };
  queue.push(stretch);
  queue.push(stretch);
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([stretch, stretch, undefined]);
});

test('whatever comes and goes between, every file leaves in the order in which it came', () => {
  const steps = fc.array(fc.option(fc.nat(9), { nil: null }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (list) => {
      const queue = new ContentQueue();
      let model: number[] = [];
      for (const step of list) {
        if (step !== null) {
          queue.push(whole(step));
          if (!model.includes(step)) model.push(step);
          continue;
        }
        const [first, ...rest] = model;
        expect(queue.shift()).toEqual(first === undefined ? undefined : whole(first));
        model = rest;
      }
    }),
  );
});
