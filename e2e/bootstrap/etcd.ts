/** An etcd for a test, wherever its network is: one process on a port of its own, its data in the stage. */
import { spawn, spawnSync } from 'node:child_process';
import type { Bootstrap } from './bootstrap.ts';
import { until } from './until.ts';

const PORT = 2379;

export function whyNoEtcd(): string | null {
  const found = spawnSync('etcd', ['--version']);
  return found.status === 0 ? null : 'etcd is not here (Debian: apt-get install etcd-server)';
}

/** `enter`: put before the command, so that it runs in a network of its own. The answer: its address for clients. */
export async function startEtcd(stage: Bootstrap, enter: readonly string[], host: string): Promise<string> {
  const at = `http://${host}:${PORT}`;
  const [program = '', ...rest] = [...enter, 'etcd'];
  const folder = stage.folder('etcd');
  const args = ['--data-dir', folder, '--listen-client-urls', at, '--advertise-client-urls', at, '--unsafe-no-fsync'];
  const etcd = spawn(program, [...rest, ...args], { env: stage.env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  etcd.stderr.on('data', (bytes: Buffer) => {
    said = `${said}${bytes}`.slice(-20_000);
  });
  etcd.unref();
  await until('etcd answers', () => {
    if (etcd.exitCode !== null) throw new Error(`etcd ended: ${said.slice(-500)}`);
    return /serving (insecure )?client (requests|traffic)/.test(said);
  });
  return at;
}
