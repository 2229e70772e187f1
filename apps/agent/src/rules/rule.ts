/** One rule of a replication set: parsed, and what it matches. Text is base's rawToText, so every byte of a name survives. */
import { type RawName, rawToText } from '@understudy/base';

export interface RuleInput {
  readonly include: boolean;
  /** As given: an absolute path, which may hold `*`, `**`, `?`. There is no escape: `?` and `*` match themselves, too. */
  readonly path: RawName;
}

export interface Rule {
  readonly include: boolean;
  /** As given, for people. */
  readonly given: RawName;
  /** Components of the path as text, `.` and doubled slashes taken out. */
  readonly components: readonly string[];
  /** It ended in a slash: only a directory is meant. */
  readonly directoryOnly: boolean;
  readonly matchers: readonly Matcher[];
}

/** `any-depth` is `**`: zero or more directories. */
type Matcher = 'any-depth' | ((name: string) => boolean);

export const hasWildcard = (component: string): boolean => /[*?]/.test(component);

/** Null where the path is not absolute or holds `..`; the caller says which. */
export function parseRule(input: RuleInput): Rule | null {
  const text = rawToText(input.path);
  if (!text.startsWith('/')) return null;
  const components = text.split('/').filter((part) => part !== '' && part !== '.');
  if (components.includes('..')) return null;
  return {
    include: input.include,
    given: input.path,
    components,
    directoryOnly: text.endsWith('/') || text.endsWith('/.'),
    matchers: components.map(matcherOf),
  };
}

function matcherOf(component: string): Matcher {
  if (component === '**') return 'any-depth';
  if (!hasWildcard(component)) return (name) => name === component;
  const pattern = Array.from(component);
  return (name) => matchesWildcards(pattern, Array.from(name));
}

/**
 * `*` any characters, `?` one; everything else is itself. Own code because a glob library also gives meaning to brackets, braces,
 * quotes and backslashes, all of them legal in names, and because a regular expression of many stars can take for ever.
 * Only the last `*` is ever retried, so the cost is at most the product of the lengths.
 */
function matchesWildcards(pattern: readonly string[], name: readonly string[]): boolean {
  let at = 0;
  let star = -1;
  let starEnd = 0;
  for (let i = 0; i < name.length; ) {
    if (pattern[at] === '*') {
      star = at;
      starEnd = i;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[i])) {
      at += 1;
      i += 1;
    } else if (star >= 0) {
      starEnd += 1;
      i = starEnd;
      at = star + 1;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

export type Match = 'itself' | 'beneath' | 'none';

/** Does `path` match the whole rule, or lie beneath something that does? */
export function matchRule(rule: Rule, path: readonly string[], isDirectory: boolean): Match {
  const states = run(rule, path);
  const end = rule.matchers.length;
  for (let length = 0; length < path.length; length += 1) if (states[length]?.has(end)) return 'beneath';
  if (!states[path.length]?.has(end)) return 'none';
  return rule.directoryOnly && !isDirectory ? 'none' : 'itself';
}

/** May the rule match something strictly beneath the directory `path`, other than by matching `path` itself? */
export function mayMatchBeneath(rule: Rule, path: readonly string[]): boolean {
  const last = run(rule, path)[path.length] ?? new Set<number>();
  for (const state of last) if (state < rule.matchers.length) return true;
  return false;
}

/** For each length of prefix of `path`, how many of the rule's components may be used up by it. */
function run(rule: Rule, path: readonly string[]): Set<number>[] {
  let now = skipAnyDepth(rule, new Set([0]));
  const all = [now];
  for (const name of path) {
    const next = new Set<number>();
    for (const state of now) {
      const matcher = rule.matchers[state];
      if (matcher === 'any-depth') next.add(state);
      else if (matcher?.(name)) next.add(state + 1);
    }
    now = skipAnyDepth(rule, next);
    all.push(now);
  }
  return all;
}

/** `**` may stand for nothing: `/srv/**` is `/srv` and all beneath it. */
function skipAnyDepth(rule: Rule, states: Set<number>): Set<number> {
  for (const state of states) if (rule.matchers[state] === 'any-depth') states.add(state + 1);
  return states;
}

/** Longer, then more literal components, then more literal characters: positive where `a` is the more specific. */
export function compareSpecificity(a: Rule, b: Rule): number {
  const literal = (rule: Rule) => rule.components.filter((part) => !hasWildcard(part)).length;
  const depth = (rule: Rule) => rule.components.filter((part) => part !== '**').length;
  const characters = (rule: Rule) => rule.components.join('').replace(/[*?]/g, '').length;
  return depth(a) - depth(b) || literal(a) - literal(b) || characters(a) - characters(b);
}
