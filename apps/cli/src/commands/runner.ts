/**
 * commands: what may be written on the command line. In: commander's view of the arguments. Out: a call of one action, an exit code.
 * Promised: arguments are checked here and nothing heavy is loaded before they are right.
 */
import { Command } from '@commander-js/extra-typings';
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

export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join('')}`;
}
