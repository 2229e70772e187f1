import ts from 'typescript';
import { sizes } from '../layers.ts';
import { type Finding, lineOf, parse, type Sources, walk } from './source.ts';

export interface Measure {
  readonly file: string;
  readonly line: number;
  readonly lines: number;
  readonly kind: 'file' | 'function';
  readonly name: string;
}

/** The largest file and function of each package, in lines. */
export type Ratchet = Readonly<Record<string, { readonly file: number; readonly function: number }>>;

export function measure(sources: Sources): Measure[] {
  const measures: Measure[] = [];
  for (const [file, text] of sources) {
    if (!/\.([mc]?[tj]sx?|c|h)$/.test(file)) continue;
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    measures.push({ file, line: 0, lines, kind: 'file', name: file });
    measures.push(...(/\.[ch]$/.test(file) ? functionsOfC(file, text) : functionsOf(file, text)));
  }
  return measures;
}

function functionsOf(file: string, text: string): Measure[] {
  const tree = parse(file, text);
  const measures: Measure[] = [];
  walk(tree, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined || isSuite(node)) return;
    const line = lineOf(tree, node);
    const lines = tree.getLineAndCharacterOfPosition(node.end).line + 2 - line;
    const named = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined);
    measures.push({ file, line, lines, kind: 'function', name: named?.getText(tree) ?? 'a function' });
  });
  return measures;
}

/** The callback of `describe` is a chapter, not a function: what counts is each test in it. */
function isSuite(node: ts.Node): boolean {
  if (!ts.isCallExpression(node.parent)) return false;
  return /^(describe|suite)/.test(node.parent.expression.getText());
}

/** C as clang-format leaves it: a body opens at the end of an unindented line and closes with `}` in the first column. */
function functionsOfC(file: string, text: string): Measure[] {
  const measures: Measure[] = [];
  let start = 0;
  let name = '';
  for (const [index, line] of text.split('\n').entries()) {
    if (/^[A-Za-z_].*[({,]$/.test(line) || /^[A-Za-z_][^;]*\)\s*\{?$/.test(line)) {
      const called = /(\w+)\s*\(/.exec(line);
      if (called !== null && start === 0) [start, name] = [index + 1, called[1] ?? ''];
    }
    if (/^[^\s].*;$/.test(line) && !line.startsWith('}')) start = 0;
    if (line.startsWith('}') && start > 0) {
      measures.push({ file, line: start, lines: index + 2 - start, kind: 'function', name });
      start = 0;
    }
  }
  return measures;
}

export function packageOf(file: string): string {
  const parts = file.split('/');
  if (parts.length === 1) return '.';
  return parts[0] === 'packages' || parts[0] === 'apps' ? `${parts[0]}/${parts[1]}` : (parts[0] ?? '.');
}

/** What stands above the wanted size today, a package: the state of the ratchet. */
export function ratchetOf(measures: readonly Measure[]): Ratchet {
  const ratchet: Record<string, { file: number; function: number }> = {};
  for (const { file, kind, lines } of measures) {
    const entry = ratchet[packageOf(file)] ?? { file: 0, function: 0 };
    entry[kind] = Math.max(entry[kind], lines);
    ratchet[packageOf(file)] = entry;
  }
  const sorted = Object.entries(ratchet).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted);
}

export function checkSizes(sources: Sources, ratchet: Ratchet): Finding[] {
  const findings: Finding[] = [];
  const measures = measure(sources);
  for (const { file, line, lines, kind, name } of measures) {
    const { wanted, never } = sizes[kind];
    const limit = Math.min(never, Math.max(wanted, ratchet[packageOf(file)]?.[kind] ?? 0));
    if (lines > limit)
      findings.push({ file, line, sentence: `${name} has ${lines} lines; the limit here is ${limit}` });
  }
  return findings;
}

/** A ratchet only shrinks: where today's largest above the wanted size became smaller, the number must follow. */
export function checkRatchet(sources: Sources, ratchet: Ratchet): Finding[] {
  const today = ratchetOf(measure(sources));
  const findings: Finding[] = [];
  for (const [name, recorded] of Object.entries(ratchet)) {
    for (const kind of ['file', 'function'] as const) {
      const now = today[name]?.[kind] ?? 0;
      const { wanted, never } = sizes[kind];
      const where = `the largest ${kind} of ${name}`;
      if (recorded[kind] > never)
        findings.push({ file: 'house/ratchet.json', line: 0, sentence: `${where} is recorded above ${never}` });
      else if (recorded[kind] > Math.max(now, wanted))
        findings.push({ file: 'house/ratchet.json', line: 0, sentence: `${where} has ${now} lines now: record that` });
    }
  }
  return findings;
}
