/** The exit codes that scripts depend on. */
export const ExitCode = {
  done: 0,
  /** The command ran and the answer is no. */
  no: 1,
  usage: 2,
  /** The server is unreachable or not trusted. */
  unreachable: 3,
  timeout: 4,
  /** The agent reported an error. */
  agent: 5,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Ends the command with a sentence and its exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, sentence: string) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

export const usageError = (sentence: string): CommandError => new CommandError(ExitCode.usage, sentence);
