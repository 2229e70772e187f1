/** The directories to protect for a set of rules: the deepest literal parent directory of each include, outermost only. */
import { type RawName, rawFromText } from '@understudy/base';
import type { Scope } from '@understudy/engine';
import { liesWithin, parentOf } from './places.ts';
import { hasWildcard, type Rule } from './rule.ts';
import { scopeOf } from './scope.ts';

/** What lies at a path, as lstat(2) sees it. */
export interface PlaceProbe {
  kindOf(path: RawName): 'directory' | 'symlink' | 'other' | 'missing';
  /** With every symbolic link on the way resolved; null: something on the way is missing. */
  canonical(path: RawName): RawName | null;
}

export interface ProtectedDirectory {
  readonly path: RawName;
  readonly scope: Scope;
}

/** The rule's path up to its first wildcard: `/srv/*.db` gives `/srv`. */
export function literalPart(rule: Rule): { readonly path: RawName; readonly complete: boolean } {
  const end = rule.components.findIndex(hasWildcard);
  const literal = end === -1 ? rule.components : rule.components.slice(0, end);
  return { path: rawFromText(`/${literal.join('/')}`), complete: end === -1 };
}

/** The deepest directory that exists on the literal way to what the rule means. */
export function directoryFor(rule: Rule, probe: PlaceProbe): RawName {
  let at = literalPart(rule).path;
  while (at !== '/' && probe.kindOf(at) !== 'directory') at = parentOf(at);
  return at;
}

export function protectedDirectories(rules: readonly Rule[], probe: PlaceProbe): ProtectedDirectory[] {
  const wanted = rules.filter((rule) => rule.include).map((rule) => directoryFor(rule, probe));
  const outermost = [...new Set(wanted)].filter(
    (path) => !wanted.some((other) => other !== path && liesWithin(path, other)),
  );
  return outermost.map((path) => ({ path, scope: scopeOf(path, rules) }));
}
