/**
 * The list of what was mounted, changed by a disk or a hand: roots that can have been, or none. It decides what is unmounted at a start, which
 * is never prevented by it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RawName, rawFromText } from '@understudy/base';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RootsFile } from './roots-file.ts';

const ROOTS = [
  [1, rawFromText('/srv/one'), null],
  [2, rawFromText('/srv/one/inner'), 1],
  [65_535, rawFromText('/srv/ü and more'), null],
] as const;

let folder = '';
let good = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-roots-'));
  const hex = (path: RawName) => Buffer.from(path, 'latin1').toString('hex');
  good = ROOTS.map(([id, path, parent]) => `${id} ${hex(path)}${parent === null ? '' : ` ${parent}`}\n`).join('');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string | Uint8Array): RootsFile {
  writeFileSync(join(folder, 'roots'), text);
  return new RootsFile(folder);
}

/** Whatever was read, these hold. */
function expectPossible(roots: RootsFile, length: number): void {
  expect(roots.entries().length).toBeLessThanOrEqual(length);
  for (const [id, path] of roots.entries()) {
    expect(Number.isInteger(id) && id >= 1 && id <= 65_535).toBe(true);
    expect(path.startsWith('/') && !path.includes('\0') && path.length < 4096).toBe(true);
    const parent = roots.parentOf(id);
    if (parent !== null) expect(parent >= 1 && parent <= 65_535 && parent !== id).toBe(true);
  }
  const next = roots.nextId([]);
  expect(next >= 1 && next <= 65_535 && roots.entries().every(([id]) => id !== next)).toBe(true);
}

describe('[FSI5] the list of what is mounted', () => {
  it('is read as it was written', () => {
    const roots = read(good);
    expect(roots.entries().map(([id, path]) => [id, path, roots.parentOf(id)])).toEqual(ROOTS);
    expect(roots.nextId([3])).toBe(4);
    const mine = new RootsFile(mkdtempSync(join(folder, 'own-')));
    for (const [id, path, parent] of ROOTS) mine.add(id, path, parent);
    expect(mine.entries()).toEqual(roots.entries());
  });

  it('that was changed names roots that can have been', () => {
    const change = fc.record({ at: fc.nat(200), kind: fc.nat(2), text: fc.stringMatching(/^[0-9a-f \n/-]{0,8}$/) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (list) => {
        let text = good;
        for (const { at, kind, text: other } of list) {
          const where = at % Math.max(1, text.length);
          if (kind === 0) text = text.slice(0, where);
          else text = text.slice(0, where) + other + text.slice(where + (kind === 1 ? other.length : 0));
        }
        expectPossible(read(text), text.length);
      }),
      { numRuns: 500 },
    );
  });

  it('of any bytes, and of any lines, names roots that can have been', () => {
    const number = fc.oneof(fc.nat(70_000), fc.constantFrom(0, 1e21, 2 ** 53));
    const line = fc.tuple(number, fc.uint8Array({ maxLength: 20 }), number);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(line, { maxLength: 8 }), (bytes, lines) => {
        expectPossible(read(bytes), 200);
        const text = lines
          .map(([id, path, parent]) => `${id} 2f${Buffer.from(path).toString('hex')} ${parent}\n`)
          .join('');
        expectPossible(read(text), lines.length);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a number beyond all', '65536 2f61'],
    ['the number of none', '0 2f61'],
    ['an endless number', `${'9'.repeat(400)} 2f61`],
    ['a path that is not from the root on', '1 2e2e2f61'],
    ['a path with a NUL', '1 2f6100'],
    ['half a byte', '1 2f6'],
    ['no path', '1 '],
    ['an endless path', `1 2f${'61'.repeat(4096)}`],
    ['itself for its parent', '1 2f61 1'],
    ['a parent beyond all', '1 2f61 70000'],
  ])('with %s names nothing by it', (_, line) => {
    expect(read(`${line}\n7 2f62\n`).entries()).toEqual([[7, '/b']]);
  });
});
