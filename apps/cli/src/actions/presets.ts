import { type Connection, didYouMean } from '@understudy/sdk';
import type { FoundPreset, RawPath } from '@understudy/wire';
import { CommandError, ExitCode, usageError } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { paints } from '../paint.ts';
import { json, sentence, shown, table } from '../text.ts';
import { knownServers, survey, tellUnreachable } from './find.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';

export interface PresetsOptions extends GlobalOptions {
  readonly server?: string | undefined;
  readonly json?: boolean | undefined;
}

export function listPresets(io: Io, options: PresetsOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const servers =
      options.server === undefined ? await knownServers(session) : [await session.profile.server(options.server)];
    const surveyed = await survey(session, servers, (connection) => connection.call('presets.list', {}));
    tellUnreachable(session, surveyed);
    const found = surveyed.answers.map(({ server, answer }) => ({ server: server.name, presets: answer.presets }));
    const unreachable = surveyed.unreachable.map(({ server, error }) => ({ server: server.name, why: error.message }));
    io.out(options.json === true ? json({ servers: found, unreachable }) : listed(io, found));
    return ExitCode.done;
  });
}

function listed(io: Io, found: readonly { server: string; presets: readonly FoundPreset[] }[]): string {
  const rows = found.flatMap(({ server, presets }) => presets.map((preset) => rowOf(server, preset)));
  if (rows.length === 0) return 'no application that a preset knows was found\n';
  const paint = paints(io.colour);
  const head = ['SERVER', 'PRESET', 'RUNS', 'WHAT', 'PROTECTS'];
  return table([head, ...rows], (cell, _column, row) => (row === 0 ? paint.dim(cell) : cell));
}

function rowOf(server: string, { name, title, running, include }: FoundPreset): string[] {
  const [first, ...others] = include.map(({ text }) => shown(text));
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return [server, name, running ? 'yes' : 'no', sentence(title), `${first ?? ''}${more}`];
}

/** Between which servers a preset is to work, and where its replica will lie. */
export interface PresetPair {
  readonly atSource: Connection;
  readonly atTarget: Connection;
  readonly to: RawPath | null;
}

/** The set is counted for a few seconds, at both ends. */
const COUNT_TIMEOUT_MS = 60_000;

/** The one that is meant, once the target was found fit for it. Says every problem; an error ends the command. */
export async function usePreset(session: Session, wanted: string, pair: PresetPair): Promise<FoundPreset> {
  const { presets } = await pair.atSource.call('presets.list', {});
  const preset = choose(wanted, presets);
  for (const note of preset.notes) session.note(note);
  const needs = await pair.atSource.call('presets.needs', { name: preset.name }, { timeoutMs: COUNT_TIMEOUT_MS });
  const asked = { needs, to: pair.to };
  const { problems } = await pair.atTarget.call('presets.validate', asked, { timeoutMs: COUNT_TIMEOUT_MS });
  for (const problem of problems) session.io.err(`${problem.severity}: ${sentence(problem.sentence)}\n`);
  if (!problems.some(({ severity }) => severity === 'error')) return preset;
  throw new CommandError(
    ExitCode.agent,
    `the job was not created: the target could not run ${preset.name} after a failover; mend that, or make the job with --include alone`,
  );
}

/** `postgresql` is enough where the source has one of them. */
function choose(wanted: string, presets: readonly FoundPreset[]): FoundPreset {
  const fitting = presets.filter(({ name }) => name === wanted || name.startsWith(`${wanted}:`));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  const names = presets.map(({ name }) => name);
  if (only !== undefined)
    throw usageError(`the source has several: write --preset ${fitting.map(({ name }) => name).join(' or --preset ')}`);
  if (names.length === 0)
    throw usageError(`there is no ${wanted} on the source, nor anything else that a preset knows`);
  const meant = didYouMean(wanted, names);
  const hint = meant === null ? `found are ${names.join(', ')}` : `did you mean ${meant}?`;
  throw usageError(`there is no ${wanted} on the source; ${hint}`);
}
