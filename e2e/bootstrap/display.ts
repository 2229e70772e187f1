/** A screen for tests: the one that is there, or a virtual one for as long as it is needed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Readable } from 'node:stream';

/** Why no window can be shown here, or null. */
export function whyNoDisplay(env: NodeJS.ProcessEnv = process.env): string | null {
  if ((env.DISPLAY ?? '') !== '') return null;
  const found = spawnSync('Xvfb', ['-help']);
  return found.error === undefined ? null : 'there is no display, and Xvfb is not here (Debian: apt-get install xvfb)';
}

export interface Display {
  /** As `DISPLAY` has it. */
  readonly name: string;
  readonly close: () => Promise<void>;
}

/** The server itself chooses a free number and tells it when it is ready. */
export async function openDisplay(env: NodeJS.ProcessEnv = process.env): Promise<Display> {
  const present = env.DISPLAY ?? '';
  if (present !== '') return { name: present, close: async () => undefined };
  const args = ['-displayfd', '3', '-screen', '0', '2560x1440x24', '-nolisten', 'tcp'];
  const server = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const number = await numberOf(server);
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  return {
    name: `:${number}`,
    close: async () => {
      server.kill();
      await ended;
    },
  };
}

function numberOf(server: ChildProcess): Promise<string> {
  let said = '';
  server.stderr?.on('data', (bytes: Buffer) => {
    said += String(bytes);
  });
  return new Promise((resolve, reject) => {
    let told = '';
    (server.stdio[3] as Readable).on('data', (bytes: Buffer) => {
      told += String(bytes);
      if (told.endsWith('\n')) resolve(told.trim());
    });
    server.once('error', reject);
    server.once('close', (code) => reject(new Error(`Xvfb ended with ${code}: ${said}`)));
  });
}
