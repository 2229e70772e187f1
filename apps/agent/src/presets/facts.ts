/** What is true of one application on one server. In: a preset, a place where it was found. Out: its facts, in the preset's own names. */
import { type Facts, factsOf, fill, type Match, matchesOf } from './places.ts';
import type { Fact, Preset } from './preset.ts';
import type { ServerView } from './server-view.ts';
import { type Setting, settingsOf } from './syntaxes.ts';

/** As many values as a set may have rules. */
const MOST_VALUES = 1000;

export function collectFacts(view: ServerView, preset: Preset, { path, parts }: Match): Facts {
  const facts = factsOf(parts, path);
  for (const fact of preset.facts) {
    const written = [...new Set(valuesOf(view, fact, facts))].slice(0, MOST_VALUES);
    const values = written.map((value) => real(view, value));
    facts.set(fact.fact, [...new Set([...(facts.get(fact.fact) ?? []), ...values])].slice(0, MOST_VALUES));
  }
  return facts;
}

/** Nothing is missing without which there is nothing to protect. */
export const isWhole = (preset: Preset, facts: Facts): boolean =>
  preset.requires.every((each) => fill(each, facts).length > 0);

/** A directory is protected where it really lies: rules do not lead through links. */
function real(view: ServerView, value: string): string {
  return value.startsWith('/') ? (view.canonical(value) ?? value) : value;
}

function valuesOf(view: ServerView, fact: Fact, facts: Facts): string[] {
  switch (fact.from) {
    case 'existing':
      return fact.paths.flatMap((each) => fill(each, facts)).filter((path) => view.kind(path) !== null);
    case 'links':
      return fill(fact.at, facts)
        .flatMap((place) => matchesOf(view, place))
        .filter(({ path }) => view.kind(path) === 'link')
        .map(({ path }) => view.canonical(path))
        .filter((path) => path !== null);
    case 'settings':
      return settingValues(view, fact, facts);
  }
}

function settingValues(view: ServerView, fact: Fact & { from: 'settings' }, facts: Facts): string[] {
  const settings = fill(fact.file, facts).flatMap((file) => settingsOf(view, file, fact.syntax));
  const leftOut = sectionsLeftOut(fact, settings);
  const values = settings
    .filter(({ section, key }) => fact.keys.includes(key) && !leftOut.has(section))
    .filter(({ section }) => fact.sections?.test(section) !== false)
    .map(({ value }) => (fact.pattern === undefined ? value : (fact.pattern.exec(value)?.[1] ?? '')))
    .filter((value) => value !== '');
  if (values.length === 0) return fact.otherwise === undefined ? [] : fill(fact.otherwise, facts);
  return fact.last === true ? values.slice(-1) : values;
}

function sectionsLeftOut({ sectionsWithout: without }: Fact & { from: 'settings' }, settings: readonly Setting[]) {
  if (without === undefined) return new Set<string>();
  const meant = settings.filter(({ key, value }) => key === without.key && without.value.test(value));
  return new Set(meant.map(({ section }) => section));
}
