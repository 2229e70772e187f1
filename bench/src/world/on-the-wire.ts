/** When the wire was at work: between the first and the last of what was sent, so that the start of a command does not count. */
import { elapse, type Line } from '@understudy/e2e';

/** Less than this at the beginning or at the end is talk, not content. */
const TALK = 64 * 1024;
const SLICE_MS = 10;

export interface AtWork {
  readonly seconds: number;
  readonly sentBytes: number;
}

export async function atWork(line: Line, work: () => Promise<unknown>): Promise<AtWork> {
  const before = line.sentBytes();
  const seen: { readonly at: number; readonly sent: number }[] = [];
  let over = false;
  const watching = (async () => {
    while (!over) {
      seen.push({ at: performance.now(), sent: line.sentBytes() - before });
      await elapse(SLICE_MS);
    }
  })();
  try {
    await work();
  } finally {
    over = true;
    await watching;
  }
  const sentBytes = line.sentBytes() - before;
  const began = seen.findLast(({ sent }) => sent < TALK)?.at ?? Number.NaN;
  const ended = seen.find(({ sent }) => sent > sentBytes - TALK)?.at ?? performance.now();
  return { seconds: (ended - began) / 1000, sentBytes };
}
