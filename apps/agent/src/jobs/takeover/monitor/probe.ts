/**
 * One question to one address of a source: does anything there answer? In: the methods of a monitor. Out: yes or no, and what they said.
 * Promise: it ends within the time limit, and nothing is sent but a connection that is closed at once, an echo request, a script.
 */
import { connect } from 'node:net';
import { type Monitor, parseAddress } from '@understudy/wire';
import type { CommandEnd } from '../run-command.ts';
import { toolAt } from '../tools.ts';

export interface ProbeParts {
  /** How long the source's agent has said nothing on its link, when it is asked for; null: there is none. */
  readonly silentMs: () => number | null;
  /** Ports of its agent. */
  readonly agentPorts: readonly number[];
  readonly timeoutMs: number;
  readonly run: (command: readonly string[], timeoutMs: number) => Promise<CommandEnd>;
}

export interface Probed {
  readonly answers: boolean;
  /** How long ago that was: what is heard on a link was said before it was asked for. */
  readonly agoMs: number;
  readonly sentence: string;
}

const SILENT = null;
/** A link on which something came just now. */
const BUSY_MS = 100;

interface Method {
  readonly name: string;
  /** How long ago it answered: most do now. */
  readonly ask: () => Promise<number | typeof SILENT>;
}

const now = async (asked: Promise<boolean>): Promise<number | typeof SILENT> => ((await asked) ? 0 : SILENT);

export async function probe(address: string, monitor: Monitor, parts: ProbeParts): Promise<Probed> {
  const methods = methodsOf(address, monitor, parts);
  const answers = await Promise.all(
    methods.map(async ({ name, ask }) => ({ name, agoMs: await ask().catch(() => SILENT) })),
  );
  const heard = answers.map(({ agoMs }) => agoMs).filter((agoMs) => agoMs !== SILENT);
  const sentence = answers.map(({ name, agoMs }) => `${name} ${agoMs === SILENT ? 'is silent' : 'answers'}`).join(', ');
  const isAny = monitor.answers === 'any';
  const answered = heard.length > 0 && (isAny || heard.length === answers.length);
  return { answers: answered, agoMs: answered ? (isAny ? Math.min : Math.max)(...heard) : 0, sentence };
}

function methodsOf(address: string, { agent, tcp, icmp, script }: Monitor, parts: ProbeParts): Method[] {
  const { timeoutMs, run } = parts;
  const methods: Method[] = tcp.map((port) => ({
    name: `port ${port}`,
    ask: () => now(opens(address, port, timeoutMs)),
  }));
  if (agent) methods.unshift({ name: 'its agent', ask: () => askAgent(address, parts) });
  if (icmp) {
    const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
    const command = [toolAt('ping'), '-n', '-q', '-c', '1', '-W', seconds, address];
    methods.push({ name: 'ping', ask: () => now(endsWell(run(command, timeoutMs + 1000))) });
  }
  if (script !== undefined) {
    const command = [script.path, ...script.arguments, address];
    methods.push({ name: script.path, ask: () => now(endsWell(run(command, script.timeoutMs))) });
  }
  return methods;
}

const endsWell = async (end: Promise<CommandEnd>): Promise<boolean> => (await end).code === 0;

/**
 * A link stands long after its source was cut off: it counts by when something was heard on it, and only where that is within the time of
 * one question. Between two pings it may be quiet for as long, so that the port is asked as well.
 */
async function askAgent(address: string, { silentMs, agentPorts, timeoutMs }: ProbeParts) {
  const before = silentMs();
  if (before !== null && before <= BUSY_MS) return before;
  if (await anyOpens(address, agentPorts, timeoutMs)) return 0;
  const heard = silentMs();
  return heard !== null && heard < timeoutMs ? heard : SILENT;
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
