/** A person's yes to what is not taken back easily. In: a question. Out: nothing, or a CommandError. Promise: a pipe never waits for it. */
import { CommandError, ExitCode, usageError } from '../exit-code.ts';
import type { Io } from '../io.ts';

export async function confirm({ ask }: Io, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (ask === undefined) throw usageError(`nobody can be asked here: say --yes. ${question}`);
  if (!/^y(es)?$/i.test((await ask(`${question} [y/N] `)).trim()))
    throw new CommandError(ExitCode.no, 'nothing was done');
}
