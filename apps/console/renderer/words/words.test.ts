import { dirtyReasons, jobActions, jobStates } from '@understudy/wire';
import { describe, expect, test } from 'vitest';
import { de } from './de/index.ts';
import { en } from './en/index.ts';
import { languageOf, localeTag, translator } from './words.ts';

type Tree = { readonly [key: string]: string | Tree };
const leaves = (tree: Tree, above = ''): [string, string][] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${above}${key}`, value] as [string, string]] : leaves(value, `${above}${key}.`),
  );
const holes = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '').sort();

describe('English', () => {
  const t = translator('en');
  test('has a word and a meaning for every state, and a word for every action', () => {
    for (const state of jobStates) expect([t(`states.job.${state}`), t(`states.means.${state}`)]).not.toContain('');
    for (const action of jobActions) expect(t(`job.actions.${action}`)).not.toContain('job.actions');
  });
  test('has a word for every reason why something is dirty', () => {
    for (const reason of dirtyReasons) expect(t(`states.dirty.${reason}`)).not.toContain('states.dirty');
    expect(Object.keys(en.states.dirty)).toEqual([...dirtyReasons]);
  });
  test('puts figures in and counts', () => {
    expect(t('common.files', { count: 1, shown: '1' })).toBe('1 file');
    expect(t('common.files', { count: 1234, shown: '1,234' })).toBe('1,234 files');
    expect(t('states.lastKnown', { state: '<b>x</b>' })).toBe('last known: <b>x</b>');
  });
});

describe('German', () => {
  const english = new Map(leaves(en));
  test('has every key, with the same figures to put in', () => {
    const german = new Map(leaves(de));
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [key, text] of german) expect([key, holes(text)]).toEqual([key, holes(english.get(key) ?? '')]);
  });
});

test('the language is the chosen one, else the system’s, else English', () => {
  expect([languageOf('de', 'en-US'), languageOf('system', 'de-AT'), languageOf('system', 'fr-FR')]).toEqual([
    'de',
    'de',
    'en',
  ]);
  expect([localeTag('en', 'en-US'), localeTag('de', 'en-US'), localeTag('en', 'C')]).toEqual(['en-US', 'de', 'en-GB']);
});
