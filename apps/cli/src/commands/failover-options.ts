/** The options of `job create` and `job edit` that say what the target does when the source is gone. */
import { Option } from '@commander-js/extra-typings';
import type { FailoverFlags } from '../actions/failover-file.ts';
import { parseDuration } from '../values.ts';
import type { RuleOrder } from './rule-order.ts';

const collect = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];
const collectMethods = (text: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  ...text.split(',').map((method) => method.trim()),
];

const OPTIONS = [
  () => new Option('--failover-file <file>', 'what the target does at a failover, in YAML; none takes it away'),
  () =>
    new Option('--failover <choice>', 'by itself when the source has failed, or when a person says so').choices([
      'automatic',
      'manual',
    ]),
  () =>
    new Option(
      '--monitor <methods...>',
      'how the target sees that the source is gone: agent, icmp, tcp:PORT; none',
    ).argParser(collectMethods),
  () => new Option('--time-to-fail <time>', 'how long the source may be silent: 15s').argParser(parseDuration),
  () =>
    new Option(
      '--service-address <address...>',
      'moves to the target: ADDRESS/PREFIX@INTERFACE of the target',
    ).argParser(collect),
  () =>
    new Option(
      '--test-at <cron>',
      'when a failover is tried by itself, in the target\'s local time: "0 4 * * *"; none',
    ),
  () => new Option('--service <unit...>', 'systemd units that are started on the target, in order').argParser(collect),
];

interface Extendable {
  addOption(option: Option): unknown;
  opts(): object;
}

export function addFailoverOptions<C extends Extendable>(command: C): C {
  for (const option of OPTIONS) command.addOption(option() as unknown as Option);
  return command;
}

/** What the parser does not hand on by itself: the order of the rules, and the options of this file. */
export function givenBeside(order: RuleOrder, command: Extendable) {
  const { failoverFile, failover, monitor, timeToFail, serviceAddress, service, testAt } =
    command.opts() as FailoverFlags;
  const failoverFlags: FailoverFlags = { failoverFile, failover, monitor, timeToFail, serviceAddress, service, testAt };
  return { ruleOrder: order.given, failoverFlags };
}

/** All of it, for a command that takes it as it is. */
export function allGiven<T extends object>(order: RuleOrder, command: Extendable & { optsWithGlobals(): T }) {
  return { ...command.optsWithGlobals(), ...givenBeside(order, command) };
}
