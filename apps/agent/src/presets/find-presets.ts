/** The applications of this server that a preset knows. In: the presets, a view of the server. Out: rules and services for each. */
import { brand, printable, type RawName, rawToText } from '@understudy/base';
import type { FoundPreset, PresetService, RawPath } from '@understudy/wire';
import { collectFacts, isWhole } from './facts.ts';
import { type Facts, fill, fillOne, type Match, matchesOf } from './places.ts';
import type { Preset, ServiceTemplate } from './preset.ts';
import type { ProcessSeen, ServerView } from './server-view.ts';

/** One application as it was found. */
export interface Instance {
  readonly preset: Preset;
  /** As `--preset` takes it. */
  readonly name: string;
  readonly parts: readonly string[];
  readonly facts: Facts;
}

export function findInstances(view: ServerView, presets: readonly Preset[]): Instance[] {
  return presets.flatMap((preset) => instancesOf(view, preset));
}

function instancesOf(view: ServerView, preset: Preset): Instance[] {
  const matches = preset.found.flatMap((place) => matchesOf(view, place));
  const found: Instance[] = [];
  for (const match of matches) {
    const instance = instanceOf(view, preset, match);
    if (instance === null || found.some(({ name }) => name === instance.name)) continue;
    found.push(instance);
    if (preset.instance === null) break;
  }
  return found;
}

function instanceOf(view: ServerView, preset: Preset, match: Match): Instance | null {
  const facts = collectFacts(view, preset, match);
  if (!isWhole(preset, facts)) return null;
  // What a preset is called is typed by people and stands in scripts.
  const written = preset.instance === null ? '' : fillOne(preset.instance, facts);
  const own = written.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[._-]+/, '');
  return { preset, name: own === '' ? preset.name : `${preset.name}:${own}`, parts: match.parts, facts };
}

export function describeInstance({ preset, name, facts }: Instance, processes: readonly ProcessSeen[]): FoundPreset {
  const texts = (templates: readonly string[]) => templates.flatMap((each) => fill(each, facts));
  return {
    name,
    title: shown(fillOne(preset.title, facts)).slice(0, MOST_TITLE),
    running: isRunning(preset, facts, processes),
    include: rulesOf(preset.include, facts),
    exclude: rulesOf(preset.exclude, facts),
    services: servicesOf(preset.services, facts),
    notes: texts(preset.notes).map((note) => shown(note).slice(0, MOST_NOTE)),
  };
}

const shown = (raw: string): string => printable(brand<RawName>(raw));

export const rawPath = (raw: string): RawPath => ({
  text: rawToText(brand<RawName>(raw)),
  bytes: Buffer.from(raw, 'latin1').toString('base64'),
});

/** As the protocol has them. */
const MOST_RULES = 1024;
const MOST_TITLE = 256;
const MOST_NOTE = 4096;

/** What lies beneath another include needs no rule of its own. */
function rulesOf(templates: readonly string[], facts: Facts): RawPath[] {
  const all = [...new Set(templates.flatMap((each) => fill(each, facts)))].slice(0, MOST_RULES);
  return all.filter((path) => !all.some((other) => other !== path && path.startsWith(`${other}/`))).map(rawPath);
}

function servicesOf(templates: readonly ServiceTemplate[], facts: Facts): PresetService[] {
  return templates.map(({ name, unit, start, stop, check, timeoutMs }) => ({
    name: fillOne(name, facts),
    unit: fillOne(unit, facts),
    start: start.map((word) => fillOne(word, facts)),
    stop: stop.map((word) => fillOne(word, facts)),
    check: check.map((word) => fillOne(word, facts)),
    timeoutMs,
  }));
}

function isRunning({ process }: Preset, facts: Facts, processes: readonly ProcessSeen[]): boolean {
  const argument = process.argument === undefined ? null : fillOne(process.argument, facts);
  return processes.some(
    ({ name, line }) => process.name.test(name) && (argument === null || line.split('\0').includes(argument)),
  );
}
