/**
 * One question to one address of a source: does anything there answer? In: the methods of a monitor. Out: yes or no, and what they said.
 * Promise: it ends within the time limit, and nothing is sent but a connection that is closed at once, an echo request, a script.
 */
import { connect } from 'node:net';
import { type Monitor, parseAddress } from '@understudy/wire';
import type { CommandEnd } from '../run-command.ts';
import { toolAt } from '../tools.ts';

export interface ProbeParts {
  /** The link stands: the source's agent has answered within the time that a link may be silent. */
  readonly linked: boolean;
  /** Ports of its agent. */
  readonly agentPorts: readonly number[];
  readonly timeoutMs: number;
  readonly run: (command: readonly string[], timeoutMs: number) => Promise<CommandEnd>;
}

export interface Probed {
  readonly answers: boolean;
  readonly sentence: string;
}

interface Method {
  readonly name: string;
  readonly ask: () => Promise<boolean>;
}

export async function probe(address: string, monitor: Monitor, parts: ProbeParts): Promise<Probed> {
  const methods = methodsOf(address, monitor, parts);
  const answers = await Promise.all(
    methods.map(async ({ name, ask }) => ({ name, well: await ask().catch(() => false) })),
  );
  const count = answers.filter(({ well }) => well).length;
  const sentence = answers.map(({ name, well }) => `${name} ${well ? 'answers' : 'is silent'}`).join(', ');
  return { answers: monitor.answers === 'any' ? count > 0 : count === answers.length && count > 0, sentence };
}

function methodsOf(address: string, { agent, tcp, icmp, script }: Monitor, parts: ProbeParts): Method[] {
  const { linked, agentPorts, timeoutMs, run } = parts;
  const methods: Method[] = tcp.map((port) => ({ name: `port ${port}`, ask: () => opens(address, port, timeoutMs) }));
  if (agent)
    methods.unshift({ name: 'its agent', ask: async () => linked || anyOpens(address, agentPorts, timeoutMs) });
  if (icmp) {
    const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
    const command = [toolAt('ping'), '-n', '-q', '-c', '1', '-W', seconds, address];
    methods.push({ name: 'ping', ask: async () => (await run(command, timeoutMs + 1000)).code === 0 });
  }
  if (script !== undefined) {
    const command = [script.path, ...script.arguments, address];
    methods.push({ name: script.path, ask: async () => (await run(command, script.timeoutMs)).code === 0 });
  }
  return methods;
}

async function anyOpens(address: string, ports: readonly number[], timeoutMs: number): Promise<boolean> {
  const open = await Promise.all(ports.map((port) => opens(address, port, timeoutMs)));
  return open.includes(true);
}

function opens(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (well: boolean) => {
      socket.destroy();
      resolve(well);
    };
    socket.setTimeout(timeoutMs, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

/** Hosts and ports at which an agent is known to be. */
export function placesOfAgent(addresses: readonly string[]): { hosts: string[]; ports: number[] } {
  const known = addresses.map(parseAddress).filter((address) => address !== null);
  return { hosts: [...new Set(known.map(({ host }) => host))], ports: [...new Set(known.map(({ port }) => port))] };
}
