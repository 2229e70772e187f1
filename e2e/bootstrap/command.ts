import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const ownCommand = join(projectRoot, 'bin', 'understudy');
/** The checkout's own command, or an installed one: `UNDERSTUDY_E2E_COMMAND=/usr/bin/understudy`. */
export const understudyCommand = process.env.UNDERSTUDY_E2E_COMMAND ?? ownCommand;

/** The closed list of CLI.md; a test that expects another number has found a fault. */
export const ExitCode = { done: 0, no: 1, usage: 2, unreachable: 3, timedOut: 4, agentError: 5 } as const;

export interface Outcome {
  readonly command: string;
  /** -1: ended by a signal (the time limit of the test kills). */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON; throws, quoting the output, where it is none. */
  json(): unknown;
}

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  readonly cwd?: string;
}

/** Runs a program to its end; never throws for an exit code, only where the program cannot be started. */
export function run(program: string, args: readonly string[], options: RunOptions): Promise<Outcome> {
  const command = [program, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: options.env,
      cwd: options.cwd ?? projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 120_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(outcomeOf(command, code ?? -1, stdout, stderr)));
  });
}

export function outcomeOf(command: string, code: number, stdout: string, stderr: string): Outcome {
  const json = (): unknown => {
    try {
      return JSON.parse(stdout);
    } catch {
      throw new Error(`no JSON on stdout: ${described({ command, code, stdout, stderr })}`);
    }
  };
  return { command, code, stdout, stderr, json };
}

export function described(result: Pick<Outcome, 'command' | 'code' | 'stdout' | 'stderr'>): string {
  return `${result.command}\n  exit ${result.code}\n  stdout: ${result.stdout.trim()}\n  stderr: ${result.stderr.trim()}`;
}

/** The outcome of a command that has to succeed. */
export function succeeded(result: Outcome): Outcome {
  if (result.code !== ExitCode.done) throw new Error(`this had to succeed: ${described(result)}`);
  return result;
}
