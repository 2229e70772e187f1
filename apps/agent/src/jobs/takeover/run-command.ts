/**
 * A program of the administrator's, run to its end. In: program, arguments, environment, a time limit. Out: how it ended and the last of
 * what it said. Promise: no shell reads it; when the time is over it is killed with everything that it has started in its group; what it
 * leaves running after its end, a service, is let be: it writes into a file, and never into a pipe that would break.
 */
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface CommandOptions {
  readonly timeoutMs: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Truncated first. */
  readonly output: string;
  readonly signal?: AbortSignal;
}

export interface CommandEnd {
  /** Null: it did not end by itself. */
  readonly code: number | null;
  /** Why not, in a few words; empty: it did. */
  readonly why: string;
  readonly said: string;
}

export type RunCommand = (command: readonly string[], options: CommandOptions) => Promise<CommandEnd>;

const SAID_BYTES = 2048;

export const runCommand: RunCommand = async ([program = '', ...args], options) => {
  const fd = openSync(options.output, 'w+', 0o600);
  try {
    const { code, why } = await run(program, args, fd, options);
    return { code, why, said: lastOf(fd) };
  } finally {
    closeSync(fd);
  }
};

function run(program: string, args: readonly string[], fd: number, options: CommandOptions) {
  const { timeoutMs, env, input, signal } = options;
  return new Promise<Pick<CommandEnd, 'code' | 'why'>>((resolve) => {
    const stdin = input === undefined ? 'ignore' : 'pipe';
    const child = spawn(program, args, {
      detached: true,
      cwd: '/',
      stdio: [stdin, fd, fd],
      env: { ...process.env, ...env },
    });
    let killed = '';
    const kill = (why: string) => {
      killed = why;
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has gone by itself.
      }
    };
    const timer = setTimeout(() => kill(`it had not ended after ${timeoutMs} ms and was killed`), timeoutMs);
    const broken = () => kill('it was broken off');
    signal?.addEventListener('abort', broken, { once: true });
    const settle = (code: number | null, why: string) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', broken);
      resolve({ code: why === '' ? code : null, why });
    };
    child.once('error', (error) => settle(null, `it cannot be started (${error.message})`));
    child.once('exit', (code, by) => settle(code, killed !== '' ? killed : by === null ? '' : `it was ended by ${by}`));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    if (signal?.aborted === true) broken();
  });
}

function lastOf(fd: number): string {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(Math.min(size, SAID_BYTES));
  readSync(fd, bytes, 0, bytes.length, Math.max(0, size - bytes.length));
  return bytes.toString('utf8').trim();
}

/** How it ended, for people; empty: well. */
export function howItEnded({ code, why, said }: CommandEnd): string {
  if (code === 0) return '';
  const words = why === '' ? `it ended with exit code ${code}` : why;
  return said === '' ? words : `${words}; it said: ${said}`;
}
