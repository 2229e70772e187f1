import { Option } from '@commander-js/extra-typings';
import { parseDuration } from '../values.ts';
import { examples, later, type Program, type Runner, refuseGiven } from './runner.ts';

const NAME_TEXT = 'a job, or SERVER/JOB';

/** The commands that have a running job do something: flush, mirror, verify. */
export function defineActing(program: Program, runner: Runner): void {
  defineFlush(program, runner);
  defineMirror(program, runner);
  defineVerify(program, runner);
}

function defineFlush(program: Program, runner: Runner): void {
  program
    .command('flush')
    .summary('wait until the target has applied everything')
    .description(
      'A barrier: returns when all that was intercepted before the call is applied on the target, and prints the position reached.',
    )
    .argument('<name>', NAME_TEXT)
    .addOption(new Option('--timeout <time>', 'how long to wait').argParser(parseDuration).default(60_000, '60s'))
    .addHelpText('after', examples(['understudy flush files', 'understudy flush files --timeout 10m']))
    .action(async (name, _options, command) => {
      const { flushJob } = await import('../actions/job-change.ts');
      runner.exitCode = await flushJob(runner.io, name, command.optsWithGlobals());
    });
}

function defineMirror(program: Program, runner: Runner): void {
  program
    .command('mirror')
    .summary('compare source and target and send what differs')
    .description(
      'Begins a mirror while replication goes on, and returns. everything: send all; attributes: size and time decide; checksum: content decides.',
    )
    .argument('<name>', NAME_TEXT)
    .addOption(
      new Option('--compare <how>', 'what decides whether a file is sent')
        .choices(['everything', 'attributes', 'checksum'] as const)
        .default('attributes' as const),
    )
    .addOption(later('--block-size <n>', 'bytes of a block with --compare checksum'))
    .addHelpText('after', examples(['understudy mirror files', 'understudy mirror files --compare checksum']))
    .action(async (name, options, command) => {
      refuseGiven(options, { blockSize: '--block-size' });
      const { mirrorJob } = await import('../actions/job-change.ts');
      runner.exitCode = await mirrorJob(runner.io, name, command.optsWithGlobals());
    });
}

function defineVerify(program: Program, runner: Runner): void {
  program
    .command('verify')
    .summary('report each path that differs')
    .description(
      'Compares source and target by content and metadata while replication goes on, and lists each path that differs and why. Exit code 1 when something differs.',
    )
    .argument('<name>', NAME_TEXT)
    .option('--json', 'as JSON: {"differences": [{"path", "what", "detail"}], "count", …}')
    .option('--repair', 'send what differs (not in this version)')
    .addHelpText('after', examples(['understudy verify files', 'understudy verify files --json']))
    .action(async (name, options, command) => {
      refuseGiven(options, { repair: 'verify --repair' });
      const { verifyJob } = await import('../actions/verify.ts');
      runner.exitCode = await verifyJob(runner.io, name, command.optsWithGlobals());
    });
}
