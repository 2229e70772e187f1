/** `failover` on the command line. */
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { usageError } from '../exit-code.ts';
import { examples, type Program, type Runner } from './runner.ts';

/** A moment as `points` prints it, or anything that says a date and a time. */
export function parseMoment(text: string): string {
  const ms = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Write a moment such as 2026-11-29T06:30:00Z.');
  return new Date(ms).toISOString();
}

const collect = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];

const EXAMPLES = [
  'understudy failover files --dry-run',
  'understudy failover files --yes',
  'understudy failover files --data discard --yes',
  'understudy failover files --point 2026-11-29T06:30:00Z --yes',
  'understudy failover files --cancel',
  'understudy failover files --test',
];

/** A test is of the replica as it is, and nobody's risk. */
function refuseBeside(options: Readonly<Record<string, unknown>>): void {
  for (const key of ['data', 'point', 'risk', 'dryRun', 'yes', 'skip', 'cancel'])
    if (options[key] !== undefined)
      throw usageError(`--test tries the replica as it is: leave out --${key === 'dryRun' ? 'dry-run' : key}`);
}

export function defineFailover(program: Program, runner: Runner): void {
  program
    .command('failover')
    .summary('let the target take over')
    .description(
      'Has the target of a job take over, step by step: what is to be done is shown first, and asked. Ordered again where it was halted, ' +
        'it goes on with the step at which it stands. Exits with 1 where something stands in the way.',
    )
    .argument('<name>', 'a job, or SERVER/JOB')
    .addOption(
      new Option('--data <choice>', 'what becomes of what is received and not applied')
        .choices(['apply', 'discard'] as const)
        .conflicts(['point']),
    )
    .addOption(new Option('--point <time>', 'take the replica back to that moment first').argParser(parseMoment))
    .addOption(new Option('--risk <name...>', 'a risk that the refusal names, taken knowingly').argParser(collect))
    .addOption(new Option('--dry-run', 'show the steps and what stands in the way, and do nothing'))
    .addOption(new Option('--json', 'the plan as JSON, with --dry-run'))
    .addOption(new Option('--yes', 'without asking: the source is down, or may not write any more'))
    .addOption(new Option('--skip', 'of one that is halted: the step it stands at is taken for done'))
    .addOption(
      new Option('--cancel', 'take back what was done, before the point of no return').conflicts(['skip', 'yes']),
    )
    .addOption(new Option('--test', 'start the services on a copy of the replica, and leave the job alone'))
    .addHelpText('after', examples(EXAMPLES))
    .action(async (name, options, command) => {
      if (options.json === true && options.dryRun !== true && options.test !== true)
        throw usageError('--json shows the plan, or what a test came to; give --dry-run or --test as well');
      const { cancelFailover, failOver, testFailover } = await import('../actions/failover.ts');
      const globals = command.optsWithGlobals();
      if (options.test === true) {
        refuseBeside(options);
        runner.exitCode = await testFailover(runner.io, name, globals);
        return;
      }
      runner.exitCode =
        options.cancel === true
          ? await cancelFailover(runner.io, name, globals)
          : await failOver(runner.io, name, globals);
    });
}
