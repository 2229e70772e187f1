import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJson, writeJson } from './atomic-json.ts';
import { openHome } from './home.ts';

const folders: string[] = [];
const children: ChildProcess[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'understudy-home-'));
  folders.push(made);
  return made;
}
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

/** Another process that opens the home, says so, and stays. */
async function otherAgent(home: string): Promise<ChildProcess> {
  const program = `import { openHome } from ${JSON.stringify(new URL('./home.ts', import.meta.url).href)};
    const kept = await openHome(process.argv[1]); console.log('open'); setInterval(() => kept, 1e6);`;
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--import', 'tsx', '--input-type=module', '--eval', program, home],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: join(import.meta.dirname, '..') },
  );
  children.push(child);
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child;
}

describe('the home', () => {
  it('is made for its owner only', async () => {
    const path = join(folder(), 'deep', 'home');
    const home = await openHome(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    await home.release();
  });

  it('is not made of a directory that others use', async () => {
    const path = folder();
    writeFileSync(join(path, 'theirs'), '');
    chmodSync(path, 0o755);
    await expect(openHome(path)).rejects.toMatchObject({ fault: 'home-unusable' });
    expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it('says so where a file stands in its place', async () => {
    const path = join(folder(), 'file');
    writeFileSync(path, '');
    await expect(openHome(path)).rejects.toMatchObject({ fault: 'home-unusable' });
  });

  it.skipIf(process.platform !== 'linux')('says so at once where the kernel makes no directories', async () => {
    for (const path of ['/proc/understudy', '/proc/understudy/deeper'])
      await expect(openHome(path)).rejects.toThrow(`${path} cannot be the agent's home: ENOENT`);
  });

  it('is made with all that leads to it', async () => {
    const path = join(folder(), 'a', 'b');
    const home = await openHome(path);
    expect([statSync(path).mode & 0o777, statSync(join(path, '..')).mode & 0o777]).toEqual([0o700, 0o700]);
    await home.release();
  });

  it('belongs to one agent, and names the process that has it', async () => {
    const path = folder();
    const other = await otherAgent(path);
    await expect(openHome(path)).rejects.toThrow(new RegExp(`another agent \\(process ${other.pid}\\).*--home`));
  });

  it('is free at once after its agent was killed', async () => {
    const path = folder();
    const other = await otherAgent(path);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const home = await openHome(path);
    await home.release();
  });

  it('can be opened again after an orderly release', async () => {
    const path = folder();
    await (await openHome(path)).release();
    await (await openHome(path)).release();
  });
});

describe('a state file', () => {
  const schema = z.object({ value: z.number() });

  it('is replaced as a whole and leaves nothing beside it', () => {
    const path = join(folder(), 'state.json');
    writeJson(path, { value: 1 });
    writeJson(path, { value: 2 });
    expect(readJson(path, schema)).toEqual({ value: 2 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['state.json']);
  });

  it('that is missing is null', () => {
    expect(readJson(join(folder(), 'none.json'), schema)).toBeNull();
  });

  it.each(['{"value": 1', '{"value": "one"}', ''])('that holds %j is refused and left alone', (text) => {
    const path = join(folder(), 'state.json');
    writeFileSync(path, text);
    expect(() => readJson(path, schema)).toThrow(/state\.json is damaged .* restore it from a backup/);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('keeps its old content when the new one cannot be written', () => {
    const path = join(folder(), 'state.json');
    mkdirSync(path);
    expect(() => writeJson(path, { value: 1 })).toThrow();
    expect(readdirSync(join(path, '..'))).toEqual(['state.json']);
  });
});
