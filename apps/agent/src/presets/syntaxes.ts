/**
 * Configuration files as settings. In: a file and how it is written. Out: section, key, value, in the order in which the service reads
 * them, what the file includes among them. Promised: whatever stands in a file, a look at it takes no longer than its length calls for; what cannot be understood is left out.
 */
import { posix } from 'node:path';
import { matchesOf } from './places.ts';
import type { Syntax } from './preset.ts';
import type { ServerView } from './server-view.ts';

export interface Setting {
  /** Empty: none. */
  readonly section: string;
  /** In lower case, except in XML and JSON. */
  readonly key: string;
  readonly value: string;
}

/** A line of a parser's: a setting, or other files to be read in its place. */
type Line = Setting | { readonly include: string };
type Parser = (text: string) => Iterable<Line>;

const MOST_FILES = 256;
/** Of one application: far more than any has, and no more than memory has room for. */
const MOST_SETTINGS = 100_000;
/** No path is longer. */
const MOST_VALUE = 4096;
/** Elements within elements. */
const MOST_DEPTH = 64;

export function settingsOf(view: ServerView, file: string, syntax: Syntax): Setting[] {
  const read = new Set<string>();
  const settings: Setting[] = [];
  const readFile = (path: string): void => {
    if (read.size >= MOST_FILES || settings.length >= MOST_SETTINGS || read.has(path)) return;
    read.add(path);
    const text = view.read(path);
    if (text === null) return;
    // Web servers mean their own folder, whichever file names another.
    const base = posix.dirname(syntax === 'directives' || syntax === 'apache' ? file : path);
    for (const line of PARSERS[syntax](text)) {
      if (settings.length >= MOST_SETTINGS) return;
      if (!isUsable('include' in line ? line.include : line.value)) continue;
      if (!('include' in line)) settings.push(line);
      else for (const one of filesOf(view, posix.resolve(base, line.include), syntax)) readFile(one);
    }
  };
  for (const { path } of matchesOf(view, file)) readFile(path);
  return settings;
}

/** A carriage return in the midst of a line is no end of it, and no part of any value. */
const isUsable = (value: string): boolean => value.length <= MOST_VALUE && !value.includes('\r');

/** An included directory means the files in it that a service would read. */
function filesOf(view: ServerView, place: string, syntax: Syntax): string[] {
  const ending = syntax === 'ini' ? /\.(cnf|ini|conf)$/ : /\.conf$/;
  return matchesOf(view, place).flatMap(({ path }) => {
    const at = view.canonical(path);
    if (at === null || view.kind(at) !== 'directory') return [path];
    const names = [...view.names(at)].filter((name) => ending.test(name) && !name.startsWith('.'));
    return names.sort().map((name) => `${at}/${name}`);
  });
}

const unquoted = (value: string): string => value.replace(/^"(.*)"$/s, '$1').replace(/^'(.*)'$/s, '$1');

/** `key = 'value' # comment`, where the equals sign may be left out. */
function* postgresql(text: string): Iterable<Line> {
  for (const line of text.split('\n')) {
    const match = /^\s*([\w.]+)\s*(?:=\s*|\s)(?:'((?:[^'\\]|''|\\.)*)'|([^\s#]+))/.exec(line);
    if (match === null) continue;
    const key = (match[1] ?? '').toLowerCase();
    const value = (match[2] ?? match[3] ?? '').replaceAll("''", "'");
    yield /^include(_dir|_if_exists)?$/.test(key) ? { include: value } : { section: '', key, value };
  }
}

