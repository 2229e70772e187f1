/**
 * The checks of the house: each takes sources as text and returns findings as sentences, so that a planted violation is checked by
 * the very function that checks the tree.
 *
 * In: `Sources`, a map from path (from the project's top, with `/`) to text. Out: findings. Promised: no check reads the disk.
 */
import { posix } from 'node:path';
import ts from 'typescript';
import { type Layer, layers } from '../layers.ts';

export type Sources = ReadonlyMap<string, string>;

export interface Finding {
  readonly file: string;
  /** 1 is the first line; 0: the file as a whole. */
  readonly line: number;
  readonly sentence: string;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import()` or `typeof import()`: loaded when needed, or never. */
  readonly lazy: boolean;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
  /** Imported names; null where everything is taken (`* as`, `export *`, `import()`). */
  readonly names: readonly string[] | null;
}

export const isTypeScript = (file: string): boolean => /\.[mc]?tsx?$/.test(file);
export const isTest = (file: string): boolean => /\.(test|spec)\.tsx?$/.test(file);

const parsed = new Map<string, { text: string; tree: ts.SourceFile }>();

export function parse(file: string, text: string): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined && known.text === text) return known.tree;
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  parsed.set(file, { text, tree });
  return tree;
}

export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

export function importsOf(file: string, text: string): Import[] {
  const tree = parse(file, text);
  const found: Import[] = [];
  walk(tree, (node) => {
    const one = importOf(node);
    if (one !== null) found.push({ ...one, line: lineOf(tree, node) });
  });
  return found;
}

function importOf(node: ts.Node): Omit<Import, 'line'> | null {
  if (ts.isImportDeclaration(node)) {
    const clause = node.importClause;
    const typeOnly = clause !== undefined && clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return literal(node.moduleSpecifier, { lazy: false, typeOnly, names: namesOf(clause) });
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    const clause = node.exportClause;
    const names =
      clause !== undefined && ts.isNamedExports(clause)
        ? clause.elements.map((element) => (element.propertyName ?? element.name).text)
        : null;
    return literal(node.moduleSpecifier, { lazy: false, typeOnly: node.isTypeOnly, names });
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return literal(node.argument.literal, { lazy: true, typeOnly: true, names: null });
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference))
    return literal(node.moduleReference.expression, { lazy: false, typeOnly: node.isTypeOnly, names: null });
  if (ts.isCallExpression(node) && isLoader(node.expression))
    return literal(node.arguments[0], {
      lazy: node.expression.kind === ts.SyntaxKind.ImportKeyword,
      typeOnly: false,
      names: null,
    });
  return null;
}

function isLoader(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

/** A specifier that is computed cannot be checked: it becomes '' and no rule allows it. */
function literal(node: ts.Node | undefined, rest: Omit<Import, 'line' | 'specifier'>): Omit<Import, 'line'> {
  const specifier = node !== undefined && ts.isStringLiteralLike(node) ? node.text : '';
  return { specifier, ...rest };
}

function namesOf(clause: ts.ImportClause | undefined): string[] | null {
  if (clause === undefined) return [];
  if (clause.namedBindings !== undefined && ts.isNamespaceImport(clause.namedBindings)) return null;
  const names = clause.namedBindings?.elements.map((element) => (element.propertyName ?? element.name).text) ?? [];
  return clause.name === undefined ? names : ['default', ...names];
}

/** Names that a file exports itself. */
export function exportsOf(file: string, text: string): Set<string> {
  const names = new Set<string>();
  for (const statement of parse(file, text).statements) {
    if (ts.isExportDeclaration(statement)) {
      if (statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause))
        for (const element of statement.exportClause.elements) names.add(element.name.text);
    } else if (ts.canHaveModifiers(statement) && isExported(statement)) {
      if (ts.isVariableStatement(statement))
        for (const one of statement.declarationList.declarations) names.add(one.name.getText());
      else if ('name' in statement && statement.name !== undefined) names.add((statement.name as ts.Identifier).text);
    }
  }
  return names;
}

function isExported(node: ts.HasModifiers): boolean {
  return ts.getModifiers(node)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword) === true;
}

/** The layer a file belongs to. */
export function layerOf(file: string): { readonly name: string; readonly layer: Layer } | null {
  for (const [name, layer] of Object.entries(layers)) if (file.startsWith(`${layer.folder}/`)) return { name, layer };
  return null;
}

/** The file a relative specifier means, as a path from the project's top. */
export function resolveRelative(file: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(file), specifier));
}
