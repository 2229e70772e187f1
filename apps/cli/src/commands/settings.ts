import { Option } from '@commander-js/extra-typings';
import { examples, type Program, type Runner } from './runner.ts';

export function defineSettings(program: Program, runner: Runner): void {
  program
    .command('settings')
    .summary('show or change what is set in an agent’s configuration file')
    .description(
      'Lists the settings of an agent; with a key, what that one does and may be; with a value, writes it into the agent’s file, whose comments stay. A change holds from the next start of the agent on.',
    )
    .argument('<server>', 'name of the server, as "understudy servers" lists it')
    .argument('[key]', 'path in the file: "queue.memory" is "memory:" beneath "queue:"')
    .argument('[value]', 'as it would be written in the file')
    .addOption(new Option('--default', 'with a key: take it out of the file, so that the usual value holds'))
    .option(
      '--json',
      'as JSON: {"file", "settings": [{"key", "doc", "unit", "usual", "now", "from", "next"}], "problem"}',
    )
    .addHelpText(
      'after',
      examples([
        'understudy settings alpha',
        'understudy settings alpha queue.memory',
        'understudy settings alpha queue.memory 2GiB',
        'understudy settings alpha queue.memory --default',
      ]),
    )
    .action(async (server, key, value, _options, command) => {
      const { showOrChangeSettings } = await import('../actions/settings.ts');
      runner.exitCode = await showOrChangeSettings(runner.io, { server, key, value }, command.optsWithGlobals());
    });
}
