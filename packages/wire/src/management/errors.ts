import { z } from 'zod';

/** Why a call was answered with no. The list is closed; the sentence beside the code is for people. */
export const managementErrorCodes = [
  /** No job of this name here. */
  'unknown-job',
  /** A server this agent has not been introduced to. */
  'unknown-server',
  'unknown-call',
  'unknown-topic',
  /** A job of this name exists already. */
  'name-taken',
  /** The caller's certificate is not known here, or the other server's is not the expected one. */
  'not-trusted',
  /** The caller is known but its role does not reach that far. */
  'forbidden',
  /** The pairing code is wrong, spent, expired or ended by wrong tries. */
  'wrong-code',
  /** The two sides speak different versions of the protocol. */
  'version',
  /** A parameter is missing, of the wrong type or without sense. */
  'invalid',
  /** A parameter this version does not know or does not implement yet. */
  'unsupported-option',
  /** The request is understood and the answer is no: the sentence names what stands in the way. */
  'refused',
  /** Another call is at the same job or the agent is stopping. */
  'busy',
  'timeout',
  /** This agent could not reach the other server. */
  'unreachable',
  /** Something failed inside the agent or its system. */
  'failed',
] as const;

export const managementErrorCode = z.enum(managementErrorCodes);
export type ManagementErrorCode = z.output<typeof managementErrorCode>;

/** The exit code with which the command line reports each error. */
export const exitCodeOf: Readonly<Record<ManagementErrorCode, 2 | 3 | 4 | 5>> = {
  'unknown-job': 5,
  'unknown-server': 5,
  'unknown-call': 5,
  'unknown-topic': 5,
  'name-taken': 5,
  'not-trusted': 3,
  forbidden: 3,
  'wrong-code': 3,
  version: 3,
  invalid: 2,
  'unsupported-option': 2,
  refused: 5,
  busy: 5,
  timeout: 4,
  unreachable: 3,
  failed: 5,
};

export const managementErrorSchema = z.object({ code: managementErrorCode, sentence: z.string().max(4096) });

/** The typed condition that travels: thrown by what answers a call, and by the client that receives it. */
export class ManagementError extends Error {
  override readonly name = 'ManagementError';
  readonly code: ManagementErrorCode;
  constructor(code: ManagementErrorCode, sentence: string) {
    super(sentence);
    this.code = code;
  }
}
