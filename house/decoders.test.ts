import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Sources } from './checks/source.ts';
import { readTree } from './checks/tree.ts';
import { type Decoder, decoders } from './decoders.ts';

/** Functions that decode, and the schemas of what two agents say. */
const EXPORTED = /^export (?:async )?function\*? ((?:decode|parse|read|peek)\w*)/gm;
const SCHEMA = /^export const (\w+Schema)\b/gm;
const MESSAGES = 'packages/wire/src/replication/messages.ts';

/** Sentences about what is not as the list says. */
function findings(tree: Sources, list: readonly Decoder[]): string[] {
  const found: string[] = [];
  for (const { name, file, fuzz } of list) {
    if (tree.get(posix.normalize(file))?.includes(name) !== true) found.push(`${file} holds no ${name}`);
    const test = tree.get(fuzz);
    if (test === undefined) found.push(`there is no ${fuzz}, which ${name} is tried by`);
    else if (file.endsWith('.ts') && !new RegExp(`\\b${name}\\b`).test(test))
      found.push(`${fuzz} does not try ${name}`);
  }
  const listed = new Set(list.map(({ fuzz }) => fuzz));
  const named = new Set(list.map(({ name, file }) => `${file} ${name}`));
  for (const [file, text] of tree) {
    if (file.endsWith('.fuzz.test.ts') && !listed.has(file))
      found.push(`${file} is no test of a decoder that is listed`);
    if (!file.startsWith('packages/wire/src/') || file.endsWith('.test.ts')) continue;
    const names = [...text.matchAll(EXPORTED), ...(file === MESSAGES ? text.matchAll(SCHEMA) : [])];
    for (const [, name = ''] of names)
      if (!named.has(`${file} ${name}`)) found.push(`${file} exports ${name}, and no fuzz test of it is listed`);
  }
  return found;
}

describe('decoders of what comes from outside', () => {
  test('each have a fuzz test', () => expect(findings(readTree(), decoders)).toEqual([]));

  test.each([
    [
      'a decoder of the wire without one',
      { 'packages/wire/src/a.ts': 'export function decodeAll(bytes) {}' },
      /decodeAll/,
    ],
    ['a message without one', { [MESSAGES]: 'export const goodbyeSchema = z.object({})' }, /goodbyeSchema/],
    ['a test that is not listed', { 'apps/agent/src/a.fuzz.test.ts': '' }, /a\.fuzz\.test\.ts is no test/],
  ])('%s is noticed', (_, planted, words) => {
    expect(findings(new Map(Object.entries(planted)), [])).toEqual([expect.stringMatching(words)]);
  });

  test('one that is listed and not there, or not tried, is noticed', () => {
    const list = [{ name: 'decodeOne', file: 'a.ts', fuzz: 'a.fuzz.test.ts' }];
    expect(findings(new Map(), list)).toEqual([
      expect.stringMatching(/holds no/),
      expect.stringMatching(/there is no/),
    ]);
    const tree = new Map([
      ['a.ts', 'decodeOne'],
      ['a.fuzz.test.ts', 'decodeOneMore'],
    ]);
    expect(findings(tree, list)).toEqual(['a.fuzz.test.ts does not try decodeOne']);
  });
});
