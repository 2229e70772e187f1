import type { Handle, LostPast, UndoPoint } from '@understudy/engine';
import { describe, expect, it } from 'vitest';
import { type HeldLine, Images, type LostOfRoot } from './held-replica.ts';

const MOMENT: UndoPoint = { number: 1, position: 7, wallMs: 1, sourceMs: 1, bytes: 0, uncertain: 0 };

const lines = (...all: readonly (readonly [path: string, handle: string, rest: string])[]): HeldLine[] =>
  all.map(([path, handle, rest]) => ({
    ...{ line: `/data${path} ${rest}`, top: '/data', root: 0 },
    handle: handle as Handle,
  }));
const lost = (handle: string, path: string, uncertain: boolean): LostOfRoot => ({
  ...{ root: 0, uncertain, within: false, place: null, handle: handle as Handle },
  path: path as LostPast['path'],
});

const THEN = lines(
  ['', 'top', '40755 '],
  ['/a', 'a', '100600 size 1 abc '],
  ['/d', 'd', '40755 '],
  ['/d/b', 'b', '100600 size 2 def '],
);

function wrong(now: readonly HeldLine[], ...missing: readonly LostOfRoot[]): string | null {
  const images = new Images();
  images.note(MOMENT, () => THEN);
  return images.wrong(MOMENT, now, missing);
}

describe('a replica that was taken back', () => {
  it('[SAFE4] may not differ where nothing is named', () => {
    expect(wrong(THEN)).toBeNull();
    const now = [...THEN.slice(0, 3), ...lines(['/d/b', 'b', '100600 size 2 xyz '])];
    expect(wrong(now)).toContain('was: /data/d/b');
    expect(wrong(now, lost('a', 'a', true), lost('', '', true))).toContain('is:  /data/d/b');
  });

  it('[SAFE4] may lack the content, and nothing else, of a file that was too large to be kept', () => {
    const content = [...THEN.slice(0, 3), ...lines(['/d/b', 'b', '100600 size 2 xyz '])];
    expect(wrong(content, lost('b', '', false))).toBeNull();
    const size = [...THEN.slice(0, 3), ...lines(['/d/b', 'b', '100600 size 3 xyz '])];
    expect(wrong(size, lost('b', 'd/b', false))).toContain('was: /data/d/b');
  });

  it('[SAFE4] may differ in what was under way at a power cut, by its file or by its path', () => {
    const now = [...lines(['', 'top', '40700 '], ['/c', 'a', '100600 size 5 abc ']), ...THEN.slice(2)];
    expect(wrong(now, lost('a', '', true), lost('top', '', true))).toBeNull();
    expect(wrong(now, lost('', 'c', true), lost('', 'a', true), lost('top', '', true))).toBeNull();
    expect(wrong(now, lost('', 'c', true), lost('', 'a', true))).toContain('was: /data 40755');
  });

  it('[SAFE4] may differ in a name whose directory was taken back to where it was', () => {
    const now = [...THEN, ...lines(['/d/new', 'n', '100600 size 0 '])];
    const named = {
      ...lost('', 'elsewhere/new', true),
      place: { parent: 'd' as Handle, name: 'new' as LostPast['path'] },
    };
    expect(wrong(now, named)).toBeNull();
    expect(wrong(now, { ...named, place: null })).toContain('is:  /data/d/new');
  });

  it('[SAFE4] may have beneath another name what lay in a directory that was moved, but not beneath the same', () => {
    const moved = [...THEN.slice(0, 2), ...lines(['/e', 'd', '40755 '], ['/e/b', 'b', '100600 size 2 def '])];
    expect(wrong(moved, lost('d', 'e', true))).toBeNull();
    const there = [...THEN.slice(0, 3), ...lines(['/d/b', 'b', '100600 size 9 def '])];
    expect(wrong(there, lost('d', 'd', true))).toContain('is:  /data/d/b');
  });
});
