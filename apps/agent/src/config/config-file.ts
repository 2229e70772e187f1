/**
 * config: HOME/agent.yaml. In: its text. Out: settings, or a refusal that names file, line, column and what would be right.
 * Promised: the agent never overwrites a file that it cannot read in full; edits keep comments and order.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { writeFileAtomically } from '../home/atomic-json.ts';
import { messageOf, StartError } from '../home/start-error.ts';
import {
  defaultFile,
  defaultSettings,
  faultBetween,
  isSettingKey,
  type SettingKey,
  type Settings,
  settingDefinitions,
  settingKeys,
} from './settings.ts';

/** Of the settings that the file names, what it says. */
export type Written = Readonly<Partial<Record<SettingKey, string>>>;

export interface Config {
  readonly path: string;
  readonly settings: Settings;
  readonly written: Written;
}

/** `required`: the file was named by hand, so it must be there; otherwise a file with explained defaults is made. */
export function openConfig(path: string, required: boolean): Config {
  if (!existsSync(path)) {
    if (required) throw new StartError('config-invalid', `${path} does not exist: name an existing file with --config`);
    writeFileSync(path, defaultFile(), { mode: 0o600, flag: 'wx' });
  }
  return readConfig(path);
}

export function readConfig(path: string): Config {
  return { path, ...parseConfig(path, read(path)) };
}

/**
 * Sets one value, or takes it out (null); everything else in the file, comments too, stays as it is. Throws StartError and changes nothing
 * on bad input.
 */
export function editConfig(path: string, key: SettingKey, value: unknown): Settings {
  const text = read(path);
  const { settings: before } = parseConfig(path, text);
  const document = parseDocument(text);
  const place = key.split('.');
  if (value === null && !document.hasIn(place)) return before;
  if (value === null) document.deleteIn(place);
  else document.setIn(place, value);
  const edited = document.toString({ lineWidth: 0 });
  const { settings } = parseConfig(path, edited);
  writeFileAtomically(path, edited);
  return settings;
}

function read(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new StartError('config-invalid', `${path} cannot be read as UTF-8 text: ${messageOf(error)}`);
  }
}

export function parseConfig(path: string, text: string): Omit<Config, 'path'> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true });
  const refuse = (offset: number, sentence: string): never => {
    const { line, col } = lines.linePos(Math.min(offset, Math.max(0, text.length - 1)));
    throw new StartError('config-invalid', `${path}, line ${line || 1}, column ${col || 1}: ${sentence}`);
  };
  const error = document.errors[0] ?? document.warnings[0];
  if (error !== undefined) refuse(error.pos[0], `this is not YAML (${firstLine(error.message)})`);
  if (text.trim() === '')
    refuse(
      0,
      'the file is empty, perhaps cut off. Restore it, or remove it: the agent then writes one with its defaults',
    );
  if (!text.endsWith('\n'))
    refuse(
      text.length - 1,
      'the file ends in the middle of a line, so it may be cut off. If it is whole, end its last line',
    );
  return settingsOf(document, refuse);
}

type Refuse = (offset: number, sentence: string) => never;

function settingsOf(document: Document.Parsed, refuse: Refuse): Omit<Config, 'path'> {
  const settings: Record<string, unknown> = { ...defaultSettings() };
  const written: Partial<Record<SettingKey, string>> = {};
  const root = document.contents as Node | null;
  // Only comments: everything has its default.
  if (root === null || (isScalar(root) && root.value === null))
    return { settings: settings as unknown as Settings, written };
  if (!isMap(root)) return refuse(offsetOf(root), 'settings are lines of `key: value`');
  const flat = flatten(root, '', refuse);
  for (const [key, value, offset] of flat) {
    if (!isSettingKey(key)) return refuse(offset, `there is no setting \`${key}\`${nearest(key)}`);
    const parsed = settingDefinitions[key].schema.safeParse(value.js);
    if (!parsed.success)
      refuse(
        value.offset,
        `\`${key}\` is ${shown(value.js)}; right would be ${parsed.error.issues[0]?.message ?? 'another value'}`,
      );
    settings[key] = parsed.data;
    written[key] = writtenAs(value.js);
  }
  const fault = faultBetween(settings as unknown as Settings);
  const group = fault?.key.split('.')[0] ?? '';
  if (fault !== null) refuse(flat.find(([key]) => key.startsWith(`${group}.`))?.[2] ?? 0, fault.sentence);
  return { settings: settings as unknown as Settings, written };
}

/** On one line, as it could stand in the file. */
export const writtenAs = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(String).join(', ')}]` : value === '' ? '""' : String(value);

type Flat = [key: string, value: { readonly js: unknown; readonly offset: number }, offset: number];

function flatten(map: YAMLMap, prefix: string, refuse: Refuse): Flat[] {
  const flat: Flat[] = [];
  for (const pair of map.items as Pair<unknown, unknown>[]) {
    const offset = offsetOf(pair.key);
    const name = isScalar(pair.key) ? String(pair.key.value) : '?';
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const group = prefix === '' && settingKeys.some((known) => known.startsWith(`${key}.`));
    if (isMap(pair.value) && group) flat.push(...flatten(pair.value, key, refuse));
    else if (group)
      refuse(offset, `\`${key}\` is a group: its settings stand beneath it, indented, each on a line of its own`);
    else if (!isSettingKey(key)) flat.push([key, { js: null, offset }, offset]);
    else flat.push([key, { js: plainOf(pair.value), offset: offsetOf(pair.value, offset) }, offset]);
  }
  return flat;
}

/** A value, or a list of values; anything else as YAML's own node. */
function plainOf(node: unknown): unknown {
  if (isScalar(node)) return node.value;
  return isSeq(node) && node.items.every(isScalar) ? node.items.map(({ value }) => value) : node;
}

function offsetOf(node: unknown, otherwise = 0): number {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return range?.[0] ?? otherwise;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  return isScalar(value) || typeof value !== 'object' ? JSON.stringify(value) : 'not a single value';
}

function nearest(key: string): string {
  let best = '';
  let distance = 4;
  for (const known of settingKeys) {
    const d = editDistance(key, known);
    if (d < distance) [best, distance] = [known, d];
  }
  return best === '' ? `; there are ${settingKeys.join(', ')}` : `; did you mean \`${best}\`?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
