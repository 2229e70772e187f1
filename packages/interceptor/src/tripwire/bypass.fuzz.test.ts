/** Lines of the holder that are not what they should be: a bypass in numbers that there can be, or none; and names that cannot forge a line. */
import { brand, type RawName, toHex } from '@understudy/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bypassSentence, parseBypass } from './bypass.ts';

const ROOT = brand<RawName>('/srv/data');
const GOOD = 'bypass 7 123 a i 1f 3 -62617368 -2f612062';

function checked(line: string): boolean {
  const bypass = parseBypass(line);
  if (bypass === null) return false;
  for (const value of [bypass.root, bypass.pid, bypass.unsaid]) expect(Number.isSafeInteger(value)).toBe(true);
  expect(bypass.node <= 0xffff_ffff_ffff_ffffn).toBe(true);
  expect(bypass.path.length + bypass.command.length).toBeLessThanOrEqual(line.length * 2);
  for (const inside of [null, brand<RawName>('/srv/data/a')])
    expect([...bypassSentence(bypass, ROOT, inside)].filter((char) => char < ' ' || char === '\x7f')).toEqual([]);
  return true;
}

describe('a line about a change that came past the mount', () => {
  it('of any text is none, or one of that form', () => {
    expect(checked(GOOD)).toBe(true);
    const word = fc.oneof(
      fc.constantFrom('bypass', '7', '-1', 'i', 'o', '-', '-2f61', '9'.repeat(400), 'f'.repeat(400), '-6'),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.array(word, { maxLength: 10 }), (text, words) => {
        checked(text);
        checked(['bypass', ...words].join(' '));
      }),
      { numRuns: 1000 },
    );
  });

  it('that was recorded and then changed is none, or one in numbers that there can be', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(GOOD.length), kind: fc.nat(3), text: fc.string({ maxLength: 20 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
        (list) => {
          let line = GOOD;
          for (const { at, kind, text } of list) {
            const [head, tail] = [line.slice(0, at), line.slice(at)];
            if (kind === 0) line = head;
            else if (kind === 1) line = head + text + tail;
            else if (kind === 2) line = head + tail.slice(text.length);
            else line = head + tail.slice(0, text.length).repeat(20) + tail;
          }
          checked(line);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('carries every name through as it is, and shows none that would write lines of its own', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(bytes, bytes, (command, path) => {
        const line = `bypass 7 123 a o 1f 0 -${toHex(command)} -${toHex(path)}`;
        expect(checked(line)).toBe(true);
        expect(parseBypass(line)?.path).toBe(String.fromCharCode(...path));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['root', `bypass ${'9'.repeat(400)} 1 a i 1f 0 - -`],
    ['process', `bypass 1 ${'9'.repeat(400)} a i 1f 0 - -`],
    ['node', `bypass 1 1 a i 1${'0'.repeat(16)} 0 - -`],
    ['count', `bypass 1 1 a i 1f ${'9'.repeat(400)} - -`],
  ])('with a %s beyond all numbers is none', (_, line) => {
    expect(parseBypass(line)).toBeNull();
  });
});
