import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkCycles, checkDataPath, checkDeclared, checkLayers } from './checks/imports.ts';
import { checkPurity } from './checks/purity.ts';
import { checkRooms } from './checks/rooms.ts';
import { checkRatchet, checkSizes, measure, type Ratchet, ratchetOf } from './checks/sizes.ts';
import type { Finding } from './checks/source.ts';
import { checkForeign, checkManifests, checkOpenings } from './checks/text.ts';
import { readTree, top } from './checks/tree.ts';

const tree = readTree();
const ratchetFile = join(top, 'house', 'ratchet.json');
if (process.env.UNDERSTUDY_RATCHET === 'write')
  writeFileSync(ratchetFile, `${JSON.stringify(ratchetOf(measure(tree)), null, 2)}\n`);
const ratchet = JSON.parse(readFileSync(ratchetFile, 'utf8')) as Ratchet;

const lines = (findings: readonly Finding[]): string[] =>
  findings.map(({ file, line, sentence }) => `${file}${line > 0 ? `:${line}` : ''}: ${sentence}`);

/** The check finds something in the planted sources, and says it in words that fit. */
function expectNoticed(findings: readonly Finding[], file: string, words: RegExp): void {
  expect(lines(findings).filter((line) => line.startsWith(file))).toEqual([expect.stringMatching(words)]);
}
const plant = (sources: Record<string, string>): Map<string, string> => new Map(Object.entries(sources));

describe('the tree', () => {
  test('is really being read', () => {
    expect([...tree.keys()]).toEqual(
      expect.arrayContaining(['package.json', '.npmrc', 'packages/engine/src/ports.ts']),
    );
    expect([...tree.keys()].filter((file) => file.includes('node_modules') || file.includes('/dist/'))).toEqual([]);
  });
  test('imports run one way', () => expect(lines(checkLayers(tree))).toEqual([]));
  test('no stage knows another, and the path does not know its rulers', () =>
    expect(lines(checkDataPath(tree))).toEqual([]));
  test('the console’s processes keep apart', () => expect(lines(checkRooms(tree))).toEqual([]));
  test('no imports run in a circle', () => expect(lines(checkCycles(tree))).toEqual([]));
  test('what is imported is declared', () => expect(lines(checkDeclared(tree))).toEqual([]));
  test('rooms are small', () => expect(lines(checkSizes(tree, ratchet))).toEqual([]));
  test('the ratchet follows what became smaller', () => expect(lines(checkRatchet(tree, ratchet))).toEqual([]));
  test('no clock, chance or machine in the pure layers', () => expect(lines(checkPurity(tree))).toEqual([]));
  test('every folder says what it is for', () => expect(lines(checkOpenings(tree))).toEqual([]));
  test('names no machine and no foreign tool', () => expect(lines(checkForeign(tree))).toEqual([]));
  test('versions are exact and install scripts are off', () => expect(lines(checkManifests(tree))).toEqual([]));
});

