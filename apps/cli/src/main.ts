import { processIo } from './io.ts';
import { rawArguments } from './raw-arguments.ts';
import { run } from './run.ts';

const args = rawArguments();
const abort = new AbortController();

// What goes on for ever ends in order at a signal; everything else dies of it as usual. The agent has signal handlers of its own.
const endless = args.some((arg) => arg === '--watch' || arg === '--follow');
if (endless) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());

// `understudy events | head` closes the pipe: that is an end, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const exitCode = await run(args, processIo(abort.signal));
process.exitCode = exitCode;
// Output may still be on its way into a pipe; nothing else is worth waiting for.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
