/**
 * A line between two servers: two network namespaces and a veth pair. In: a stage. Out: how to start a program on either end, the
 * cable to pull, a rate, and what the wire carried. Promised: nothing of it outlives the stage. The namespaces have no name and no
 * mount: they live by a keeper process that bears the stage's token, and go with the last process within them. Mount and process
 * namespaces stay the machine's own (`ip netns exec` would make a private mount namespace, in which protection is refused).
 */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import type { Bootstrap } from './bootstrap.ts';
import { until } from './until.ts';

export type End = 'source' | 'target';

const ADDRESSES: Readonly<Record<End, string>> = { source: '10.77.0.1', target: '10.77.0.2' };
const DEVICE = 'line';

const networkOf = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/net`);

/** Why there can be no such line here, or null. */
export function whyNoLine(): string | null {
  const script = `ip link add ${DEVICE} type veth peer name other && ip link set ${DEVICE} up && tc qdisc add dev ${DEVICE} root tbf rate 1mbit burst 16kb latency 50ms`;
  try {
    execFileSync('unshare', ['--net', 'sh', '-c', script], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `network namespaces, veth and tbf are needed, with ip and tc of iproute2 (${String(error).split('\n')[0]})`;
  }
}

export class Line {
  readonly #keepers: Readonly<Record<End, number>>;

  private constructor(keepers: Readonly<Record<End, number>>) {
    this.#keepers = keepers;
  }

  static async open(stage: Bootstrap): Promise<Line> {
    const line = new Line({ source: await networkKeeper(stage), target: await networkKeeper(stage) });
    const { source, target } = line.#keepers;
    line.#ip('source', 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', String(target));
    for (const end of ['source', 'target'] as const) {
      line.#ip(end, 'address', 'add', `${ADDRESSES[end]}/30`, 'dev', DEVICE);
      line.#ip(end, 'link', 'set', 'lo', 'up');
      line.#ip(end, 'link', 'set', DEVICE, 'up');
    }
    await until('the line carries', () => carrier(source) && carrier(target));
    return line;
  }

  address(end: End): string {
    return ADDRESSES[end];
  }

  /** A process in that network. */
  pid(end: End): number {
    return this.#keepers[end];
  }

  /** Put before a command it starts that on this end, by exec. */
  on(end: End): string[] {
    return ['nsenter', `--net=/proc/${this.#keepers[end]}/ns/net`, '--'];
  }

  /** Pulls the cable at the target: the source's connections stand, and nothing comes through. */
  cut(): void {
    this.#ip('target', 'link', 'set', DEVICE, 'down');
  }

  async join(): Promise<void> {
    this.#ip('target', 'link', 'set', DEVICE, 'up');
    await until('the line carries again', () => carrier(this.#keepers.source));
  }

  /** What the source sends goes no faster from now on; a queue of 50 ms, then packets are dropped. */
  limit(rate: string): void {
    const queue = ['root', 'tbf', 'rate', rate, 'burst', '64kb', 'latency', '50ms'];
    this.#run('source', 'tc', ['qdisc', 'replace', 'dev', DEVICE, ...queue]);
  }

  /** Bytes that have left the source for the target, frames with all their headers; what was dropped before does not count. */
  sentBytes(): number {
    return counters(this.#keepers.source).transmitted;
  }

  receivedBytes(): number {
    return counters(this.#keepers.source).received;
  }

  #ip(end: End, ...args: string[]): void {
    this.#run(end, 'ip', args);
  }

  #run(end: End, program: string, args: readonly string[]): void {
    const [enter = '', ...rest] = this.on(end);
    execFileSync(enter, [...rest, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

/** A process that does nothing but hold a network namespace. */
export async function networkKeeper(stage: Bootstrap): Promise<number> {
  const child = spawn('unshare', ['--net', 'sleep', 'infinity'], { env: stage.env, stdio: 'ignore' });
  child.unref();
  const pid = child.pid ?? -1;
  await until('a network namespace has been made', () => {
    if (child.exitCode !== null) throw new Error(`unshare --net ended with ${child.exitCode}`);
    return networkOf(pid) !== networkOf('self');
  });
  return pid;
}

function fieldsOf(pid: number): number[] {
  const row = new RegExp(`^\\s*${DEVICE}:(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))?.[1];
  if (row === undefined) throw new Error('the line is not there any more');
  return row.trim().split(/\s+/).map(Number);
}

function counters(pid: number): { readonly received: number; readonly transmitted: number } {
  const fields = fieldsOf(pid);
  return { received: fields[0] ?? Number.NaN, transmitted: fields[8] ?? Number.NaN };
}

/** A device in use and with a peer that is up, too, has its route. */
function carrier(pid: number): boolean {
  return readFileSync(`/proc/${pid}/net/route`, 'utf8').includes(DEVICE);
}
