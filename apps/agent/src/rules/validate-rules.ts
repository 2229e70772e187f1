/** Checks a set of rules before a job is made of it: each error is a sentence that says what is wrong and what would be right. */
import { brand, printable, type RawName, rawFromText, rawToText } from '@understudy/base';
import {
  directoryFor,
  literalPart,
  type PlaceProbe,
  type ProtectedDirectory,
  protectedDirectories,
} from './directories.ts';
import { liesWithin, parentOf, placesOverlap, tidyPath } from './places.ts';
import { parseRule, type Rule, type RuleInput } from './rule.ts';

export interface RuleContext {
  readonly probe: PlaceProbe;
  /** Directories that can never be protected, neither they nor what holds them nor what lies in them: /proc, /sys … */
  readonly forbidden: readonly RawName[];
  /** The agent's own: home, queue, journals. `what` as in "the agent's home". */
  readonly own: readonly { readonly path: RawName; readonly what: string }[];
}

export interface RuleVerdict {
  /** Empty: the set is good. */
  readonly errors: readonly string[];
  /** What an administrator should know all the same. */
  readonly notes: readonly string[];
  readonly rules: readonly Rule[];
  /** What to protect; empty where there are errors. */
  readonly directories: readonly ProtectedDirectory[];
}

/** The places where protecting in place would harm the machine itself. */
export const FORBIDDEN_PLACES: readonly RawName[] = ['/etc', '/proc', '/sys', '/dev', '/run'].map(rawFromText);

export function validateRules(inputs: readonly RuleInput[], context: RuleContext): RuleVerdict {
  const errors: string[] = [];
  const notes: string[] = [];
  const rules: Rule[] = [];
  for (const input of inputs) {
    const rule = parseRule(input);
    const wrong = rule === null ? malformed(input) : wrongForm(rule);
    if (wrong !== null) errors.push(wrong);
    else if (rule !== null) rules.push(rule);
  }
  errors.push(...repeated(rules));
  if (!rules.some((rule) => rule.include) && errors.length === 0)
    errors.push('no rule includes anything; give at least one path to protect');
  for (const rule of rules) if (rule.include) checkPlace(rule, context, errors, notes);
  if (errors.length > 0) return { errors: [...new Set(errors)], notes, rules, directories: [] };
  return { errors, notes, rules, directories: protectedDirectories(rules, context.probe) };
}

function malformed(input: RuleInput): string {
  const text = rawToText(input.path);
  if (text.trim() === '') return 'a rule is empty; give an absolute path such as /srv/data';
  const shown = printable(input.path);
  if (!text.startsWith('/')) return `rule ${shown} is not an absolute path; begin it with a slash, as in /srv/data`;
  return `rule ${shown} holds ".."; write the path it leads to`;
}

function wrongForm(rule: Rule): string | null {
  const shown = printable(rule.given);
  if (rule.given.includes('\0')) return `rule ${shown} holds a zero byte, which no file name can`;
  if (rule.components.length === 0)
    return 'rule / would protect the whole machine; name the folders that hold its data, such as /srv';
  if (rule.components.some((part) => rawFromText(part).length > 255))
    return `rule ${shown} holds a name of more than 255 bytes, which no file can have`;
  return null;
}

function repeated(rules: readonly Rule[]): string[] {
  const seen = new Map<string, Rule>();
  const found: string[] = [];
  for (const rule of rules) {
    const path = rule.components.join('/');
    const before = seen.get(path);
    seen.set(path, rule);
    if (before === undefined) continue;
    const shown = printable(rule.given);
    if (before.include === rule.include) found.push(`rule ${shown} is given twice; leave one of them out`);
    else found.push(`rule ${shown} is both included and excluded; decide for one`);
  }
  return found;
}

function checkPlace(rule: Rule, context: RuleContext, errors: string[], notes: string[]): void {
  const { probe } = context;
  const shown = printable(rule.given);
  const { path, complete } = literalPart(rule);
  const kind = probe.kindOf(path);
  const link = throughLink(path, kind, rule, complete, probe);
  if (link !== null) {
    errors.push(`rule ${shown} leads through a symbolic link; write it with the real path, ${printable(link)}`);
    return;
  }
  if (kind !== 'directory' && kind !== 'missing' && (!complete || rule.directoryOnly)) {
    errors.push(`rule ${shown} means a directory, but ${printable(path)} is a file; leave out what follows its name`);
    return;
  }
  const directory = directoryFor(rule, probe);
  if (kind === 'missing')
    notes.push(
      `${printable(path)} does not exist yet; it is protected as soon as it does, and until then ${printable(directory)} is watched for it`,
    );
  checkDirectory(rule, directory, context, errors);
}

/** The real path where a symbolic link lies on the way; a link that is itself the file meant is protected as a link. */
function throughLink(
  path: RawName,
  kind: ReturnType<PlaceProbe['kindOf']>,
  rule: Rule,
  complete: boolean,
  probe: PlaceProbe,
): RawName | null {
  // A file behind a link: the directories on its way are looked at as they really lie.
  const above = parentOf(path);
  const realAbove = probe.canonical(above);
  if (realAbove !== null && realAbove !== above)
    return tidyPath(brand<RawName>(`${realAbove}/${path.slice(above.length)}`));
  const directory = kind === 'directory' ? path : directoryFor(rule, probe);
  const real = probe.canonical(directory);
  if (real !== null && real !== directory) return real;
  if (kind !== 'symlink') return null;
  const target = probe.canonical(path);
  const meansDirectory = !complete || rule.directoryOnly || (target !== null && probe.kindOf(target) === 'directory');
  return meansDirectory ? target : null;
}

function checkDirectory(rule: Rule, directory: RawName, context: RuleContext, errors: string[]): void {
  const shown = printable(rule.given);
  const shownDirectory = printable(directory);
  if (directory === '/') {
    errors.push(
      `rule ${shown} would need the root directory itself to be protected; put the files into a folder and name that`,
    );
    return;
  }
  for (const place of context.forbidden)
    if (placesOverlap(directory, place))
      errors.push(
        `rule ${shown} needs ${shownDirectory} to be protected, but ${printable(place)} is the system's own; protect data folders only`,
      );
  for (const own of context.own)
    if (placesOverlap(directory, own.path))
      errors.push(
        liesWithin(own.path, directory)
          ? `rule ${shown} needs ${shownDirectory} to be protected, which holds ${own.what} (${printable(own.path)}); move that elsewhere or name the folders beside it`
          : `rule ${shown} lies within ${own.what} (${printable(own.path)}); the agent cannot protect its own files`,
      );
}
