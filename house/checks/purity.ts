import ts from 'typescript';
import { layers } from '../layers.ts';
import { type Finding, isTest, isTypeScript, lineOf, parse, type Sources, walk } from './source.ts';

/** Global names by which time, chance and the machine get in. */
const FORBIDDEN = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'queueMicrotask',
  'performance',
  'process',
  'Buffer',
  'require',
  'global',
  'globalThis',
  'crypto',
  'console',
]);

/** No clock, no chance and no machine in a pure layer, whatever the lint and the compiler were told to ignore. */
export function checkPurity(sources: Sources): Finding[] {
  const pure = ['wire', 'engine', 'base'].map((name) => `${layers[name]?.folder}/src/`);
  const findings: Finding[] = [];
  for (const [file, text] of sources) {
    if (!isTypeScript(file) || isTest(file) || file.endsWith('.canary.ts')) continue;
    if (!pure.some((folder) => file.startsWith(folder))) continue;
    const tree = parse(file, text);
    walk(tree, (node) => {
      const sentence = ts.isIdentifier(node) ? whyNot(node) : null;
      if (sentence !== null) findings.push({ file, line: lineOf(tree, node), sentence });
    });
  }
  return findings;
}

function whyNot(node: ts.Identifier): string | null {
  const name = node.text;
  if (name === 'Date' && !isMember(node) && !isHarmlessDate(node))
    return 'time is handed in: no clock may be read here';
  if (name === 'Math' && !isMember(node) && !isHarmlessMath(node))
    return 'chance is handed in as a Random: no Math.random';
  if (FORBIDDEN.has(name) && !isMember(node) && !isDeclared(node))
    return `${name} is machinery: it comes in through a port`;
  return null;
}

/** `x.name`, `{ name: … }`, a type's member: not the global. */
function isMember(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return true;
  return 'name' in parent && parent.name === node && isNamedMember(parent);
}

function isNamedMember(parent: ts.Node): boolean {
  return (
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isGetAccessorDeclaration(parent)
  );
}

/** A parameter or variable of that name in the same file shadows the global. */
function isDeclared(node: ts.Identifier): boolean {
  for (let scope: ts.Node | undefined = node.parent; scope !== undefined; scope = scope.parent) {
    let declared = false;
    ts.forEachChild(scope, (child) => {
      if ((ts.isParameter(child) || ts.isVariableDeclaration(child)) && child.name.getText() === node.text)
        declared = true;
    });
    if (declared) return true;
  }
  return false;
}

/** `new Date(ms)`, `Date.UTC`, `Date.parse`, and Date as a type only compute. */
function isHarmlessDate(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isNewExpression(parent) && parent.expression === node) return (parent.arguments?.length ?? 0) > 0;
  if (ts.isPropertyAccessExpression(parent)) return parent.name.text === 'UTC' || parent.name.text === 'parse';
  return ts.isTypeReferenceNode(parent);
}

function isHarmlessMath(node: ts.Identifier): boolean {
  const { parent } = node;
  return ts.isPropertyAccessExpression(parent) && parent.name.text !== 'random';
}
