import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asarOf } from '../electron/asar.mjs';
import { electronProgram } from '../electron.mjs';
import { contentFaults, FUSES, filesIn, folderFaults, fuseFaults, fusesOf } from './inspect.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-inspect-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('fuses', () => {
  test('are those of the design: each that is otherwise or absent is named', () => {
    expect(fuseFaults(FUSES)).toEqual([]);
    for (const [name, wanted] of Object.entries(FUSES)) {
      expect(fuseFaults({ ...FUSES, [name]: !wanted })).toEqual([
        `the fuse ${name} is ${!wanted} and has to be ${wanted}`,
      ]);
      expect(fuseFaults({ ...FUSES, [name]: null })).toEqual([`the fuse ${name} is absent and has to be ${wanted}`]);
    }
  });
  const program = electronProgram();
  if (program === null) console.warn('SKIPPED fuses of a program as it is delivered: Electron is not here');
  test.skipIf(program === null)('of a program as it is delivered are not enough', async () => {
    expect(fuseFaults(await fusesOf(program))).toContain('the fuse RunAsNode is true and has to be false');
  });
});

describe('what is in the archive', () => {
  const good = [
    '/package.json',
    '/build/main/main.js',
    '/build/main/agents.js',
    '/build/preload/preload.cjs',
    '/build/renderer/index.html',
  ];
  const files = (...paths) => paths.map((path) => ({ path, bytes: 10 }));
  test('is what runs', () => expect(contentFaults(files(...good, '/build/renderer/assets/index-x.css'))).toEqual([]));
  test.each([
    '/build/main/main.js.map',
    '/main/main.ts',
    '/build/renderer/a.test.js',
    '/node_modules/zod/index.js',
    '/build/renderer/node_modules/x.js',
    '/tsconfig.json',
  ])('and not %s', (path) => {
    expect(contentFaults(files(...good, path))).toEqual([`${path} is in the archive and does not belong there`]);
  });
  test.each(good)('and %s, too', (path) => {
    expect(contentFaults(files(...good.filter((one) => one !== path)))).toEqual([`${path} is not in the archive`]);
  });
  test('is small', () => {
    expect(contentFaults([...files(...good), { path: '/build/main/x.js', bytes: 9e6 }])).toEqual([
      expect.stringMatching(/^the archive holds 90000\d\d bytes/),
    ]);
  });
  test('is read as Electron reads it', async () => {
    const archive = join(folder, 'app.asar');
    writeFileSync(archive, asarOf({ 'package.json': '{}', 'a.js': 'abc' }));
    expect(await filesIn(archive)).toEqual([
      { path: '/package.json', bytes: 2 },
      { path: '/a.js', bytes: 3 },
    ]);
  });
});

test('beside the archive lies nothing that Electron would run, no language too many, and every license', () => {
  mkdirSync(join(folder, 'resources'));
  mkdirSync(join(folder, 'locales'));
  const write = (...names) => names.map((name) => writeFileSync(join(folder, name), ''));
  const terms = ['LICENSE.understudy.txt', 'NOTICE.understudy.txt', 'LICENSES.libraries.md', 'LICENSE.electron.txt'];
  write('resources/app.asar', 'locales/en-US.pak', 'locales/de.pak', 'LICENSES.chromium.html', ...terms);
  expect(folderFaults(folder)).toEqual([]);
  write('resources/default_app.asar', 'locales/fr.pak');
  rmSync(join(folder, 'LICENSES.libraries.md'));
  expect(folderFaults(folder)).toEqual([
    'resources/default_app.asar lies beside the archive',
    'locales/fr.pak is a language that the console lacks',
    'LICENSES.libraries.md is missing',
  ]);
});
