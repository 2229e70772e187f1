/**
 * What of a job's failover section this server lacks, found before anything is done. In: the section. Out: obstacles with their sentences.
 * Promise: looked at only; nothing is run and nothing changed.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Command, FailoverOptions, Obstacle, Script, Service } from '@understudy/wire';
import { findTool, hasSystemd, isRunnable, unitOf } from './tools.ts';

export function preflight(options: FailoverOptions): Obstacle[] {
  return [
    ...Object.values(options.scripts).flatMap(scriptObstacles),
    ...options.addresses.flatMap(({ address, interface: device }) =>
      hasInterface(device)
        ? []
        : [lacking('no-interface', `The interface ${device}, which is to take ${address}, is not there.`)],
    ),
    ...(options.addresses.length > 0 ? toolObstacle('ip', 'addresses are to be moved', 'iproute2') : []),
    ...options.services.flatMap(serviceObstacles),
    ...dnsObstacles(options),
  ];
}

/** Of this process's own network: /sys shows the one in which it was mounted. */
function hasInterface(device: string): boolean {
  const names = readFileSync('/proc/self/net/dev', 'latin1')
    .split('\n')
    .map((line) => line.split(':')[0]?.trim());
  return names.includes(device);
}

const lacking = (code: string, sentence: string): Obstacle => ({ code, sentence, risk: null });

function toolObstacle(name: string, why: string, holder: string): Obstacle[] {
  if (findTool(name) !== null) return [];
  return [lacking('no-tool', `The program ${name} is not installed on this server, and ${why}: install ${holder}.`)];
}

function scriptObstacles(script: Script | undefined): Obstacle[] {
  return script === undefined ? [] : programObstacle(script.path, 'The script');
}

function programObstacle(path: string, what: string): Obstacle[] {
  if (!existsSync(path)) return [lacking('no-script', `${what} ${path} is not there on this server.`)];
  if (isRunnable(path) && statSync(path).isFile()) return [];
  return [lacking('no-script', `${what} ${path} cannot be run: make it executable.`)];
}

function serviceObstacles(service: Service): Obstacle[] {
  const { name, start, stop, check } = service;
  const unit = unitOf(service);
  const needed = unit === null ? [start, stop, check] : [check];
  const commands = needed.filter((command): command is Command => command !== undefined);
  const found = commands.flatMap(([program = '']) => programObstacle(program, `The service ${name} needs a program:`));
  if (unit === null) return found;
  if (hasSystemd()) return [...found, ...toolObstacle('systemctl', `${name} is a unit`, 'systemd')];
  return [
    ...found,
    lacking('no-systemd', `The service ${name} is a unit, and systemd does not run here: give it commands.`),
  ];
}

function dnsObstacles({ dns }: FailoverOptions): Obstacle[] {
  if (dns === undefined) return [];
  const found = toolObstacle('nsupdate', 'DNS is to be updated', 'bind9-dnsutils');
  if (dns.keyFile === undefined || existsSync(dns.keyFile)) return found;
  return [...found, lacking('no-key', `The key of the DNS update, ${dns.keyFile}, is not there on this server.`)];
}
