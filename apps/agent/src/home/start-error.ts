/** Why an agent does not start. The list is closed; the sentence says what is wrong and what would be right. */
export type StartFault =
  | 'home-unusable'
  | 'home-locked'
  | 'state-damaged'
  | 'identity-damaged'
  | 'config-invalid'
  | 'listen-invalid'
  | 'port-in-use'
  | 'listen-failed';

export class StartError extends Error {
  override readonly name = 'StartError';
  readonly fault: StartFault;
  constructor(fault: StartFault, sentence: string) {
    super(sentence);
    this.fault = fault;
  }

  /** What the command exits with: 2 where an argument was wrong, otherwise 5. */
  get exitCode(): 2 | 5 {
    return this.fault === 'listen-invalid' ? 2 : 5;
  }
}

/** The errno name of a failed system call, or ''. */
export function errnoOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
