import { brand } from '@understudy/base';
import { type NodeId, position } from '@understudy/wire';
import { expect, it } from 'vitest';
import { InFlight } from './in-flight.ts';
import { noProgress } from './progress.ts';
import { Replies } from './replies.ts';
import type { ContentTask } from './world.ts';

const node = brand<NodeId>(9n);
const REGULAR = 0o100644;

it.each([
  ['each of it is due once the target has the file', 'have', ['check 0,4096', 'send 8192,9000', 'check whole']],
  ['none of it is due where the target wants all of the file', 'want', ['send whole']],
] as const)(
  '[SRM2] what is dirty of a file in several ways waits for the answer about its name: %s',
  (_, kind, due) => {
    const done: string[] = [];
    const inFlight = new InFlight({
      mark: () => {},
      again: () => {},
      unanswered: () => {},
      finished: () => {},
      lost: () => {},
      settled: () => {},
    });
    const progress = noProgress();
    const replies = new Replies({
      roots: new Map([[0, { files: { stat: () => ({ mode: REGULAR, size: 10_000 }) } }]]) as never,
      compare: 'checksum',
      progress,
      inFlight,
      unreadable: () => {},
      told: () => true,
      directory: () => {},
      content: ({ how, ranges }) => done.push(`${how} ${ranges?.join() ?? 'whole'}`),
      willSend: () => false,
      goOn: () => {},
    });
    const task = (how: ContentTask['how'], ranges: number[]) => ({
      root: 0,
      node,
      how,
      ranges,
      pieces: 0,
      counts: true,
    });
    inFlight.asked({ root: 0, node, place: null });
    expect([replies.defers(task('check', [0, 4096])), replies.defers(task('send', [8192, 9000]))]).toEqual([
      true,
      true,
    ]);
    replies.take({ kind, at: position(1), root: 0, node });
    expect(done).toEqual(due);
    // What is not done by itself counts as done with the whole.
    expect(progress.filesDone).toBe(kind === 'want' ? 2 : 0);
  },
);