/** Sections in brackets; keys may hold spaces, and dashes mean underscores. */
function* ini(text: string): Iterable<Line> {
  let section = '';
  for (const line of text.replace(/\\\r?\n/g, ' ').split('\n')) {
    const written = line.trim();
    const directory = /^!include(?:dir)?\s+(\S.*)$/s.exec(written)?.[1];
    const heading = /^\[([^\]]+)\]/.exec(written)?.[1];
    if (directory !== undefined) yield { include: directory };
    else if (heading !== undefined) section = heading.trim();
    else if (!/^[#;]/.test(written)) yield* iniSetting(section, written);
  }
}

function* iniSetting(section: string, written: string): Iterable<Line> {
  const equals = written.indexOf('=');
  if (equals < 1) return;
  const key = written.slice(0, equals).trimEnd().toLowerCase();
  const value = unquoted(written.slice(equals + 1).trim());
  if (key === 'include') yield { include: value };
  else yield { section, key: key.includes(' ') ? key : key.replaceAll('-', '_'), value };
}

/** nginx: `key value;`, and blocks, whose names do not matter here. */
function* directives(text: string): Iterable<Line> {
  const plain = text.replace(/#[^\n]*/g, '');
  // Behind the last end nothing is looked for: it would be, from each of its characters on.
  const last = Math.max(...[';', '{', '}'].map((end) => plain.lastIndexOf(end)));
  for (const [, statement = '', end] of plain.slice(0, last + 1).matchAll(/([^;{}]*)([;{}])/g)) {
    const match = end === ';' ? /^([a-z_]+)\s+(.+)$/s.exec(statement.trim()) : null;
    if (match === null) continue;
    const key = match[1] ?? '';
    const value = unquoted(match[2] ?? '');
    yield key === 'include' ? { include: value } : { section: '', key, value };
  }
}

/** Apache: a directive a line; `Include` and `IncludeOptional` name others. */
function* apache(text: string): Iterable<Line> {
  for (const line of text.replace(/\\\r?\n/g, ' ').split('\n')) {
    const match = /^([A-Za-z]+)\s+(.+)$/s.exec(line.trim());
    if (match === null) continue;
    const key = (match[1] ?? '').toLowerCase();
    const value = unquoted(match[2] ?? '');
    yield /^include(optional)?$/.test(key) ? { include: value } : { section: '', key, value };
  }
}

/** exports(5): the directory, quoted or with octal escapes, then clients. */
function* exports(text: string): Iterable<Line> {
  for (const line of text.replace(/\\\r?\n/g, ' ').split('\n')) {
    const match = /^\s*(?:"(\/[^"]*)"|(\/\S*))/.exec(line);
    if (match === null) continue;
    const written = withoutSlashes(match[1] ?? match[2] ?? '');
    const value = written.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));
    yield { section: '', key: 'export', value };
  }
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

function* json(text: string): Iterable<Line> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return;
  }
  if (typeof parsed !== 'object' || parsed === null) return;
  for (const [key, value] of Object.entries(parsed))
    if (typeof value === 'string') yield { section: '', key, value: Buffer.from(value).toString('latin1') };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const decoded = (text: string): string => text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => ENTITIES[name] ?? '');

/** The key is the way to an element, or with `@` to one of its attributes: `domain/devices/disk/source@file`. */
function* xml(text: string): Iterable<Line> {
  const way: string[] = [];
  for (const [, closes, name = '', attributes = '', single, content = ''] of withoutComments(text).matchAll(
    /<(\/)?([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/)?>([^<]*)/g,
  )) {
    if (closes !== undefined) {
      way.pop();
      continue;
    }
    way.push(name);
    const key = way.length > MOST_DEPTH ? null : way.join('/');
    if (key !== null) yield* ofElement(key, attributes, content.trim());
    if (single !== undefined) way.pop();
  }
}

function* ofElement(key: string, attributes: string, content: string): Iterable<Line> {
  for (const [, attribute = '', one, other] of attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
    yield { section: '', key: `${key}@${attribute}`, value: decoded(one ?? other ?? '') };
  if (content !== '') yield { section: '', key, value: decoded(content) };
}

function withoutComments(text: string): string {
  const parts: string[] = [];
  let at = 0;
  for (let from = text.indexOf('<!--'); from !== -1; from = text.indexOf('<!--', at)) {
    const to = text.indexOf('-->', from + 4);
    // One that does not end is none.
    if (to === -1) break;
    parts.push(text.slice(at, from));
    at = to + 3;
  }
  parts.push(text.slice(at));
  return parts.join('');
}

const PARSERS: Readonly<Record<Syntax, Parser>> = { postgresql, ini, directives, apache, exports, json, xml };
