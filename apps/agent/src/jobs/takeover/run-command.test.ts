import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { howItEnded, runCommand } from './run-command.ts';
import { lives } from './testing.ts';

describe('a program of the administrator’s', () => {
  const top = mkdtempSync(join(tmpdir(), 'understudy-command-'));
  const output = join(top, 'output');
  const sh = (text: string, more: object = {}) =>
    runCommand(['/bin/sh', '-c', text], { timeoutMs: 20_000, output, ...more });
  afterAll(() => rmSync(top, { recursive: true, force: true }));

  it('gets arguments, environment and input as they are, and what it said last is kept', async () => {
    const text = 'cat; echo "$NAME|$0|$1"; echo wrong >&2';
    const end = await runCommand(['/bin/sh', '-c', text, 'a b', '$(c)'], {
      timeoutMs: 20_000,
      output,
      env: { NAME: 'x "y"' },
      input: 'in\n',
    });
    expect(end).toEqual({ code: 0, why: '', said: 'in\nx "y"|a b|$(c)\nwrong' });
    expect((await sh('head -c 9000 /dev/zero | tr "\\0" a; echo; echo end')).said).toMatch(/^a{2000,}\nend$/);
  });

  it('says how it ended', async () => {
    expect(howItEnded(await sh('exit 0'))).toBe('');
    expect(howItEnded(await sh('echo no; exit 3'))).toBe('it ended with exit code 3; it said: no');
    expect(howItEnded(await sh('kill -9 $$'))).toBe('it was ended by SIGKILL');
    const none = await runCommand(['/nowhere/at/all'], { timeoutMs: 1000, output });
    expect(howItEnded(none)).toMatch(/cannot be started.*ENOENT/);
  });

  it('is killed with its group when the time is over, or at once', async () => {
    const pids = join(top, 'pids');
    const text = `sleep 500 & echo $! > ${pids}; wait`;
    const late = await sh(text, { timeoutMs: 300 });
    expect(late).toMatchObject({ code: null, why: 'it had not ended after 300 ms and was killed' });
    // It was told to go; until the kernel has done so, and somebody has heard of it, it counts as there.
    await vi.waitFor(() => expect(lives(readFileSync(pids, 'utf8'))).toBe(false), { timeout: 10_000 });
    const broken = await sh('sleep 500', { signal: AbortSignal.abort() });
    expect(broken).toMatchObject({ code: null, why: 'it was broken off' });
  });

  it('does not wait for what it leaves running', async () => {
    const pids = join(top, 'left');
    const end = await sh(`(sleep 500 & echo $! > ${pids})`);
    const pid = Number(readFileSync(pids, 'utf8'));
    expect(end.code).toBe(0);
    process.kill(pid, 'SIGKILL');
  });
});
