import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { mountsOf } from './mounts.ts';
import { whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`what an interrupted test leaves is skipped: ${skip}`);

const TESTING = fileURLToPath(new URL('./testing.ts', import.meta.url));
const PROGRAM = `
import { scratch } from ${JSON.stringify(TESTING)};
const world = await scratch();
await world.interceptor.protect(world.raw('one'));
const { holder, server } = await world.interceptor.servers();
console.log(JSON.stringify({ top: world.top, pids: [holder, server] }));
setInterval(() => {}, 1000);`;

/** What has ended counts as gone, though nobody has asked for its exit code. */
const runs = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};

describe.skipIf(skip !== null)('a test that is interrupted', () => {
  it('leaves no mount, no process and no directory', async () => {
    const args = ['--import', import.meta.resolve('tsx'), '--conditions=source', '--input-type=module', '-e', PROGRAM];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const { top, pids } = JSON.parse(String(line)) as { top: string; pids: number[] };
    expect(mountsOf('self').map(({ mountPoint }) => String(mountPoint))).toContain(`${top}/one`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await vi.waitFor(() => expect(existsSync(top)).toBe(false), { timeout: 20_000 });
    expect(mountsOf('self').filter(({ mountPoint }) => mountPoint.startsWith(top))).toEqual([]);
    expect(pids.filter(runs)).toEqual([]);
  });
});
