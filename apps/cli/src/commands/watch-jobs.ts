import { Option } from '@commander-js/extra-typings';
import { JOB_STATES, parseCount, parseDuration } from '../values.ts';
import { examples, type Program, type Runner } from './runner.ts';

const NAME_TEXT = 'a job, or SERVER/JOB';

/** The commands that only look: jobs, status, wait, events. */
export function defineWatching(program: Program, runner: Runner): void {
  defineJobs(program, runner);
  defineStatus(program, runner);
  defineWait(program, runner);
  defineEvents(program, runner);
}

function defineJobs(program: Program, runner: Runner): void {
  program
    .command('jobs')
    .summary('list the jobs of all servers')
    .description(
      'Lists the jobs of all servers of the profile. A server that cannot be asked is said so; when none can, the exit code is 3.',
    )
    .option('--json', 'as JSON: {"jobs": [status and rules of each], "unreachable": [{"server", "why"}]}')
    .addHelpText('after', examples(['understudy jobs', 'understudy jobs --json']))
    .action(async (_options, command) => {
      const { listJobs } = await import('../actions/jobs.ts');
      runner.exitCode = await listJobs(runner.io, command.optsWithGlobals());
    });
}

function defineStatus(program: Program, runner: Runner): void {
  program
    .command('status')
    .summary('show how a job stands')
    .description('Shows how a job stands: the path with its figures, the mirror, the recovery point, the last events.')
    .argument('<name>', NAME_TEXT)
    .option('--json', 'as JSON; with --watch one line for each change')
    .option('--watch', 'go on showing it, until Ctrl-C')
    .addHelpText(
      'after',
      examples([
        'understudy status files',
        'understudy status files --watch',
        'understudy status files --json --watch',
      ]),
    )
    .action(async (name, _options, command) => {
      const { showStatus } = await import('../actions/status.ts');
      runner.exitCode = await showStatus(runner.io, name, command.optsWithGlobals());
    });
}

function defineWait(program: Program, runner: Runner): void {
  program
    .command('wait')
    .summary('wait until a job is in a state')
    .description('Returns when the job is in the state; exit code 4 when it is not within the time limit.')
    .argument('<name>', NAME_TEXT)
    .addOption(new Option('--until <state>', 'the state').choices(JOB_STATES).makeOptionMandatory())
    .addOption(new Option('--timeout <time>', 'how long to wait').argParser(parseDuration).default(60_000, '60s'))
    .addHelpText('after', examples(['understudy wait files --until protected --timeout 10m']))
    .action(async (name, _options, command) => {
      const { waitForState } = await import('../actions/wait.ts');
      runner.exitCode = await waitForState(runner.io, name, command.optsWithGlobals());
    });
}

function defineEvents(program: Program, runner: Runner): void {
  program
    .command('events')
    .summary('show what happened')
    .description('Shows the events of all servers, or of one server or job, oldest first.')
    .option('--server <server>', 'of this server only')
    .option('--job <name>', 'of this job only')
    .addOption(
      new Option('--severity <severity>', 'at least this severe').choices(['information', 'warning', 'error'] as const),
    )
    .addOption(new Option('--limit <n>', 'the newest N').argParser(parseCount).default(50, '50'))
    .option('--follow', 'go on showing them as they happen, until Ctrl-C')
    .option('--json', 'as JSON: {"events": […], "unreachable": […]}; with --follow one event a line')
    .addHelpText(
      'after',
      examples([
        'understudy events',
        'understudy events --job files --severity warning',
        'understudy events --follow --json',
      ]),
    )
    .action(async (_options, command) => {
      const { showEvents } = await import('../actions/events.ts');
      runner.exitCode = await showEvents(runner.io, command.optsWithGlobals());
    });
}
