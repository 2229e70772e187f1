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
    name: 'failover',
    text: 'let the target take over',
    arguments: ['<name>'],
    options: [
      ['--data <choice>', 'apply or discard what is queued'],
      ['--test', 'try it without touching the job'],
      ['--yes', 'without asking'],
    ],
    example: 'understudy failover files --data apply',
  },
  {
    name: 'undo-failover',
    text: 'go back to the source as it was',
    arguments: ['<name>'],
    options: [],
    example: 'understudy undo-failover files',
  },
  {
    name: 'failback',
    text: 'give the work back to the source',
    arguments: ['<name>'],
    options: [['--yes', 'without asking']],
    example: 'understudy failback files',
  },
  {
    name: 'reverse',
    text: 'protect the new primary on the old one',
    arguments: ['<name>'],
    options: [],
    example: 'understudy reverse files',
  },
  {
    name: 'restore',
    text: 'copy the replica back',
    arguments: ['<name>'],
    options: [['--to <server:dir>', 'where to']],
    example: 'understudy restore files --to alpha:/srv/restored',
  },
  {
    name: 'points',
    text: 'list the moments that can be gone back to',
    arguments: ['<name>'],
    options: [['--json', 'as JSON']],
    example: 'understudy points files',
  },
  {
    name: 'view',
    text: 'show the replica as it was at a moment',
    arguments: ['<name>', '<dir>'],
    options: [['--at <time>', 'the moment']],
    example: 'understudy view files --at 2026-11-22T12:00:00Z /mnt/then',
  },
  {
    name: 'migrate',
    text: 'move a server’s data for good',
    arguments: ['<name>'],
    options: [['--cutover', 'switch over now']],
    example: 'understudy migrate files --cutover',
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
