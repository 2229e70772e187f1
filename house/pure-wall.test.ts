/** The pure wall is a compile error: each test compiles a planted source as if it lay in a pure package. */
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { top } from './checks/tree.ts';

/** The library's declarations are parsed once, not once a test. */
const unchanging = new Map<string, ts.SourceFile>();

/** Errors of the package's canary and of `planted`, compiled with the package's own tsconfig, in the compiler's words. */
function compile(folder: string, planted: string): string[] {
  const config = join(top, folder, 'tsconfig.json');
  const read = ts.getParsedCommandLineOfConfigFile(
    config,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail },
  );
  if (read === undefined) throw new Error(`${config} cannot be read`);
  const { composite: _, incremental: __, ...options } = read.options;
  const host = ts.createCompilerHost(options);
  const file = join(top, folder, 'src', 'planted.ts');
  const { readFile, fileExists } = host;
  host.readFile = (name) => (name === file ? planted : readFile(name));
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, version) => {
    const text = unchanging.has(name) ? undefined : host.readFile(name);
    if (text === undefined) return unchanging.get(name);
    const tree = ts.createSourceFile(name, text, version);
    if (name.endsWith('.d.ts')) unchanging.set(name, tree);
    return tree;
  };
  const canary = join(top, folder, 'src', 'pure-wall.canary.ts');
  const program = ts.createProgram({ rootNames: [file, canary], options: { ...options, noEmit: true }, host });
  const errors = [file, canary].flatMap((name) => ts.getPreEmitDiagnostics(program, program.getSourceFile(name)));
  return errors.map((error) => `${error.code} ${ts.flattenDiagnosticMessageText(error.messageText, ' ')}`);
}

function fail(diagnostic: ts.Diagnostic): never {
  throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '));
}

describe.each(['packages/wire', 'packages/engine'])('the pure wall around %s', (folder) => {
  test('stands: the canary compiles', () => {
    expect(compile(folder, 'export const size = 1;')).toEqual([]);
  });
  test.each([
    ['a timer', 'export const timer = setTimeout(() => {}, 1);', /setTimeout/],
    ['a file', `import { readFileSync } from 'node:fs'; export const text = readFileSync('x');`, /node:fs/],
    ['a buffer', 'export const bytes = Buffer.alloc(1);', /Buffer/],
    ['the process', 'export const { pid } = process;', /process/],
    ['the browser', 'export const { href } = window.location;', /window/],
  ])('does not let in %s', (_title, planted, words) => {
    expect(compile(folder, planted)).toEqual([expect.stringMatching(words)]);
  });
  test('and its canary falls when one reference lifts it', () => {
    const errors = compile(folder, '/// <reference types="node" />\nexport const timer = setTimeout(() => {}, 1);');
    expect(errors).toEqual([expect.stringMatching(/^2578 /), expect.stringMatching(/^2578 /)]);
  });
});
