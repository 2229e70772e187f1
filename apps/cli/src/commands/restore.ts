/** `restore` on the command line. */
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { Place } from '../actions/restore.ts';
import { usageError } from '../exit-code.ts';
import { parseDuration } from '../values.ts';
import { examples, type Program, type Runner } from './runner.ts';

/** `SERVER:DIR`. */
export function parsePlace(text: string): Place {
  const colon = text.indexOf(':');
  const [server, directory] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon > 0 && directory.startsWith('/')) return { server, directory };
  throw new InvalidArgumentError('Write a server and a directory there, such as gamma:/srv/restored.');
}

const collect = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];

const EXAMPLES = [
  'understudy restore files --dry-run',
  'understudy restore files --yes',
  'understudy restore files --overwrite --yes',
  'understudy restore files --to gamma:/srv/restored',
  'understudy restore files --cancel',
];

/** Of one that is under way nothing is chosen any more. */
function refuseBesideCancel(options: Readonly<Record<string, unknown>>): void {
  const flags = { to: '--to', overwrite: '--overwrite', risk: '--risk', dryRun: '--dry-run' };
  for (const [key, flag] of Object.entries(flags))
    if (options[key] !== undefined)
      throw usageError(`--cancel breaks off the one that is under way: leave out ${flag}`);
}

export function defineRestore(program: Program, runner: Runner): void {
  program
    .command('restore')
    .summary('copy the replica back to the source, or elsewhere')
    .description(
      'Copies what the target keeps of a job, once: to the source where its job is stopped or its files are gone, or with --to beneath a ' +
        'directory of another server, while the job goes on. What is to be done is shown first, and asked. Nothing that lies there is ' +
        'written over or deleted. After a failover it is failback that brings the work home. Exits with 1 where something stands in the way.',
    )
    .argument('<name>', 'a job, or SERVER/JOB with the server that keeps the replica')
    .addOption(new Option('--to <server:dir>', 'where to (default: the source, where it was)').argParser(parsePlace))
    .addOption(new Option('--overwrite', 'what lies there and differs is put aside, and the replica takes its place'))
    .addOption(new Option('--risk <name...>', 'a risk that the refusal names, taken knowingly').argParser(collect))
    .addOption(new Option('--dry-run', 'print what would be done and what stands in the way, and do nothing'))
    .addOption(new Option('--json', 'the plan as JSON, with --dry-run'))
    .addOption(new Option('--yes', 'without asking'))
    .addOption(new Option('--cancel', 'break off the one that is under way; what was copied stays'))
    .option('--no-wait', 'begin it, and return')
    .addOption(new Option('--timeout <time>', 'how long to wait').argParser(parseDuration).default(86_400_000, '1d'))
    .addHelpText('after', examples(EXAMPLES))
    .action(async (name, options, command) => {
      if (options.json === true && options.dryRun !== true)
        throw usageError('--json shows the plan; give --dry-run as well');
      if (options.cancel === true) refuseBesideCancel(options);
      const { cancelRestore, restore } = await import('../actions/restore.ts');
      const globals = command.optsWithGlobals();
      runner.exitCode =
        options.cancel === true
          ? await cancelRestore(runner.io, name, globals)
          : await restore(runner.io, name, globals);
    });
}
