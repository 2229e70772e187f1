/** `migrate` on the command line. */
import { Option } from '@commander-js/extra-typings';
import { usageError } from '../exit-code.ts';
import { parseDuration } from '../values.ts';
import { examples, type Program, type Runner } from './runner.ts';

export function defineMigrate(program: Program, runner: Runner): void {
  program
    .command('migrate')
    .summary('move to the target without loss, while the source lives')
    .description(
      'Says whether a job is ready to be cut over, and exits with 1 where it is not. With --cutover the job’s services that run on the source are ' +
        'stopped, nothing is written there any more (other applications are answered EROFS: stop them first), the last operation is brought over, and the target takes over. The source is kept as it was: undo-failover and failback go back.',
    )
    .argument('<name>', 'a job, or SERVER/JOB')
    .option('--cutover', 'do it now')
    .option('--cancel', 'break one off that has not been taken over: applications write on')
    .option('--yes', 'without asking; with --cancel: the target has not taken over, I know it')
    .option(
      '--json',
      'as JSON: {"name", "ready", "reasons": [{"code", "sentence"}], "state", "queue", "lagMs", "plan"}',
    )
    .addOption(
      new Option('--timeout <time>', 'how long the last operations may take')
        .argParser(parseDuration)
        .default(30_000, '30s'),
    )
    .addHelpText('after', examples(['understudy migrate files', 'understudy migrate files --cutover --yes']))
    .action(async (name, options, command) => {
      if (options.cutover === true && options.cancel === true)
        throw usageError('--cutover begins it and --cancel breaks it off: say one of them');
      if (options.json === true && (options.cutover === true || options.cancel === true))
        throw usageError('--json is of the look whether it is ready: leave --cutover and --cancel out');
      const { cancelCutover, cutOver, lookReady } = await import('../actions/migrate.ts');
      const globals = command.optsWithGlobals();
      if (options.cancel === true) runner.exitCode = await cancelCutover(runner.io, name, globals);
      else if (options.cutover === true) runner.exitCode = await cutOver(runner.io, name, globals);
      else runner.exitCode = await lookReady(runner.io, name, globals);
    });
}
