/** Places with wildcards, and templates. In: patterns of presets. Out: paths that exist, texts with all facts put in. */
import type { ServerView } from './server-view.ts';

export interface Match {
  readonly path: string;
  /** What each `*` stood for. */
  readonly parts: readonly string[];
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const patternOf = (name: string): RegExp => new RegExp(`^${name.split('*').map(escaped).join('(.*)')}$`, 's');

/** What exists at a place; `*` stands for any part of one name that does not begin with a dot. In the order of their names. */
export function matchesOf(view: ServerView, place: string): Match[] {
  let found: Match[] = [{ path: '', parts: [] }];
  for (const name of place.split('/').filter((part) => part !== '')) {
    found = found.flatMap((match) => step(view, match, name));
  }
  return found.filter(({ path }) => view.kind(path) !== null);
}

function step(view: ServerView, { path, parts }: Match, name: string): Match[] {
  if (!name.includes('*')) return [{ path: `${path}/${name}`, parts }];
  const pattern = patternOf(name);
  return [...view.names(path === '' ? '/' : path)]
    .filter((each) => !each.startsWith('.'))
    .sort()
    .flatMap((each) => {
      const match = pattern.exec(each);
      return match === null ? [] : [{ path: `${path}/${each}`, parts: [...parts, ...match.slice(1)] }];
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
