/**
 * commands: what may be written on the command line. In: commander's view of the arguments. Out: a call of one action, an exit code.
 * Promised: arguments are checked here and nothing heavy is loaded before they are right.
 */
import { Command, Option } from '@commander-js/extra-typings';
import { usageError } from '../exit-code.ts';
import type { Io } from '../io.ts';

/** What a command needs to become an exit code. */
export interface Runner {
  readonly io: Io;
  /** The outcome of the command that ran. */
  exitCode: number;
}

export function newProgram() {
  return new Command('understudy').option(
    '--profile <dir>',
    'client credentials and list of servers (default: UNDERSTUDY_PROFILE or ~/.config/understudy)',
  );
}
export type Program = ReturnType<typeof newProgram>;

/** An option of a later version: known by name, so that it is refused and never ignored. */
export function later(flags: string, what: string): Option<string> {
  return new Option(flags, `${what} (not in this version)`) as Option<string>;
}

export function notYet(name: string, instead = ''): never {
  throw usageError(`${name} is not implemented in this version${instead === '' ? '' : `; ${instead}`}`);
}

/** Refuses each option of a later version that was given. */
export function refuseGiven(options: Readonly<Record<string, unknown>>, flags: Readonly<Record<string, string>>): void {
  for (const [key, name] of Object.entries(flags))
    if (options[key] !== undefined && options[key] !== false) notYet(name);
}

export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join('')}`;
}
