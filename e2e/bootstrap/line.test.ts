/** A line is a matter of the whole machine: what is left of one would stay until the next boot. */
import { spawn } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { projectRoot } from './command.ts';
import { whyNoLine } from './line.ts';
import { isAlive } from './processes.ts';
import { until } from './until.ts';

const why = whyNoLine();
if (why !== null) console.warn(`SKIPPED the line between two servers: ${why}`);

const modules = ['bootstrap.ts', 'line.ts'].map(
  (file) => pathToFileURL(fileURLToPath(new URL(file, import.meta.url))).href,
);

/** A test that opens a line and then does nothing until it is killed. */
const script = `
  const [{ Bootstrap }, { Line }] = await Promise.all(${JSON.stringify(modules)}.map((path) => import(path)));
  const stage = await Bootstrap.open();
  const line = await Line.open(stage);
  console.log(JSON.stringify({ root: stage.root, on: [line.on('source'), line.on('target')] }));
  setInterval(() => undefined, 1000);
`;

describe.skipIf(why !== null)('a line between two network namespaces', () => {
  it('goes with its test, also where that was killed', async () => {
    const args = ['--import', 'tsx', '--conditions=source', '--input-type=module', '-e', script];
    const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('close', (code) => reject(new Error(`the test ended by itself with ${code}`)));
    });
    const { root, on } = JSON.parse(said) as { root: string; on: string[][] };
    const keepers = on.map(([, where = '']) => Number(/\/proc\/(\d+)\//.exec(where)?.[1]));
    const networks = keepers.map((pid) => readlinkSync(`/proc/${pid}/ns/net`));
    expect(new Set([...networks, readlinkSync('/proc/self/ns/net')]).size).toBe(3);
    child.kill('SIGKILL');
    // A namespace that has no name and no mount ends with the last process in it, and its end of the line with it.
    await until('nothing is left of it', () => !keepers.some(isAlive) && !existsSync(root), { timeoutMs: 20_000 });
  });
});
