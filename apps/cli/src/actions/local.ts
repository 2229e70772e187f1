import { connectLocal } from '@understudy/sdk';
import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';

export interface AgentRunOptions {
  readonly home?: string | undefined;
  readonly config?: string | undefined;
  readonly listen?: string | undefined;
  readonly name?: string | undefined;
}

const DEFAULT_HOME = '/var/lib/understudy';

export function agentHome(option: string | undefined, env: NodeJS.ProcessEnv): string {
  const fromEnvironment = env.UNDERSTUDY_HOME;
  return option ?? (fromEnvironment === undefined || fromEnvironment === '' ? DEFAULT_HOME : fromEnvironment);
}

/** Hands over to the agent; only this command loads it. */
export async function runAgent(io: Io, options: AgentRunOptions): Promise<number> {
  const { runAgent: runHere } = await import('@understudy/agent');
  return await runHere({ ...options, home: agentHome(options.home, io.env) });
}

export interface PairingCodeOptions {
  readonly home?: string | undefined;
  readonly role: 'admin' | 'operator' | 'monitor';
  readonly ttl: number;
}

/** Over the agent's own socket: whoever may open it is an admin on that machine. */
export async function printPairingCode(io: Io, options: PairingCodeOptions): Promise<ExitCode> {
  const connection = await connectLocal(agentHome(options.home, io.env));
  try {
    const { role, ttl } = options;
    const { code } = await connection.call('agent.createPairingCode', { role, ttlMs: ttl });
    io.out(`${code}\n`);
    return ExitCode.done;
  } finally {
    connection.close();
  }
}
