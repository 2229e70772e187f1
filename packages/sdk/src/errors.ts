/**
 * What can go wrong between a client and an agent: a closed list. Each error carries a sentence for a person; the command line turns
 * the code into its exit code.
 */
export const SDK_ERROR_CODES = [
  /** An argument handed to the sdk is wrong: an address, a name. */
  'bad-argument',
  /** No server of this name is in the profile. */
  'unknown-server',
  /** The name fits more than one thing. */
  'ambiguous',
  /** The profile's folder or a file in it cannot be read or written, or belongs to a newer version. */
  'profile-unusable',
  /** Another process holds the profile's lock. */
  'profile-busy',
  /** Nobody answers at the address. */
  'unreachable',
  /** Something answers, and it is not an agent of Understudy, or speaks another version. */
  'not-an-agent',
  /** The server does not know this client, or could not prove that it knows the code. */
  'not-trusted',
  /** The server shows another certificate than the one that was pinned. */
  'fingerprint-changed',
  /** The connection ended before the answer. */
  'disconnected',
  /** No answer within the time limit. */
  'timeout',
  /** The answer does not have the shape that was agreed on. */
  'invalid-answer',
  /** The agent answered with an error; `agentCode` is its code. */
  'agent-error',
] as const;
export type SdkErrorCode = (typeof SDK_ERROR_CODES)[number];

export interface SdkErrorOptions {
  /** The agent's own code, with `agent-error` and `not-trusted`. */
  readonly agentCode?: string;
  readonly cause?: unknown;
}

export class SdkError extends Error {
  override readonly name = 'SdkError';
  readonly code: SdkErrorCode;
  readonly agentCode: string | null;

  constructor(code: SdkErrorCode, sentence: string, options: SdkErrorOptions = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.agentCode = options.agentCode ?? null;
  }
}

/** errno name of a system error, or null. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** The words of an error for the end of a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
