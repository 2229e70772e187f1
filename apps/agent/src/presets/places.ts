/** Places with wildcards, and templates. In: patterns of presets. Out: paths that exist, texts with all facts put in. */
import type { ServerView } from './server-view.ts';

export interface Match {
  readonly path: string;
  /** What each `*` stood for. */
  readonly parts: readonly string[];
}

/** A configuration file may name the whole disk by wildcards. */
const MOST_MATCHES = 1000;

/** What each `*` of a pattern stands for in a name, each as short as can be; null: it does not fit. Looks at no part of the name twice. */
function partsOf(pattern: readonly string[], name: string): string[] | null {
  const [first = '', ...rest] = pattern;
  const last = rest.pop() ?? '';
  const end = name.length - last.length;
  if (!name.startsWith(first) || !name.endsWith(last)) return null;
  const parts: string[] = [];
  let at = first.length;
  for (const text of rest) {
    const found = name.indexOf(text, at);
    if (found === -1) return null;
    parts.push(name.slice(at, found));
    at = found + text.length;
  }
  return at > end ? null : [...parts, name.slice(at, end)];
}

/** What exists at a place, the first thousand; `*` is any part of one name that does not begin with a dot. In the order of their names. */
export function matchesOf(view: ServerView, place: string): Match[] {
  let found: Match[] = [{ path: '', parts: [] }];
  for (const name of place.split('/').filter((part) => part !== '')) {
    found = found.flatMap((match) => step(view, match, name)).slice(0, MOST_MATCHES);
  }
  return found.filter(({ path }) => view.kind(path) !== null);
}

function step(view: ServerView, { path, parts }: Match, name: string): Match[] {
  if (!name.includes('*')) return [{ path: `${path}/${name}`, parts }];
  const pattern = name.split('*');
  return [...view.names(path === '' ? '/' : path)]
    .filter((each) => !each.startsWith('.'))
    .sort()
    .flatMap((each) => {
      const found = partsOf(pattern, each);
      return found === null ? [] : [{ path: `${path}/${each}`, parts: [...parts, ...found] }];
    });
}

export type Facts = ReadonlyMap<string, readonly string[]>;

const HOLE = /\{([\w-]+)\}/;

/** Once for each value that a fact in it has. */
export function fill(template: string, facts: Facts): string[] {
  const hole = HOLE.exec(template);
  if (hole === null) return [template];
  const before = template.slice(0, hole.index);
  const after = template.slice(hole.index + hole[0].length);
  // The same fact twice means the same value twice.
  const values = facts.get(hole[1] ?? '') ?? [];
  return values.flatMap((value) => {
    const rest = fill(after, new Map([...facts, [hole[1] ?? '', [value]]]));
    return rest.map((text) => `${before}${value}${text}`);
  });
}

/** For what is to be one text. */
export const fillOne = (template: string, facts: Facts): string => fill(template, facts)[0] ?? '';

export function factsOf(parts: readonly string[], file: string): Map<string, readonly string[]> {
  const facts = new Map<string, readonly string[]>([['file', [file]]]);
  for (const [index, part] of parts.entries()) facts.set(String(index + 1), [part]);
  return facts;
}
