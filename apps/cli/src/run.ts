import { CommanderError } from '@commander-js/extra-typings';
import type { Runner } from './commands/runner.ts';
import { CommandError, ExitCode } from './exit-code.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';
import { sentence } from './text.ts';

/** Runs one command line and returns its exit code; whatever goes wrong is a sentence on standard error. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const runner: Runner = { io, exitCode: ExitCode.done };
  try {
    await buildProgram(runner).parseAsync([...args], { from: 'user' });
    return runner.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
    if (error instanceof CommandError) return fail(io, error.exitCode, error.message);
    const { describeFailure } = await import('./failure.ts');
    const failure = describeFailure(error);
    return fail(io, failure.exitCode, failure.sentence);
  }
}

function fail(io: Io, exitCode: ExitCode, text: string): ExitCode {
  io.err(`error: ${sentence(text)}\n`);
  return exitCode;
}
