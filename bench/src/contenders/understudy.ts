import { type Bootstrap, replicaOf, understudyCommand, until, whyNoFuse } from '@understudy/e2e';
import type { Contender, Session } from './contender.ts';
import { installed } from './installed.ts';

const JOB = 'bench';

class UnderstudySession implements Session {
  readonly source: string;
  readonly replica: string;
  readonly #stage: Bootstrap;
  readonly #to: string;

  constructor(stage: Bootstrap) {
    this.#stage = stage;
    this.source = stage.folder('source', 'data');
    this.#to = stage.folder('replica');
    this.replica = replicaOf(this.#to, this.source);
  }

  async begin(): Promise<void> {
    await this.#stage.client.create({
      name: JOB,
      source: 'alpha',
      target: 'beta',
      include: [this.source],
      to: this.#to,
      intercept: 'fuse',
      extra: ['--start'],
    });
  }

  async ready(limitMs: number): Promise<void> {
    const timeout = `${Math.ceil(limitMs / 1000)}s`;
    await this.#stage.client.reach(JOB, 'protected', timeout);
    await this.#stage.client.flush(JOB, timeout);
  }

  async sentBytes(): Promise<number> {
    // The mirror's blocks and the operations go the same way and are counted as one.
    return (await this.#stage.client.status(JOB)).replication.sentBytes;
  }

  async operations(): Promise<number> {
    // Positions would count the marks of the self-audit, too.
    return (await this.#stage.client.status(JOB)).replication.operations ?? 0;
  }

  suspend(): void {
    this.#stage.agent('alpha').signal('SIGSTOP');
  }

  resume(): void {
    this.#stage.agent('alpha').signal('SIGCONT');
  }

  holdTarget(): Promise<void> {
    return this.#stage.agent('beta').hold();
  }

  releaseTarget(): void {
    this.#stage.agent('beta').release();
  }

  async says(): Promise<string> {
    const { client } = this.#stage;
    const events = (await client.events('--job', JOB, '--json')).stdout.trim().split('\n');
    const codes = events.map((line) => /"code":\s*"([^"]+)"/.exec(line)?.[1]).filter((code) => code !== undefined);
    return `${(await client.status(JOB)).state}; events: ${codes.slice(-6).join(', ')}`;
  }
}

export const understudy: Contender = {
  name: 'understudy',
  carries: 'TLS 1.3, two agents, mount over the source',
  available() {
    const why = whyNoFuse();
    return why === null ? installed(understudyCommand, ['--version'], '') : { missing: why };
  },
  async open(stage) {
    await stage.addAgent('alpha');
    await stage.addAgent('beta');
    return new UnderstudySession(stage);
  },
};

/** Process ids of everything that the product runs, by role. */
export async function processesOf(stage: Bootstrap): Promise<ReadonlyMap<string, number>> {
  const { fsid, holder } = await until('the interceptor runs', () => {
    const found = stage.interceptorProcesses('alpha');
    return found.fsid.length > 0 ? found : false;
  });
  return new Map([
    ['source agent', stage.agent('alpha').pid],
    ['target agent', stage.agent('beta').pid],
    ['fsid', fsid[0] ?? 0],
    ['holder', holder[0] ?? 0],
  ]);
}
