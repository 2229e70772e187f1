import { examples, type Program, type Runner } from './runner.ts';

export function defineServers(program: Program, runner: Runner): void {
  program
    .command('pair')
    .summary('remember a server')
    .description(
      'Makes this client and an agent known to each other by a one-time code, and pins the agent’s certificate. A known address with another certificate is refused.',
    )
    .argument('<host:port>', 'where the agent listens; the port is 7320 where none is given')
    .requiredOption('--code <code>', 'as "understudy agent pairing-code" printed it on that server')
    .option('--name <name>', 'what to call the server (default: as it calls itself)')
    .addHelpText(
      'after',
      examples([
        'understudy pair files1.example.org:7320 --code 7K2QF-3ZMDA-X9RTB-W0HCE',
        'understudy pair 10.0.0.7:7320 --code 7K2QF-3ZMDA-X9RTB-W0HCE --name alpha',
      ]),
    )
    .action(async (address, _options, command) => {
      const { pairServer } = await import('../actions/servers.ts');
      runner.exitCode = await pairServer(runner.io, address, command.optsWithGlobals());
    });

  program
    .command('servers')
    .summary('list the servers of the profile')
    .description('Lists the servers that this client is paired with, as the profile has them.')
    .option('--json', 'as JSON: {"servers": [{"name", "address", "fingerprint", "role", "addedAt"}]}')
    .option('--check', 'ask each whether it answers')
    .option('--forget <name>', 'remove a server from the profile; nothing changes on the server')
    .addHelpText(
      'after',
      examples(['understudy servers', 'understudy servers --check --json', 'understudy servers --forget old-alpha']),
    )
    .action(async (_options, command) => {
      const { listServers } = await import('../actions/servers.ts');
      runner.exitCode = await listServers(runner.io, command.optsWithGlobals());
    });
}
