import { Option } from '@commander-js/extra-typings';
import { collectPaths } from '../values.ts';
import { brakeOption } from './brake.ts';
import { allGiven } from './failover-options.ts';
import type { Jobs } from './job.ts';
import { blockSizeOption, orphansOlderThanOption, orphansOption, verifyAtOption } from './mirror-options.ts';
import { devicesOption, setuidOption, targetWritesOption } from './replica-options.ts';
import { RuleOrder } from './rule-order.ts';
import { examples, type Runner } from './runner.ts';
import {
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
  everyOption,
  startAtOption,
  stopAfterOption,
  windowOption,
} from './transmission-options.ts';

/** A single `none` takes away all that was excluded. */
function excluded(text: string, before: readonly string[] | undefined): string[] {
  return text === 'none' && (before ?? []).length === 0 ? [] : collectPaths(text, before);
}

const EXAMPLES = [
  'understudy job edit files --bandwidth 10Mbit --compression medium',
  "understudy job edit files --bandwidth none --bandwidth-at 'mon-fri 08:00-18:00 2Mbit'",
  "understudy job edit files --transmit-window 'daily 22:00-06:00' --transmit-stop-after 20GB",
  'understudy job edit files --exclude /srv/data/tmp',
  'understudy job edit files --mode sync --sync-policy degrade --sync-timeout 5s',
];

export function defineEdit(job: Jobs, runner: Runner) {
  const order = new RuleOrder();
  return job
    .command('edit')
    .summary('change the options of a job')
    .description(
      'Changes what is given and leaves the rest, also while the job runs; only the driver, --target-writes, --devices and --setuid need it stopped. A list of rules or ' +
        'windows replaces the one before. What new rules bring in is sent, what they leave out stays on the target and is named.',
    )
    .argument('<name>', 'a job, or SERVER/JOB')
    .addOption(
      new Option('--include <rule...>', 'what to protect, instead of what it was').argParser(
        order.noting('include', collectPaths),
      ),
    )
    .addOption(
      new Option('--exclude <rule...>', 'what to leave out, instead of what it was; none').argParser(
        order.noting('exclude', excluded),
      ),
    )
    .addOption(new Option('--intercept <driver>', 'how changes are seen').choices(['auto', 'fuse', 'watch'] as const))
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
    .option('--calculate', 'mirrors find out first how much there is')
    .option('--no-calculate', 'mirrors send at once')
    .addOption(verifyAtOption())
    .option('--verify-repair', 'scheduled verifications send what differs')
    .option('--no-verify-repair', 'scheduled verifications only report')
    .addOption(targetWritesOption())
    .addOption(devicesOption())
    .addOption(setuidOption())
    .addOption(brakeOption())
    .addHelpText('after', examples(EXAMPLES))
    .action(async (name, _options, command) => {
      const { editJob } = await import('../actions/job-edit.ts');
      runner.exitCode = await editJob(runner.io, name, allGiven(order, command));
    });
}
