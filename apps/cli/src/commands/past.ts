/** What a replica has been, on the command line: its moments, and views of them. */
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { usageError } from '../exit-code.ts';
import { parseAbsolutePath } from '../values.ts';
import { examples, type Program, type Runner } from './runner.ts';

/** As `points` shows it, or anything that is a date with a time; without a zone it is this machine's time. */
export function parseTime(text: string): string {
  const ms = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError('Write a time such as 2026-11-22T12:00:00Z, as `understudy points` shows them.');
}

export function definePast(program: Program, runner: Runner): void {
  program
    .command('points')
    .summary('list the moments that can be gone back to')
    .description(
      'Lists the moments to which the target can take the replica of a job back, the newest last: times of the source, positions, what is kept for each, and the views that are shown.',
    )
    .argument('<name>', 'a job, or SERVER/JOB with the server that keeps the replica')
    .option('--json', 'as JSON')
    .addHelpText('after', examples(['understudy points files', 'understudy points beta/files --json']))
    .action(async (name, _options, command) => {
      const { showPoints } = await import('../actions/past.ts');
      runner.exitCode = await showPoints(runner.io, name, command.optsWithGlobals());
    });
  program
    .command('view')
    .summary('show the replica as it was at a moment')
    .description(
      'Mounts the replica read-only in a directory of the target, as it was at the newest moment up to the time, while replication goes on. Each protected directory lies there under its own path. --end takes it away.',
    )
    .argument('<name>', 'a job, or SERVER/JOB with the server that keeps the replica')
    .argument('<dir>', 'a directory on the target', parseAbsolutePath)
    .addOption(new Option('--at <time>', 'the moment').argParser(parseTime).conflicts(['end']))
    .addOption(new Option('--end', 'take the view away').conflicts(['at']))
    .addHelpText(
      'after',
      examples(['understudy view files --at 2026-11-22T12:00:00Z /mnt/then', 'understudy view files --end /mnt/then']),
    )
    .action(async (name, directory, { at, end }, command) => {
      if (at === undefined && end === undefined) throw usageError('say which moment with --at TIME, or --end');
      const { endView, showView } = await import('../actions/past.ts');
      const options = command.optsWithGlobals();
      runner.exitCode =
        at === undefined
          ? await endView(runner.io, name, directory, options)
          : await showView(runner.io, name, { directory, at }, options);
    });
}
