import { examples, notYet, type Program } from './runner.ts';

interface Later {
  readonly name: string;
  readonly text: string;
  readonly arguments: readonly string[];
  readonly options: readonly (readonly [flags: string, text: string])[];
  readonly example: string;
}

const COMMANDS: readonly Later[] = [
  {
    name: 'restore',
    text: 'copy the replica back',
    arguments: ['<name>'],
    options: [['--to <server:dir>', 'where to']],
    example: 'understudy restore files --to alpha:/srv/restored',
  },
];

/** Commands of a later version stand in the help and are refused by name, never ignored or mistaken for another. */
export function defineLater(program: Program): void {
  for (const one of COMMANDS) {
    const command = program
      .command(one.name)
      .summary(`${one.text} (not in this version)`)
      .description(`${one.text[0]?.toUpperCase()}${one.text.slice(1)}. Not in this version.`)
      .allowUnknownOption()
      .allowExcessArguments()
      .addHelpText('after', examples([one.example]));
    // Optional, so that the answer is the same with and without them: not in this version.
    for (const argument of one.arguments) command.argument(argument.replace('<', '[').replace('>', ']'));
    for (const [flags, text] of one.options) command.option(flags, text);
    command.action(() => notYet(one.name));
  }
}
