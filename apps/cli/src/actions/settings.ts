import { type Connection, didYouMean } from '@understudy/sdk';
import type { AgentSettings, Setting } from '@understudy/wire';
import { ExitCode, usageError } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { paints } from '../paint.ts';
import { json, sentence, table } from '../text.ts';
import { type GlobalOptions, withSession } from './session.ts';

export interface SettingsOptions extends GlobalOptions {
  readonly default?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export interface SettingsAsked {
  readonly server: string;
  readonly key?: string | undefined;
  readonly value?: string | undefined;
}

export function showOrChangeSettings(io: Io, asked: SettingsAsked, options: SettingsOptions): Promise<ExitCode> {
  const { server, key, value } = asked;
  if (options.default === true && key === undefined)
    throw usageError('--default needs the key of a setting; "understudy settings SERVER" lists them');
  if (options.default === true && value !== undefined)
    throw usageError(`either a value or --default: both were given for ${key}`);
  return withSession(io, options, async (session) => {
    const known = await session.profile.server(server);
    const connection = await session.connect(known);
    const before = await connection.call('agent.settings', {});
    const change = options.default === true ? null : value;
    const chosen = key === undefined ? null : settingOf(before, key);
    const after =
      chosen === null || change === undefined ? before : await changed(connection, { key: chosen.key, value: change });
    const shown = chosen === null ? after.settings : [settingOf(after, chosen.key)];
    if (options.json === true) io.out(json({ ...after, settings: shown }));
    else if (chosen === null) io.out(listed(after, io.colour));
    else io.out(change === undefined ? about(settingOf(after, chosen.key)) : told(settingOf(after, chosen.key), after));
    if (after.problem !== null) session.note(`${known.name} would not start with ${after.file}: ${after.problem}`);
    return ExitCode.done;
  });
}

const changed = (
  connection: Connection,
  change: { readonly key: string; readonly value: string | null },
): Promise<AgentSettings> => connection.call('agent.changeSetting', change);

function settingOf({ settings }: AgentSettings, key: string): Setting {
  const found = settings.find((setting) => setting.key === key);
  if (found !== undefined) return found;
  const near = didYouMean(
    key,
    settings.map((setting) => setting.key),
  );
  const hint = near === null ? '"understudy settings SERVER" lists them' : `did you mean ${near}?`;
  throw usageError(`the agent has no setting ${key}; ${hint}`);
}

const NOTHING = '(nothing)';
const written = (value: string): string => (value === '' ? NOTHING : sentence(value));
/** An agent would not start: nobody knows. */
const nextOf = ({ next }: Setting): string => (next === null ? 'the agent would not start' : written(next));

function listed({ file, settings }: AgentSettings, colour: boolean): string {
  const paint = paints(colour);
  const rows = settings.map((setting) => [
    setting.key,
    written(setting.now),
    setting.next === setting.now ? '' : nextOf(setting),
    setting.from,
  ]);
  const head = ['SETTING', 'NOW', 'FROM THE NEXT START ON', 'FROM'];
  return `${table([head, ...rows], (cell, _column, row) => (row === 0 ? paint.dim(cell) : cell))}\n${sentence(file)}\n`;
}

function about(setting: Setting): string {
  const lines = [
    setting.key,
    `  ${sentence(setting.doc)}`,
    `  may be: ${sentence(setting.unit)}`,
    `  usually: ${written(setting.usual)}`,
    `  now: ${written(setting.now)} (${setting.from === 'option' ? 'an option of its command line' : setting.from})`,
    ...(setting.next === setting.now ? [] : [`  from the next start on: ${nextOf(setting)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function told(setting: Setting, { file }: AgentSettings): string {
  const isSame = setting.next === setting.now;
  const holds = isSame ? 'as it is now' : `from the next start of the agent on (now ${written(setting.now)})`;
  return `${setting.key} is ${nextOf(setting)}, ${holds}; written in ${sentence(file)}\n`;
}
