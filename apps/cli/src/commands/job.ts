import { Option } from '@commander-js/extra-typings';
import { usageError } from '../exit-code.ts';
import { collectPaths, parseAbsolutePath } from '../values.ts';
import { asPrimaryOption } from './as-primary.ts';
import { adoptOption, brakeOption } from './brake.ts';
import { addFailoverOptions, givenBeside } from './failover-options.ts';
import { defineEdit } from './job-edit.ts';
import { blockSizeOption, orphansOlderThanOption, orphansOption, verifyAtOption } from './mirror-options.ts';
import { presetOption } from './presets.ts';
import { devicesOption, setuidOption, targetWritesOption } from './replica-options.ts';
import { RuleOrder } from './rule-order.ts';
import { examples, type Program, type Runner } from './runner.ts';
import {
  demandMode,
  modeOption,
  syncAtOption,
  syncPolicyOption,
  syncTimeoutOption,
  syncUntilOption,
} from './synchronous-options.ts';
import {
  bandwidthAtOption,
  bandwidthOption,
  compressionOption,
  demandGoingOn,
  everyOption,
  type Sending,
  startAtOption,
  stopAfterOption,
  windowOption,
} from './transmission-options.ts';

const RULE_HELP = `
RULE is an absolute path on the source, or a path with the wildcards *, ** and ?; a directory means everything under it.
Put rules with wildcards in quotes, or the shell expands them here instead of the agent there. A path that does not exist
yet is accepted, and said so. Names of any bytes are taken as they are.`;

const CREATE_EXAMPLES = [
  'understudy job create files --source alpha --target beta --include /srv/data --start',
  "understudy job create web --source alpha --target beta --include '/srv/www/**/*.html' --exclude /srv/www/tmp --to /replicas",
  'understudy job create db --source alpha --target beta --preset postgresql --start',
  'understudy job create ledger --source alpha --target beta --include /srv/ledger --mode sync --sync-at fsync',
];

export function defineJob(program: Program, runner: Runner): void {
  const job = jobCommand(program);
  addFailoverOptions(defineCreate(job, runner));
  defineChanges(job, runner);
  addFailoverOptions(defineEdit(job, runner));
}

export type Jobs = ReturnType<typeof jobCommand>;

function jobCommand(program: Program) {
  return program.command('job').description('make, start, stop and delete jobs');
}

const toOption = () =>
  new Option('--to <dir>', 'put the replica of /srv/data at DIR/srv/data (default: the same path)').argParser(
    parseAbsolutePath,
  );
export const interceptOption = () =>
  new Option('--intercept <driver>', 'how changes are seen').choices(['auto', 'fuse', 'watch'] as const);

function defineCreate(job: Jobs, runner: Runner) {
  const order = new RuleOrder();
  return job
    .command('create')
    .summary('protect folders of one server on another')
    .description('Makes a job: what the rules include on SOURCE is kept, change by change, on TARGET.')
    .argument('<name>', 'what the job is called')
    .requiredOption('--source <server>', 'a paired server: where the data is')
    .requiredOption('--target <server>', 'a paired server: where the replica will be')
    .addOption(new Option('--include <rule...>', 'what to protect').argParser(order.noting('include', collectPaths)))
    .addOption(
      new Option('--exclude <rule...>', 'what to leave out of it').argParser(order.noting('exclude', collectPaths)),
    )
    .addOption(presetOption())
    .addOption(toOption())
    .addOption(interceptOption().default('auto' as const))
    .addOption(modeOption())
    .addOption(syncAtOption())
    .addOption(syncUntilOption())
    .addOption(syncPolicyOption())
    .addOption(syncTimeoutOption())
    .addOption(compressionOption())
    .addOption(bandwidthOption())
    .addOption(bandwidthAtOption())
    .addOption(windowOption())
    .addOption(everyOption())
    .addOption(startAtOption())
    .addOption(stopAfterOption())
    .addOption(orphansOption())
    .addOption(orphansOlderThanOption())
    .addOption(blockSizeOption())
    .option('--no-calculate', 'mirrors send at once, without finding out first how much there is')
    .addOption(verifyAtOption())
    .addOption(new Option('--verify-repair', 'scheduled verifications send what differs').default(false))
    .addOption(targetWritesOption())
    .addOption(devicesOption())
    .addOption(setuidOption())
    .addOption(brakeOption())
    .addOption(adoptOption())
    .option('--start', 'start it at once')
    .addHelpText('after', RULE_HELP)
    .addHelpText('after', examples(CREATE_EXAMPLES))
    .action(async (name, options, command) => {
      demandSense(options);
      const { createJob } = await import('../actions/job-create.ts');
      const { include = [], ...given } = command.optsWithGlobals();
      runner.exitCode = await createJob(runner.io, name, { ...given, include, ...givenBeside(order, command) });
    });
}

function demandSense(
  options: Sending & {
    readonly include?: readonly string[];
    readonly preset?: string;
    readonly mode?: string;
    readonly syncAt?: string;
    readonly syncUntil?: string;
    readonly syncPolicy?: string;
    readonly syncTimeout?: number;
    readonly verifyRepair: boolean;
    readonly verifyAt?: string;
  },
): void {
  demandMode(options);
  demandGoingOn(options);
  if (options.include === undefined && options.preset === undefined)
    throw usageError('say what to protect: --include RULE, or --preset NAME for an application of the source');
  if (options.verifyRepair && options.verifyAt === undefined)
    throw usageError('--verify-repair says what a scheduled verification does; give its times with --verify-at');
}

const CHANGES = [
  ['start', 'intercept, mirror, and keep the replica up to date'],
  ['stop', 'end interception and replication; the next start compares and sends the differences'],
  ['pause', 'hold the transmission; changes are still intercepted and queued'],
  ['resume', 'go on after a pause'],
] as const;

function defineChanges(job: Jobs, runner: Runner): void {
  for (const [verb, text] of CHANGES) {
    const change = job
      .command(verb)
      .description(`${text[0]?.toUpperCase()}${text.slice(1)}.`)
      .summary(text)
      .argument('<name>', 'a job, or SERVER/JOB')
      .addHelpText('after', examples([`understudy job ${verb} files`]))
      .action(async (name, _options, command) => {
        const { changeJob } = await import('../actions/job-change.ts');
        runner.exitCode = await changeJob(runner.io, verb, name, command.optsWithGlobals());
      });
    if (verb === 'start') change.addOption(adoptOption()).addOption(asPrimaryOption());
  }
  job
    .command('delete')
    .summary('forget a job; the data on both sides stays')
    .description('Stops and forgets a job. The source and the replica stay as they are.')
    .argument('<name>', 'a job, or SERVER/JOB')
    .addHelpText('after', examples(['understudy job delete files', 'understudy job delete alpha/files']))
    .action(async (name, _options, command) => {
      const { deleteJob } = await import('../actions/job-change.ts');
      runner.exitCode = await deleteJob(runner.io, name, command.optsWithGlobals());
    });
}