describe('a planted import is noticed', () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['upwards', 'packages/wire/src/a.ts', `import { Job } from '@understudy/engine';`, /wire must not import engine/],
    ['of a type', 'packages/base/src/a.ts', `import type { X } from '@understudy/wire';`, /base must not import wire/],
    ['hidden in a type', 'packages/base/src/a.ts', `export type X = import('@understudy/wire').Verb;`, /base must not/],
    ['by export', 'packages/sdk/src/a.ts', `export * from '@understudy/engine';`, /sdk must not import engine/],
    ['sideways', 'apps/console/main/a.ts', `import { run } from '@understudy/agent';`, /console must not import agent/],
    [
      'by a back door',
      'apps/cli/src/a.ts',
      `import { x } from '@understudy/sdk/src/x.ts';`,
      /no door of packages\/sdk/,
    ],
    ['by climbing out', 'apps/cli/src/a.ts', `import { x } from '../../agent/src/x.ts';`, /leaves apps\/cli/],
    ['of the agent at once', 'apps/cli/src/a.ts', `import { run } from '@understudy/agent';`, /only by import\(\)/],
    ['that is computed', 'packages/engine/src/a.ts', 'const x = await import(name);', /computed/],
    ['of Node into the engine', 'packages/engine/src/a.ts', `import fs from 'node:fs';`, /engine is pure/],
    ['of Node without its prefix', 'packages/wire/src/a.ts', `import fs from 'fs';`, /wire is pure/],
    ['of a package into the engine', 'packages/engine/src/a.ts', `import { z } from 'zod';`, /engine is pure/],
    ['of everything', 'packages/filesystem/src/a.ts', `import * as e from '@understudy/engine';`, /name it/],
    ['beside the ports', 'packages/interceptor/src/a.ts', `import { Job } from '@understudy/engine';`, /Job of engine/],
  ];
  test.each(cases)('%s', (_title, file, text, words) => {
    expectNoticed(checkLayers(plant({ [file]: text })), file, words);
  });

  test('but what the order allows is left alone', () => {
    const sources = plant({
      'packages/engine/src/ports.ts': 'export interface SourceFiles {}\nexport class FileError {}',
      'packages/filesystem/src/a.ts': `import { FileError, type SourceFiles } from '@understudy/engine';`,
      'packages/wire/src/a.ts': `import { z } from 'zod';\nimport { assert } from '@understudy/base';\nimport './b.ts';`,
      'apps/cli/src/a.ts': `const { run } = await import('@understudy/agent');`,
    });
    expect(checkLayers(sources)).toEqual([]);
  });

  test('of what is made for tests', () => {
    const testing = `import { x } from '@understudy/sdk/testing';`;
    const manifest = { 'packages/sdk/package.json': '{"exports":{".":"./a.js","./testing":"./b.js"}}' };
    const sources = plant({ ...manifest, 'apps/cli/src/a.ts': testing, 'apps/cli/src/a.test.ts': testing });
    expectNoticed(checkLayers(sources), 'apps/cli', /a\.ts:1: .* is for tests only/);
  });

  test('of a package that nobody declared', () => {
    const sources = plant({
      'packages/sdk/package.json': '{"dependencies":{"ws":"8.23.0"}}',
      'packages/sdk/src/a.ts': `import ws from 'ws';\nimport x from '@peculiar/x509/build/x';`,
    });
    expectNoticed(checkDeclared(sources), 'packages/sdk', /^packages\/sdk\/src\/a\.ts:2: @peculiar\/x509 is not/);
  });

  test('in a circle', () => {
    const sources = plant({
      'packages/engine/src/a.ts': `import { b } from './b.ts';`,
      'packages/engine/src/b.ts': `import type { C } from './c.ts';\nexport { c } from './c.ts';`,
      'packages/engine/src/c.ts': `import { a } from './a.ts';`,
      'packages/engine/src/d.ts': `import type { E } from './e.ts';`,
      'packages/engine/src/e.ts': `import { d } from './d.ts';`,
    });
    expectNoticed(checkCycles(sources), 'packages/engine', /a\.ts → b\.ts → c\.ts → a\.ts/);
  });
});

describe('between the console’s processes', () => {
  test.each([
    [
      'the window knows Electron',
      'renderer/a.tsx',
      `import { ipcRenderer } from 'electron';`,
      /must not import electron/,
    ],
    [
      'the window opens a connection',
      'renderer/a.ts',
      `import { connect } from '@understudy/sdk';`,
      /must not import @und/,
    ],
    ['the window knows Node', 'renderer/store/a.ts', `import fs from 'node:fs';`, /knows no Node/],
    [
      'the window takes from main',
      'renderer/a.ts',
      `import { x } from '../main/a.ts';`,
      /must not import apps\/console\/main/,
    ],
    ['main draws', 'main/a.ts', `import { x } from '../renderer/a.tsx';`, /must not import apps\/console\/renderer/],
    ['the preload brings more than a door', 'preload/a.ts', `import { x } from '../shared/a.ts';`, /must not import/],
    ['something is made for tests', 'main/a.ts', `import { x } from '../testing.ts';`, /must not import \.\.\/testing/],
  ])('it is noticed where %s', (_title, file, text, words) => {
    const path = `apps/console/${file}`;
    expectNoticed(checkRooms(plant({ [path]: text })), path, words);
  });

  test('but main may read what both sides share', () => {
    const text = `import { x } from '../shared/a.ts';\nimport { app } from 'electron';\nimport fs from 'node:fs';`;
    expect(checkRooms(plant({ 'apps/console/main/a.ts': text }))).toEqual([]);
  });
});

