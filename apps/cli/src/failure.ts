import { SdkError, type SdkErrorCode } from '@understudy/sdk';
import { exitCodeOf, managementErrorCode } from '@understudy/wire';
import { CommandError, ExitCode } from './exit-code.ts';

const CODES: Readonly<Record<SdkErrorCode, ExitCode>> = {
  'bad-argument': ExitCode.usage,
  'unknown-server': ExitCode.usage,
  ambiguous: ExitCode.usage,
  'profile-unusable': ExitCode.usage,
  'profile-busy': ExitCode.usage,
  unreachable: ExitCode.unreachable,
  'not-an-agent': ExitCode.unreachable,
  'not-trusted': ExitCode.unreachable,
  'fingerprint-changed': ExitCode.unreachable,
  disconnected: ExitCode.unreachable,
  timeout: ExitCode.timeout,
  'invalid-answer': ExitCode.agent,
  'agent-error': ExitCode.agent,
};

/** Exit code and sentence of whatever ended a command. */
export function describeFailure(error: unknown): { readonly exitCode: ExitCode; readonly sentence: string } {
  if (error instanceof CommandError) return { exitCode: error.exitCode, sentence: error.message };
  if (error instanceof SdkError) return { exitCode: exitCodeOfSdk(error), sentence: error.message };
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: ExitCode.agent, sentence: `this should not happen, please report it: ${what}` };
}

function exitCodeOfSdk(error: SdkError): ExitCode {
  const agentCode = managementErrorCode.safeParse(error.agentCode);
  return agentCode.success ? exitCodeOf[agentCode.data] : CODES[error.code];
}
