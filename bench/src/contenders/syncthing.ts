import { type ChildProcess, type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bootstrap, until } from '@understudy/e2e';
import { freePort, startChild } from './child.ts';
import type { Contender, Session } from './contender.ts';
import { installed } from './installed.ts';

const KEY = 'bench';
const ENV = { STNOUPGRADE: '1', STNORESTART: '1' };

interface Node {
  readonly home: string;
  readonly folder: string;
  readonly type: 'sendonly' | 'receiveonly';
  readonly port: number;
  readonly api: number;
  readonly id: string;
}

const elementOf = (node: Node) =>
  `<device id="${node.id}" name="${node.type}"><address>tcp://127.0.0.1:${node.port}</address></device>`;

function configuration(node: Node, peer: Node): string {
  return `<configuration version="35">
  <folder id="bench" path="${node.folder}" type="${node.type}" rescanIntervalS="60" fsWatcherEnabled="true"
    fsWatcherDelayS="1" ignorePerms="false" autoNormalize="false" paused="${node.type === 'sendonly'}">
    <device id="${node.id}"></device><device id="${peer.id}"></device><minDiskFree unit="%">0</minDiskFree>
  </folder>
  ${elementOf(node)}${elementOf(peer)}
  <gui enabled="true" tls="false"><address>127.0.0.1:${node.api}</address><apikey>${KEY}</apikey></gui>
  <options><listenAddress>tcp://127.0.0.1:${node.port}</listenAddress>
    <globalAnnounceEnabled>false</globalAnnounceEnabled><localAnnounceEnabled>false</localAnnounceEnabled>
    <relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><urAccepted>-1</urAccepted>
    <startBrowser>false</startBrowser><autoUpgradeIntervalH>0</autoUpgradeIntervalH>
    <crashReportingEnabled>false</crashReportingEnabled><setLowPriority>false</setLowPriority>
    <reconnectionIntervalS>1</reconnectionIntervalS><limitBandwidthInLan>false</limitBandwidthInLan>
    <minHomeDiskFree unit="%">0</minHomeDiskFree></options>
</configuration>`;
}

class SyncthingSession implements Session {
  readonly source: string;
  readonly replica: string;
  readonly #stage: Bootstrap;
  #nodes: readonly [Node, Node] | null = null;
  #sender: ChildProcess | null = null;

  constructor(stage: Bootstrap) {
    this.#stage = stage;
    this.source = stage.folder('source');
    this.replica = stage.folder('replica');
  }

  async start(): Promise<void> {
    const sender = await this.#node('sender', this.source, 'sendonly');
    const receiver = await this.#node('receiver', this.replica, 'receiveonly');
    this.#nodes = [sender, receiver];
    writeFileSync(join(sender.home, 'config.xml'), configuration(sender, receiver));
    writeFileSync(join(receiver.home, 'config.xml'), configuration(receiver, sender));
    this.#sender = this.#run(sender);
    this.#run(receiver);
    await until(
      'the two instances of Syncthing are connected',
      async () => {
        const connections = (await this.#get(sender, 'system/connections')) as Connections | null;
        return connections?.connections[receiver.id]?.connected === true;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
  }

  async begin(): Promise<void> {
    const [sender] = this.#both();
    await this.#send(sender, 'PATCH', 'config/folders/bench', { paused: false });
  }

  async ready(limitMs: number): Promise<void> {
    const [sender, receiver] = this.#both();
    await until(
      'Syncthing says that both folders are idle and the same',
      async () => {
        const a = (await this.#get(sender, 'db/status?folder=bench')) as FolderStatus | null;
        const b = (await this.#get(receiver, 'db/status?folder=bench')) as FolderStatus | null;
        if (a?.state !== 'idle' || b?.state !== 'idle') return false;
        return a.globalBytes === b.localBytes && a.globalFiles === b.localFiles && b.needTotalItems === 0;
      },
      { timeoutMs: limitMs, everyMs: 100 },
    );
  }

  async sentBytes(): Promise<number | null> {
    const [sender, receiver] = this.#both();
    const connections = (await this.#get(sender, 'system/connections')) as Connections | null;
    return connections?.connections[receiver.id]?.outBytesTotal ?? null;
  }

  operations(): Promise<null> {
    return Promise.resolve(null);
  }

  suspend(): void {
    this.#sender?.kill('SIGSTOP');
  }

  resume(): void {
    this.#sender?.kill('SIGCONT');
  }

  holdTarget(): Promise<void> {
    return Promise.resolve();
  }

  releaseTarget(): void {
    // It replaces files whole, by a rename.
  }

  async says(): Promise<string> {
    const status = (await this.#get(this.#both()[0], 'db/status?folder=bench')) as FolderStatus | null;
    return status?.watchError || (status?.state ?? 'no answer');
  }

  #both(): readonly [Node, Node] {
    if (this.#nodes === null) throw new Error('Syncthing was not started');
    return this.#nodes;
  }

  async #node(name: string, folder: string, type: Node['type']): Promise<Node> {
    const home = this.#stage.folder(name);
    const env = { ...this.#stage.env, ...ENV };
    const options: ExecFileSyncOptionsWithStringEncoding = {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    execFileSync('syncthing', ['generate', `--home=${home}`, '--no-default-folder'], options);
    const id = execFileSync('syncthing', [`--home=${home}`, '--device-id'], options).trim();
    this.#stage.folder(folder.slice(this.#stage.root.length + 1), '.stfolder');
    return { home, folder, type, port: await freePort(), api: await freePort(), id };
  }

  #run(node: Node): ChildProcess {
    return startChild(this.#stage, 'syncthing', ['serve', `--home=${node.home}`, '--no-browser', '--no-restart'], ENV);
  }

  async #get(node: Node, path: string): Promise<unknown> {
    try {
      const answer = await fetch(`http://127.0.0.1:${node.api}/rest/${path}`, { headers: { 'X-API-Key': KEY } });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  async #send(node: Node, method: string, path: string, body: unknown): Promise<void> {
    const headers = { 'X-API-Key': KEY, 'Content-Type': 'application/json' };
    const url = `http://127.0.0.1:${node.api}/rest/${path}`;
    const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`Syncthing refused ${path}: ${await answer.text()}`);
  }
}

interface Connections {
  readonly connections: Readonly<Record<string, { readonly connected: boolean; readonly outBytesTotal: number }>>;
}

interface FolderStatus {
  readonly state: string;
  readonly watchError?: string;
  readonly globalBytes: number;
  readonly globalFiles: number;
  readonly localBytes: number;
  readonly localFiles: number;
  readonly needTotalItems: number;
}

export const syncthing: Contender = {
  name: 'syncthing',
  carries: 'TLS, watcher delay 1 s, rescan every 60 s',
  available: () => installed('syncthing', ['--version'], 'syncthing'),
  async open(stage) {
    const session = new SyncthingSession(stage);
    await session.start();
    return session;
  },
};