describe('on the data path', () => {
  const folder = 'packages/engine/src/data-path';
  test('a stage that imports another is noticed', () => {
    const file = `${folder}/source/queue/send-queue.ts`;
    const text = `import type { Batch } from '../transmit/merge.ts';`;
    expectNoticed(
      checkDataPath(plant({ [file]: text })),
      file,
      /source\/queue must not import the stage source\/transmit/,
    );
  });
  test('a stage that imports what rules over the path is noticed', () => {
    const file = `${folder}/target/apply/checkpoint.ts`;
    const text = `import { state } from '../../../protection/job-state.ts';`;
    expectNoticed(checkDataPath(plant({ [file]: text })), file, /must not import packages\/engine\/src\/protection/);
  });
  test('a second file that knows both halves is noticed', () => {
    const file = 'packages/engine/src/protection/mirror/mirror.ts';
    const text = `import { a } from '../../data-path/source/queue/a.ts';\nimport { b } from '../../data-path/target/accept/b.ts';`;
    expectNoticed(checkDataPath(plant({ [file]: text })), file, /only data-path\.ts/);
    expect(checkDataPath(plant({ 'packages/engine/src/data-path.ts': text.replaceAll('../../', './') }))).toEqual([]);
    const halves = `import { a } from './source-path.ts';\nimport { b } from './target-path.ts';`;
    expectNoticed(checkDataPath(plant({ [`${folder}/both.ts`]: halves })), folder, /both halves/);
    const half = `import { a } from './source/queue/a.ts';\nimport { b } from './source/transmit/b.ts';`;
    expect(checkDataPath(plant({ [`${folder}/source-path.ts`]: half }))).toEqual([]);
  });
});

describe('a planted size is noticed', () => {
  const body = (count: number): string => '  work();\n'.repeat(count);
  test('a file that is too long', () => {
    expectNoticed(checkSizes(plant({ 'apps/agent/src/a.ts': ';\n'.repeat(401) }), {}), 'apps/agent', /401 lines.*300/);
    expect(checkSizes(plant({ 'apps/agent/src/a.ts': ';\n'.repeat(300) }), {})).toEqual([]);
  });
  test('a function that is too long, whatever its form', () => {
    const long = body(70);
    for (const text of [
      `function f() {\n${long}}`,
      `const f = () => {\n${long}};`,
      `class A { f() {\n${long}} }`,
      `const a = { get f() {\n${long}} };`,
      `test('x', () => {\n${long}});`,
    ])
      expectNoticed(checkSizes(plant({ 'e2e/src/a.ts': text }), {}), 'e2e', /has 72 lines; the limit here is 50/);
    expectNoticed(checkSizes(plant({ 'e2e/a.c': `static int\nf(void) {\n${long}}\n` }), {}), 'e2e', /f has 72 lines/);
  });
  test('the ratchet allows what was there, never more, and never beyond the last limit', () => {
    const sources = plant({ 'e2e/src/a.ts': `function f() {\n${body(58)}}` });
    expect(checkSizes(sources, { e2e: { file: 0, function: 60 } })).toEqual([]);
    expectNoticed(checkSizes(sources, { e2e: { file: 0, function: 59 } }), 'e2e', /60 lines; the limit here is 59/);
    const huge = plant({ 'e2e/src/a.ts': `function f() {\n${body(80)}}` });
    expectNoticed(checkSizes(huge, { e2e: { file: 0, function: 90 } }), 'e2e', /82 lines; the limit here is 70/);
  });
  test('the ratchet must follow what became smaller', () => {
    const sources = plant({ 'e2e/src/a.ts': `function f() {\n${body(58)}}` });
    const recorded = { e2e: { file: 62, function: 65 } };
    expectNoticed(checkRatchet(sources, recorded), 'house/ratchet', /largest function of e2e has 60 lines now/);
    expect(checkRatchet(sources, { e2e: { file: 62, function: 60 } })).toEqual([]);
    expectNoticed(checkRatchet(sources, { e2e: { file: 500, function: 60 } }), 'house/ratchet', /above 400/);
  });
});

