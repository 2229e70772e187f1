/** What a target must have to run one application of this server. In: an instance. Out: needs, which the caller carries to the target. */
import { createHash } from 'node:crypto';
import { brand, type RawName } from '@understudy/base';
import type { PresetNeeds } from '@understudy/wire';
import { describeInstance, type Instance, rawPath } from './find-presets.ts';
import { fill } from './places.ts';
import type { ServerView } from './server-view.ts';
import { type SetSize, sizeOf } from './set-size.ts';

export type MeasureSet = (paths: readonly string[]) => Promise<SetSize>;

const MOST_FILES = 1000;
const MOST_PORTS = 256;
const LAST_PORT = 65_535;

export async function needsOf(
  view: ServerView,
  instance: Instance,
  measure: MeasureSet = sizeOf,
): Promise<PresetNeeds> {
  const { preset, name, parts, facts } = instance;
  const { title, include } = describeInstance(instance, []);
  const { bytes, users, groups, counted } = await measure(include.map(({ bytes }) => rawOf(bytes)));
  return {
    name,
    title,
    parts: [...parts],
    version: await versionOf(view, instance),
    accounts: accountsOf(view, preset.users, { users, groups }),
    ports: portsOf(preset, facts),
    paths: include,
    bytes,
    counted,
    configuration: configurationOf(
      view,
      preset.configuration.flatMap((each) => fill(each, facts)),
    ),
  };
}

export const rawOf = (base64: string): RawName => brand<RawName>(Buffer.from(base64, 'base64').toString('latin1'));

/** The groups of the pattern, put together; null: the program is not there, or says something else. */
export async function versionOf(view: ServerView, { preset, facts }: Pick<Instance, 'preset' | 'facts'>) {
  const command = preset.version.command.flatMap((word) => fill(word, facts).slice(0, 1));
  const said = await view.ask(command);
  const match = said === null ? null : preset.version.pattern.exec(said);
  return match === null ? null : match.slice(1).join('');
}

/** What is written in a file may be no port. */
function portsOf({ ports }: Instance['preset'], facts: Instance['facts']): PresetNeeds['ports'] {
  const all = ports.flatMap(({ protocol, port }) =>
    [...new Set(fill(port, facts))].map((number) => ({ protocol, port: Number(number) })),
  );
  return all.filter(({ port }) => Number.isInteger(port) && port >= 1 && port <= LAST_PORT).slice(0, MOST_PORTS);
}

/** Numbers without a name here are only numbers: there is nothing to compare. */
function accountsOf(view: ServerView, runs: readonly string[], owners: Pick<SetSize, 'users' | 'groups'>) {
  const accounts: PresetNeeds['accounts'] = [];
  for (const { name, id } of view.accounts('user'))
    if (runs.includes(name) || owners.users.has(id))
      accounts.push({ kind: 'user', name, id, runs: runs.includes(name) });
  for (const { name, id } of view.accounts('group'))
    if (owners.groups.has(id)) accounts.push({ kind: 'group', name, id, runs: false });
  return accounts.slice(0, MOST_FILES);
}

/** Files that may not be read, or are no files, are left out: they differ in nothing that could be told. */
export function configurationOf(view: ServerView, paths: readonly string[]): PresetNeeds['configuration'] {
  const found: PresetNeeds['configuration'] = [];
  const look = (path: string): void => {
    if (found.length >= MOST_FILES) return;
    const at = view.canonical(path);
    const kind = at === null ? null : view.kind(at);
    if (kind === 'directory') for (const name of [...view.names(path)].sort()) look(`${path}/${name}`);
    const text = kind === 'file' ? view.read(path) : null;
    if (text !== null) found.push({ path: rawPath(path), digest: digestOf(text) });
  };
  for (const path of paths) look(path);
  return found;
}

export const digestOf = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');
