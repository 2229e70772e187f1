import { Option } from '@commander-js/extra-typings';
import { parseDuration } from '../values.ts';
import { examples, type Program, type Runner } from './runner.ts';

export function defineAgent(program: Program, runner: Runner): void {
  const agent = program.command('agent').description('run the agent of this machine, or ask it for a pairing code');
  const home = '--home <dir>';
  const homeText = 'agent home (default: UNDERSTUDY_HOME or /var/lib/understudy)';

  agent
    .command('run')
    .summary('run the agent in the foreground')
    .description(
      'Runs the agent in the foreground. When ready it prints one line: listening HOST:PORT fingerprint SHA256. SIGTERM and SIGINT stop it in order.',
    )
    .option(home, homeText)
    .option('--config <file>', 'configuration (default: HOME/agent.yaml)')
    .option('--listen <host:port>', 'where to listen (default: 0.0.0.0:7320)')
    .option('--name <name>', 'what this server is called (default: its host name)')
    .addHelpText(
      'after',
      examples([
        'understudy agent run',
        'understudy agent run --home /var/lib/understudy-b --listen 127.0.0.1:7321 --name beta',
      ]),
    )
    .action(async ({ home, config, listen, name }) => {
      const { runAgent } = await import('../actions/local.ts');
      runner.exitCode = await runAgent(runner.io, { home, config, listen, name });
    });

  agent
    .command('pairing-code')
    .summary('print a one-time code for "understudy pair"')
    .description('Prints a one-time code, alone on a line, with which a client pairs with the agent that runs here.')
    .option(home, homeText)
    .addOption(
      new Option('--role <role>', 'what the client may do')
        .choices(['admin', 'operator', 'monitor'] as const)
        .default('admin' as const),
    )
    .addOption(new Option('--ttl <time>', 'how long the code is good').argParser(parseDuration).default(600_000, '10m'))
    .addHelpText(
      'after',
      examples(['understudy agent pairing-code', 'understudy agent pairing-code --role monitor --ttl 30m']),
    )
    .action(async ({ home, role, ttl }) => {
      const { printPairingCode } = await import('../actions/local.ts');
      runner.exitCode = await printPairingCode(runner.io, { home, role, ttl });
    });
}