describe('planted machinery in a pure layer is noticed', () => {
  const planted: readonly string[] = [
    'const t = Date.now();',
    'const t = new Date();',
    'const t = Date();',
    'const { now } = Date;',
    'const clock = Date; export const t = clock.now();',
    'const r = Math.random();',
    `const r = Math['random']();`,
    'const { random } = Math;',
    'const timer = setTimeout(() => {}, 1);',
    'const timer = globalThis.setTimeout;',
    'process.exit(1);',
    'const b = Buffer.alloc(1);',
  ];
  test.each(planted)('%s', (text) => {
    for (const folder of ['wire', 'engine'])
      expect(checkPurity(plant({ [`packages/${folder}/src/a.ts`]: `// @ts-nocheck\n${text}` }))).toHaveLength(1);
    expect(checkPurity(plant({ 'apps/agent/src/a.ts': text }))).toEqual([]);
  });
  test('what only computes is left alone', () => {
    const text = [
      'export const iso = (ms: number): string => new Date(ms).toISOString();',
      'export const utc = Date.UTC(2026, 1, 1), most = Math.max(1, 2);',
      'export interface Ports { setTimeout(f: () => void): void; readonly process: string }',
      'export const start = (ports: Ports) => ports.setTimeout(() => {});',
      'export const feed = (process: (x: number) => void): void => process(1);',
    ].join('\n');
    expect(checkPurity(plant({ 'packages/engine/src/a.ts': text }))).toEqual([]);
  });
});

describe('planted text is noticed', () => {
  test('a folder without an opening', () => {
    const sources = {
      'packages/sdk/src/x/index.ts': 'export {};',
      'packages/sdk/src/x/other.ts': '/** Not the main file. */',
    };
    expectNoticed(checkOpenings(plant(sources)), 'packages/sdk/src/x/index.ts', /no opening comment/);
    sources['packages/sdk/src/x/index.ts'] = '/** x: what comes in, what goes out. */\nexport {};';
    expect(checkOpenings(plant(sources))).toEqual([]);
  });
  test('a path of one machine', () => {
    for (const path of [
      ['', 'work', 'main'].join('/'),
      ['', 'root', '.npmrc'].join('/'),
      ['', 'home', 'jane'].join('/'),
      ['..', 'shared', 'design', 'x'].join('/'),
    ])
      expectNoticed(
        checkForeign(plant({ 'docs/a.md': `first\nsee ${path}` })),
        'docs/a.md:2',
        /means nothing elsewhere/,
      );
    expect(checkForeign(plant({ 'docs/a.md': 'network/ and /srv/data and /var/lib/understudy' }))).toEqual([]);
  });
  test('a version that is not exact, one that differs, and install scripts that are on', () => {
    const npmrc = 'ignore-scripts=true\n';
    for (const version of ['^1.2.3', '~1.2.3', '1.x', '*', 'latest', '>=1', 'workspace:*', 'file:../x'])
      expect(
        checkManifests(plant({ '.npmrc': npmrc, 'package.json': `{"dependencies":{"a":"${version}"}}` })),
      ).toHaveLength(1);
    const differing = {
      'package.json': '{"dependencies":{"a":"1.0.0"}}',
      'e2e/package.json': '{"devDependencies":{"a":"1.0.1"}}',
    };
    expectNoticed(
      checkManifests(plant({ '.npmrc': npmrc, ...differing })),
      'e2e',
      /1\.0\.1 here and 1\.0\.0 elsewhere/,
    );
    expectNoticed(
      checkManifests(plant({ '.npmrc': '# ignore-scripts=true\n' })),
      '.npmrc',
      /ignore-scripts=true is missing/,
    );
  });
});
