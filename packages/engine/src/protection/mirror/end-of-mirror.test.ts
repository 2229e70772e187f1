import { expect, it } from 'vitest';
import { endOfMirror } from './end-of-mirror.ts';

const sentenceOf = (filesDone: number, bytesSent: number, left = 0): string =>
  endOfMirror({
    repairing: false,
    progress: { filesDone, bytesSent },
    replies: { orphans: { left, moved: 0, deleted: 0, outside: 0 }, outside: [] },
    plan: { orphans: 'report', orphansOlderThanMs: 0 },
  } as never).sentence;

it('says how much it was, so that a person can read it', () => {
  expect(sentenceOf(1, 0)).toBe('The mirror ended: 1 file handled, 0 bytes sent.');
  expect(sentenceOf(12_345, 2_000_021, 1_200)).toBe(
    'The mirror ended: 12,345 files handled, 2,000,021 bytes sent. 1,200 names on the target are not on the source and were left alone.',
  );
});
