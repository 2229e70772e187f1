import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { defineActing } from './commands/act-on-jobs.ts';
import { defineAgent } from './commands/agent.ts';
import { defineBrake } from './commands/brake.ts';
import { defineFailover } from './commands/failover.ts';
import { defineHelp } from './commands/help.ts';
import { defineJob } from './commands/job.ts';
import { defineMigrate } from './commands/migrate.ts';
import { definePast } from './commands/past.ts';
import { definePresets } from './commands/presets.ts';
import { defineRestore } from './commands/restore.ts';
import { newProgram, type Program, type Runner } from './commands/runner.ts';
import { defineServers } from './commands/servers.ts';
import { defineSettings } from './commands/settings.ts';
import { defineWatching } from './commands/watch-jobs.ts';
import { defineWayHome } from './commands/way-home.ts';
import { sentence } from './text.ts';
import { VERSION } from './version.ts';

const EXIT_CODES = `
Exit codes:
  0 done · 1 the answer is no (differences found) · 2 wrong usage · 3 server unreachable or not trusted
  4 timed out · 5 the agent reported an error`;

/** Behind what commander finds wrong: where the right way is written. */
function pointAtHelp(command: CommandUnknownOpts, name: string): void {
  command.showHelpAfterError(`(see: ${name} --help)`);
  for (const inner of command.commands) pointAtHelp(inner, `${name} ${inner.name()}`);
}

/** The whole command line. Nothing heavy is loaded here: a command loads what it does when it runs. */
export function buildProgram(runner: Runner): Program {
  const program = newProgram();
  program
    .description('Keeps a second server ready to step in for the first: every change, in order.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(runner.io.columns(), 110) })
    .configureOutput({
      writeOut: runner.io.out,
      writeErr: (text) => runner.io.err(sentence(text)),
      getOutHasColors: () => runner.io.colour,
      getErrHasColors: () => runner.io.colour,
    })
    .exitOverride();
  defineAgent(program, runner);
  defineServers(program, runner);
  defineSettings(program, runner);
  defineJob(program, runner);
  defineWatching(program, runner);
  defineActing(program, runner);
  defineBrake(program, runner);
  definePast(program, runner);
  definePresets(program, runner);
  defineFailover(program, runner);
  defineWayHome(program, runner);
  defineMigrate(program, runner);
  defineRestore(program, runner);
  defineHelp(program);
  pointAtHelp(program, program.name());
  program.addHelpText(
    'after',
    `${EXIT_CODES}

Begin with:
  $ understudy agent pairing-code                       on each server, once
  $ understudy pair HOST:PORT --code CODE               here, for each server
  $ understudy job create files --source alpha --target beta --include /srv/data --start
  $ understudy status files --watch`,
  );
  return program;
}
