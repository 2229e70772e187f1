/**
 * The command line's own code without a process of its own: a test that looks again and again would otherwise spend the machine on
 * starting Node. What asks and waits is run so, and the pairing that every stage begins with; what acts is a real process, as an
 * administrator's is.
 */
import { run as runCommand } from '@understudy/cli';
import { type Outcome, outcomeOf } from './command.ts';

const ASKING = new Set(['status', 'wait', 'flush', 'events']);

export function isAsking(args: readonly string[]): boolean {
  return ASKING.has(args[0] ?? '') && !args.includes('--watch') && !args.includes('--follow');
}

/** As `run` of a process that is killed after `timeoutMs`: -1 is its exit code then. */
export async function runInProcess(
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<Outcome> {
  const said = { out: '', err: '' };
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(-1), options.timeoutMs);
  });
  const code = await Promise.race([
    late,
    runCommand(args, {
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
      isTerminal: false,
      colour: false,
      columns: () => 80,
      rows: () => 24,
      env: options.env,
      signal: ending.signal,
    }),
  ]);
  clearTimeout(timer);
  ending.abort();
  return outcomeOf(`understudy ${args.join(' ')}`, code, said.out, said.err);
}
