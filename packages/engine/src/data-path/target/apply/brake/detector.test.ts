import type { RawName } from '@understudy/base';
import { describe, expect, it } from 'vitest';
import type { Handle } from '../../../../ports.ts';
import { DEFAULT_BRAKE, Detector, type Loss } from './detector.ts';

const handle = (n: number) => `h${n}` as Handle;

function lose(detector: Detector, files: number, loss: Loss, everyMs = 10): void {
  for (let n = 0; n < files; n += 1)
    detector.count(handle(n), { at: n + 1, timeMs: n * everyMs, loss, path: `f${n}` as RawName });
}

describe('[SAFE4] what the brake counts', () => {
  it('trips at a hundred files that are a fifth of all, and says which and where it began', () => {
    const detector = new Detector();
    lose(detector, 99, 'deleted');
    expect(detector.tripped(990, () => 100)).toBeNull();
    lose(detector, 200, 'deleted');
    expect(detector.tripped(2000, () => 1000)).toMatchObject({ code: 'brake', files: 200, first: 1 });
  });

  it('lets pass a checkout of 150 files of 1000, five files of an rsync, and deletions that are slow', () => {
    for (const [files, everyMs] of [
      [150, 10],
      [5, 10],
      [1000, 1000],
    ] as const) {
      const detector = new Detector();
      lose(detector, files, 'replaced', everyMs);
      expect(detector.tripped(files * everyMs, () => 1000)).toBeNull();
    }
    expect(DEFAULT_BRAKE).toEqual({ files: 100, share: 0.2, windowMs: 60_000 });
  });

  it('takes a cipher for overwriting, and the pages of a database not', () => {
    const old = Uint8Array.from({ length: 8192 }, (_, i) => i & 255);
    const page = old.slice();
    page.fill(7, 0, 200);
    const cipher = old.map((byte, i) => byte ^ (1 + (i % 255)));
    const at = { size: () => 8192, offset: 0, timeMs: 1 };
    const detector = new Detector();
    for (let i = 0; i < 50; i += 1) expect(detector.overwrites(handle(1), at, old, page)).toBe(false);
    expect(detector.overwrites(handle(1), at, old, cipher)).toBe(true);
  });
});
