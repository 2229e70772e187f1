import { brand } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_FILES, UnreceivedFiles } from './unreceived-files.ts';

const node = (n: number): NodeId => brand<NodeId>(BigInt(n));

describe('files of which the target lacks something', () => {
  it('count once, however often they were written, and as long as their last operation is lacking', () => {
    const files = new UnreceivedFiles(0);
    for (const [sequence, of] of [1, 2, 1, 1, 3].entries()) files.queued(0, node(of), sequence + 1);
    const left = [0, 1, 2, 3, 4, 5].map((through) => {
      files.received(through);
      return files.count;
    });
    expect(left).toEqual([3, 3, 2, 2, 1, 0]);
  });

  it('are not known after a restart, until all that was queued before has been received', () => {
    const files = new UnreceivedFiles(10);
    files.queued(0, node(1), 11);
    expect(files.count).toBeNull();
    files.received(9);
    expect(files.count).toBeNull();
    files.received(10);
    expect(files.count).toBe(1);
  });

  it('are not known where they are very many, and memory stays bounded; then they are counted again', () => {
    const files = new UnreceivedFiles(0);
    for (let i = 1; i <= MOST_FILES + 5; i += 1) files.queued(0, node(i), i);
    expect(files.count).toBeNull();
    files.received(MOST_FILES);
    expect(files.count, 'five were not counted').toBeNull();
    files.received(MOST_FILES + 5);
    expect(files.count).toBe(0);
    files.queued(0, node(1), MOST_FILES + 6);
    expect(files.count).toBe(1);
  });

  it('are what is on its way, once the queue was let go of', () => {
    const files = new UnreceivedFiles(0);
    for (const sequence of [1, 2, 3]) files.queued(sequence % 2, node(1), sequence);
    files.letGo(2);
    expect(files.count).toBe(1);
    files.letGo(0);
    expect(files.count).toBe(0);
    files.queued(0, node(1), 4);
    expect(files.count).toBe(1);
  });

  it('are as many as somebody counts who remembers everything', () => {
    const step = fc.oneof(
      fc.record({ root: fc.integer({ min: 0, max: 2 }), file: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ received: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const files = new UnreceivedFiles(0);
        const said: string[] = [];
        let through = 0;
        for (const one of steps) {
          if ('file' in one) {
            said.push(`${one.root}/${one.file}`);
            files.queued(one.root, node(one.file), said.length);
          } else {
            through = Math.max(through, Math.floor(one.received * said.length));
            files.received(through);
          }
          expect(files.count).toBe(new Set(said.slice(through)).size);
        }
      }),
    );
  });
});
