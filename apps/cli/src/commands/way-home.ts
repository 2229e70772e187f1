/** Failback, reverse, undo-failover and what was never sent, as commands. */
import { Option } from '@commander-js/extra-typings';
import { parseDuration } from '../values.ts';
import { examples, type Program, type Runner } from './runner.ts';

const NAME_TEXT = 'a job, or SERVER/JOB';
const YES = ['--yes', 'without asking'] as const;
const DRY_RUN = ['--dry-run', 'print what would be done, and do nothing'] as const;

export function defineWayHome(program: Program, runner: Runner): void {
  defineUnsent(program, runner);
  defineUndo(program, runner);
  defineFailback(program, runner);
  defineReverse(program, runner);
}

function defineUnsent(program: Program, runner: Runner): void {
  program
    .command('unsent')
    .summary('list what the former source had not sent when another server took over')
    .description(
      'Lists, a file each, what the former source of a job had not got to its target. A failback puts its content aside before it overwrites anything.',
    )
    .argument('<name>', NAME_TEXT)
    .option('--json', 'as JSON: {"at", "entries": [{"kind", "path", "ranges", "size"}], "more", "size", "asideAt"}')
    .addHelpText('after', examples(['understudy unsent files']))
    .action(async (name, _options, command) => {
      const { showUnsent } = await import('../actions/way-home.ts');
      runner.exitCode = await showUnsent(runner.io, name, command.optsWithGlobals());
    });
}

function defineUndo(program: Program, runner: Runner): void {
  program
    .command('undo-failover')
    .summary('go back to the source as if nothing had been')
    .description(
      'Undoes a failover since which nothing was changed. Exits with 1 where something was: failback brings that home, --discard-changes puts it aside.',
    )
    .argument('<name>', NAME_TEXT)
    .option('--discard-changes', 'what was changed since is put aside, and the former source decides')
    .option(...YES)
    .option(...DRY_RUN)
    .addHelpText('after', examples(['understudy undo-failover files']))
    .action(async (name, _options, command) => {
      const { undoFailover } = await import('../actions/way-home.ts');
      runner.exitCode = await undoFailover(runner.io, name, command.optsWithGlobals());
    });
}

function defineFailback(program: Program, runner: Runner): void {
  program
    .command('failback')
    .summary('give the work back to the source')
    .description(
      'Brings the former source up to date while work goes on, sends only what differs, and then switches back. What it had never sent is listed first and put aside.',
    )
    .argument('<name>', NAME_TEXT)
    .option(...YES)
    .option(...DRY_RUN)
    .option('--no-wait', 'begin it, and return')
    .addOption(new Option('--timeout <time>', 'how long to wait').argParser(parseDuration).default(3_600_000, '1h'))
    .addHelpText('after', examples(['understudy failback files --dry-run', 'understudy failback files --yes']))
    .action(async (name, _options, command) => {
      const { failback } = await import('../actions/way-home.ts');
      runner.exitCode = await failback(runner.io, name, command.optsWithGlobals());
    });
}

function defineReverse(program: Program, runner: Runner): void {
  program
    .command('reverse')
    .summary('protect the new primary on the old one')
    .description(
      'The roles stay as they are after a failover, and protection runs the other way. What the former source had never sent is put aside.',
    )
    .argument('<name>', NAME_TEXT)
    .option(...YES)
    .option(...DRY_RUN)
    .addHelpText('after', examples(['understudy reverse files --yes']))
    .action(async (name, _options, command) => {
      const { reverseJob } = await import('../actions/way-home.ts');
      runner.exitCode = await reverseJob(runner.io, name, command.optsWithGlobals());
    });
}
