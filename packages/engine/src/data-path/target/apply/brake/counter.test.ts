import { describe, expect, it } from 'vitest';
import type { Handle } from '../../../../ports.ts';
import { Counter } from './counter.ts';
import type { KeepingFiles } from './keeping-files.ts';

const NOW = 1_000_000;

/** A counter of a process that has seen no file come to be; the file system says when they did. */
function counterWhere(bornMs: (handle: Handle) => number | null): Counter {
  const root = { bornMs, pathOf: () => null } as unknown as KeepingFiles;
  const counter = new Counter({ wallMs: () => NOW, total: () => 200, root: () => root });
  counter.at = 1;
  counter.sourceMs = NOW;
  return counter;
}

function loseAll(counter: Counter): void {
  const watch = counter.watch(0);
  for (let n = 0; n < 200; n += 1) watch.lost('deleted', `h${n}` as Handle, () => null);
}

describe('[SAFE4] after a restart of the target', () => {
  it('what came to be a moment before it counts for nothing: a start is no reason for an alarm', () => {
    const counter = counterWhere(() => NOW - 30_000);
    expect(counter.watch(0).looksAt('h1' as Handle)).toBe(false);
    loseAll(counter);
    expect(counter.trip).toBeNull();
  });

  it.each([
    ['is older than the window', NOW - 61_000],
    ['a mirror has brought since', NOW],
    ['has an age that nobody knows', null],
  ])('what %s counts', (_, bornMs) => {
    const counter = counterWhere(() => bornMs);
    expect(counter.watch(0).looksAt('h1' as Handle)).toBe(true);
    loseAll(counter);
    expect(counter.trip).toMatchObject({ code: 'brake', files: 100 });
  });
});
