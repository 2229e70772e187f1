/** An etcd of a test's own: one process in a temporary folder, on a port of the loopback. `why`: there is no such program here. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';

export function whyNoEtcd(): string | null {
  const found = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  return found.status === 0 ? null : 'the program etcd is not here (Debian: apt-get install etcd-server)';
}

export interface EtcdProcess {
  readonly endpoint: string;
  readonly process: ChildProcess;
  end(): Promise<void>;
}

/** Ready to answer. `more`: further arguments. */
export async function startEtcd(folder: string, more: readonly string[] = []): Promise<EtcdProcess> {
  const [client, peer] = [await freePort(), await freePort()];
  const secure = more.some((one) => one.startsWith('--cert-file'));
  const endpoint = `${secure ? 'https' : 'http'}://127.0.0.1:${client}`;
  const arguments_ = [
    ['--name', 'witness'],
    ['--data-dir', join(folder, 'etcd')],
    ['--listen-client-urls', endpoint],
    ['--advertise-client-urls', endpoint],
    ['--listen-peer-urls', `http://127.0.0.1:${peer}`],
    ['--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
    ['--initial-cluster', `witness=http://127.0.0.1:${peer}`],
    ['--unsafe-no-fsync'],
  ].flat();
  const child = spawn('etcd', [...arguments_, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      said = `${said}${bytes}`.slice(-20_000);
      if (/ready to serve client requests|serving (insecure )?client (requests|traffic)/.test(said)) resolve();
    });
    child.once('exit', () => reject(new Error(`etcd ended: ${said.slice(-500)}`)));
    child.once('error', reject);
  });
  return {
    endpoint,
    process: child,
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
