import { Option } from '@commander-js/extra-typings';
import { parseAge, parseBlockSize, parseCount, parseDuration } from '../values.ts';
import { examples, type Program, type Runner } from './runner.ts';

const NAME_TEXT = 'a job, or SERVER/JOB';

/** The commands that have a running job do something: flush, mirror, verify. */
export function defineActing(program: Program, runner: Runner): void {
  defineFlush(program, runner);
  defineMirror(program, runner);
  defineVerify(program, runner);
  defineVerifications(program, runner);
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

const MIRROR_EXAMPLES = examples([
  'understudy mirror files',
  'understudy mirror files --compare checksum --block-size 64K',
  'understudy mirror files --orphans move --orphans-older-than 30d',
  'understudy mirror files --pause',
]);

function defineMirror(program: Program, runner: Runner): void {
  program
    .command('mirror')
    .summary('compare source and target and send what differs')
    .description(
      'Begins a mirror while replication goes on, and returns. everything: send all; attributes: size and time decide; checksum: content decides. With --pause, --resume or --stop: of the mirror under way.',
    )
    .argument('<name>', NAME_TEXT)
    .addOption(
      new Option('--compare <how>', 'what decides whether a file is sent')
        .choices(['everything', 'attributes', 'checksum'] as const)
        .default('attributes' as const),
    )
    .addOption(
      new Option(
        '--block-size <n>',
        'bytes compared as one, with --compare checksum: 4K to 1M, a power of two',
      ).argParser(parseBlockSize),
    )
    .option('--no-calculate', 'send at once, without finding out first how much there is')
    .addOption(
      new Option('--orphans <what>', 'what becomes of files on the target that never came from the source').choices([
        'report',
        'move',
        'delete',
      ] as const),
    )
    .addOption(
      new Option('--orphans-older-than <time>', 'leave orphans that were changed since, as in 30d').argParser(parseAge),
    )
    .addOption(new Option('--pause', 'hold the mirror; replication goes on').conflicts(['resume', 'stop']))
    .addOption(new Option('--resume', 'go on where it was paused').conflicts(['pause', 'stop']))
    .addOption(
      new Option('--stop', 'give the mirror up; the replica is then not complete').conflicts(['pause', 'resume']),
    )
    .addHelpText('after', MIRROR_EXAMPLES)
    .action(async (name, options, command) => {
      const change = options.pause ? 'pause' : options.resume ? 'resume' : options.stop ? 'stop' : null;
      const { changeMirror, mirrorJob } = await import('../actions/job-change.ts');
      const globals = command.optsWithGlobals();
      if (change !== null) runner.exitCode = await changeMirror(runner.io, name, change, globals);
      else
        runner.exitCode = await mirrorJob(runner.io, name, {
          ...globals,
          calculate: options.calculate ? undefined : false,
        });
    });
}

function defineVerify(program: Program, runner: Runner): void {
  program
    .command('verify')
    .summary('report each path that differs')
    .description(
      'Compares source and target by content and metadata while replication goes on, and lists each path that differs and why. Exit code 1 when something differs and was not repaired.',
    )
    .argument('<name>', NAME_TEXT)
    .option('--json', 'as JSON: {"differences": [{"path", "what", "detail"}], "count", "repaired", …}')
    .addOption(new Option('--repair', 'send exactly what differs, and wait for it').conflicts('last'))
    .option('--last', 'show what the last verification found, and compare nothing')
    .addHelpText(
      'after',
      examples([
        'understudy verify files',
        'understudy verify files --repair',
        'understudy verify files --last --json',
      ]),
    )
    .action(async (name, options, command) => {
      const { showLast, verifyJob } = await import('../actions/verify.ts');
      const run = options.last === true ? showLast : verifyJob;
      runner.exitCode = await run(runner.io, name, command.optsWithGlobals());
    });
}

function defineVerifications(program: Program, runner: Runner): void {
  program
    .command('verifications')
    .summary('show what verifications have found')
    .description(
      'Lists the verifications of a job, the newest first; with --number one of them with each path that differed.',
    )
    .argument('<name>', NAME_TEXT)
    .addOption(new Option('--number <n>', 'this one, in full').argParser(parseCount))
    .option(
      '--json',
      'as JSON: {"reports": [{"number", "startedAt", "endedAt", "by", "repair", "brokenOff", "result"}]}',
    )
    .addHelpText(
      'after',
      examples(['understudy verifications files', 'understudy verifications files --number 7 --json']),
    )
    .action(async (name, _options, command) => {
      const { showVerifications } = await import('../actions/verify.ts');
      runner.exitCode = await showVerifications(runner.io, name, command.optsWithGlobals());
    });
}
