/**
 * A network beside the line: a client's end with a bridge, to which both servers have a cable of their own. In: a stage, a line. Out: an
 * address for a service that one of them has, how to start programs at the client, cables to pull. Promised: nothing of it outlives the stage.
 */
import { execFileSync } from 'node:child_process';
import type { Bootstrap } from './bootstrap.ts';
import { type End, type Line, networkKeeper } from './line.ts';

const BRIDGE = 'bridge';
const ADDRESSES: Readonly<Record<End | 'client', string>> = {
  source: '10.88.0.1',
  target: '10.88.0.2',
  client: '10.88.0.3',
};

export class Lan {
  /** Of each server's interface. */
  static readonly device = 'lan';
  static readonly service = '10.88.0.10';
  static readonly net = '10.88.0.0/24';
  readonly #line: Line;
  readonly #keeper: number;

  private constructor(line: Line, keeper: number) {
    this.#line = line;
    this.#keeper = keeper;
  }

  /** The source has the service's address. */
  static async open(stage: Bootstrap, line: Line): Promise<Lan> {
    const lan = new Lan(line, await networkKeeper(stage));
    lan.#ip('client', 'link', 'set', 'lo', 'up');
    lan.#ip('client', 'link', 'add', BRIDGE, 'type', 'bridge');
    lan.#ip('client', 'address', 'add', `${ADDRESSES.client}/24`, 'dev', BRIDGE);
    lan.#ip('client', 'link', 'set', BRIDGE, 'up');
    for (const end of ['source', 'target'] as const) {
      lan.#ip('client', 'link', 'add', end, 'type', 'veth', 'peer', 'name', Lan.device, 'netns', String(line.pid(end)));
      lan.#ip('client', 'link', 'set', end, 'master', BRIDGE, 'up');
      lan.#ip(end, 'address', 'add', `${ADDRESSES[end]}/24`, 'dev', Lan.device);
      lan.#ip(end, 'link', 'set', Lan.device, 'up');
    }
    lan.#ip('source', 'address', 'add', `${Lan.service}/24`, 'dev', Lan.device);
    return lan;
  }

  get clientAddress(): string {
    return ADDRESSES.client;
  }

  /** Put before a command it starts that at the client, by exec. */
  get atClient(): string[] {
    return ['nsenter', `--net=/proc/${this.#keeper}/ns/net`, '--'];
  }

  /** The source reaches nobody here any more, and nobody it. */
  cut(): void {
    this.#ip('source', 'link', 'set', Lan.device, 'down');
  }

  #ip(at: End | 'client', ...args: string[]): void {
    const [enter = '', ...rest] = at === 'client' ? this.atClient : this.#line.on(at);
    execFileSync(enter, [...rest, 'ip', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }
}
