import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Bootstrap } from '@understudy/e2e';

/** A tool's process. It carries the stage's token, so that the stage ends it even where the benchmark is killed. */
export function startChild(stage: Bootstrap, program: string, args: readonly string[], env = {}): ChildProcess {
  const log = openSync(join(stage.root, 'logs', `${program.replace(/.*\//, '')}.log`), 'a');
  const child = spawn(program, args, {
    env: { ...stage.env, ...env },
    cwd: stage.root,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  // Its absence was looked for before; what else goes wrong shows in the figures, with the log beside them.
  child.on('error', () => undefined);
  return child;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
