import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { usageError } from '../exit-code.ts';
import { examples } from './runner.ts';

/**
 * `help [command]` of a command with further ones, and of those in turn. Commander's own shows all of the help, as an error and without a
 * word, where it does not know the command.
 */
export function defineHelp(group: CommandUnknownOpts, path = group.name()): void {
  const [first] = group.commands;
  for (const inner of group.commands) if (inner.commands.length > 0) defineHelp(inner, `${path} ${inner.name()}`);
  group
    .helpCommand(false)
    .command('help')
    .argument('[command...]')
    .summary('show the help of a command')
    .description('Shows the help of a command.')
    .addHelpText('after', examples([`${path} help ${first?.name()}`]))
    .action((names) => show(group, names as string[]));
}

function show(group: CommandUnknownOpts, names: readonly string[]): void {
  let at = group;
  for (const name of names) {
    const inner = at.commands.find((one) => one.name() === name || one.aliases().includes(name));
    if (inner !== undefined) at = inner;
    // One with further commands says itself which it does not know, and what may be meant.
    else if (at.commands.length > 0) at.parse([name], { from: 'user' });
    else throw usageError(`${at.name()} has no command "${name}"`);
  }
  at.help();
}
