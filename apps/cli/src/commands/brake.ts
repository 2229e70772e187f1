/** SAFE4 and SAFE5 on the command line: the decision behind a brake that holds, its limits, and files that lie in the replica's folder. */
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { BrakeOptions } from '@understudy/wire';
import { usageError } from '../exit-code.ts';
import { parseDuration } from '../values.ts';
import { examples, type Program, type Runner } from './runner.ts';

const WRITE = 'Write FILES[,SHARE%][/WINDOW], such as 100,20%/60s, or off.';

/** As the parser of arguments hands it on: it takes a null for an option without a value. */
export type WrittenBrake = BrakeOptions | 'off';

/** `100`, `100,20%`, `100,20%/60s`, or `off`. */
export function parseBrake(text: string): WrittenBrake {
  const written = text.trim();
  if (written === 'off') return written;
  const match = /^(\d{1,9})(?:,(\d{1,3}(?:\.\d+)?)%)?(?:\/(.+))?$/.exec(written);
  const [, files, percent, window] = match ?? [];
  const windowMs = window === undefined ? 60_000 : parseDuration(window);
  const limits = { files: Number(files), percent: percent === undefined ? 20 : Number(percent), windowMs };
  if (match === null || limits.files < 1 || limits.percent > 100 || windowMs < 1000)
    throw new InvalidArgumentError(WRITE);
  return limits;
}

export const brakeOption = () =>
  new Option(
    '--brake <limits>',
    'hold the replica when so many old files lose their content: FILES[,SHARE%][/WINDOW] or off (default: 100,20%/60s)',
  ).argParser(parseBrake);

export const adoptOption = () =>
  new Option('--adopt', "files that lie in the replica's folder already are the job's from now on");

export function defineBrake(program: Program, runner: Runner): void {
  program
    .command('brake')
    .summary('decide what becomes of what the brake holds')
    .description(
      'Answers a job that is halted as «brake» or «root-emptied»: on the source more old files lost their content than the job allows. ' +
        '--go-on applies all that was held; --halt-here takes the replica back to where that began and halts the job there. ' +
        'Exits with 1 where there is nothing to decide.',
    )
    .argument('<name>', 'a job, or SERVER/JOB')
    .addOption(new Option('--go-on', 'apply what was held').conflicts(['haltHere']))
    .addOption(new Option('--halt-here', 'take the replica back, and stop').conflicts(['goOn']))
    .addHelpText('after', examples(['understudy brake files --go-on', 'understudy brake files --halt-here']))
    .action(async (name, { goOn, haltHere }, command) => {
      if (goOn === undefined && haltHere === undefined) throw usageError('say which: --go-on or --halt-here');
      const { decideBrake } = await import('../actions/brake.ts');
      runner.exitCode = await decideBrake(runner.io, name, goOn ? 'go-on' : 'halt-here', command.optsWithGlobals());
    });
}
