import { expect, test } from 'vitest';
import { librariesOf, librariesText, libraryFaults } from './libraries.mjs';

const react = { name: 'react', version: '19.3.1', identifier: 'MIT', text: 'MIT License, copyright somebody' };
const zod = { name: 'zod', version: '4.6.7', identifier: 'MIT', text: 'another text' };

test('each library is named once, with its license', () => {
  const libraries = librariesOf([[zod], [], [react, zod]]);
  expect(libraries).toEqual([react, zod]);
  const text = librariesText(libraries);
  expect(text.match(/## zod 4\.6\.7 \(MIT\)\n\nanother text\n/g)).toHaveLength(1);
  expect(text).toContain('## react 19.3.1 (MIT)\n\nMIT License, copyright somebody\n');
  expect(libraryFaults(libraries)).toEqual([]);
});

test('a library without any word of its license is named', () => {
  expect(libraryFaults([react, { name: 'x', version: '1.0.0' }, { name: 'y', version: '1.0.0', text: 'a' }])).toEqual([
    'x 1.0.0 says nothing of its license',
  ]);
});
