/** Application presets on the command line: what the servers have, and a job made of one. */
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { presetNameSchema } from '@understudy/wire';
import { examples, type Program, type Runner } from './runner.ts';

function parsePreset(text: string): string {
  if (presetNameSchema.safeParse(text).success) return text;
  throw new InvalidArgumentError(
    'Write it as `understudy presets` lists it, such as postgresql or postgresql:15-main.',
  );
}

export const presetOption = () =>
  new Option(
    '--preset <name>',
    'an application of the source, as `understudy presets` lists it: its rules, its services; --include and --exclude add to it',
  ).argParser(parsePreset);

export function definePresets(program: Program, runner: Runner): void {
  program
    .command('presets')
    .summary('list the applications that the servers have and a preset knows')
    .description(
      'Lists databases, file and web servers that were found on the servers of the profile: what `job create --preset NAME` would protect, and the services that a failover would start.',
    )
    .option('--server <server>', 'of this server only')
    .option('--json', 'as JSON: {"servers": [{"server", "presets"}], "unreachable": [{"server", "why"}]}')
    .addHelpText(
      'after',
      examples([
        'understudy presets',
        'understudy presets --server alpha --json',
        'understudy job create db --source alpha --target beta --preset postgresql:15-main --start',
      ]),
    )
    .action(async (_options, command) => {
      const { listPresets } = await import('../actions/presets.ts');
      runner.exitCode = await listPresets(runner.io, command.optsWithGlobals());
    });
}
