import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { must, run, whyInstall } from './ensure.mjs';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'understudy-ensure-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const LOCK = {
  '': { name: 'x' },
  'packages/a': { version: '0.1.0' },
  'node_modules/ws': { version: '8.23.0', integrity: 'sha512-a' },
  'node_modules/other-system': { version: '1.0.0', optional: true },
};

function write(file, packages) {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), JSON.stringify({ packages }));
}

function install(packages) {
  write('node_modules/.package-lock.json', packages);
  for (const place of Object.keys(packages)) mkdirSync(join(directory, place), { recursive: true });
}

describe('npm ci is run when', () => {
  beforeEach(() => write('package-lock.json', LOCK));
  const ws = LOCK['node_modules/ws'];

  test('nothing is installed', () => expect(whyInstall(directory)).toBe('node_modules is missing'));
  test('a package is of another version', () => {
    install({ 'node_modules/ws': { ...ws, version: '8.22.0' } });
    expect(whyInstall(directory)).toBe('node_modules/ws is 8.22.0, the lock file wants 8.23.0');
  });
  test('a package has other content than the lock file says', () => {
    install({ 'node_modules/ws': { ...ws, integrity: 'sha512-b' } });
    expect(whyInstall(directory)).toMatch(/node_modules\/ws/);
  });
  test('a package is missing', () => {
    install({});
    expect(whyInstall(directory)).toBe('node_modules/ws is missing');
  });
  test('a package was taken away by hand', () => {
    install({ 'node_modules/ws': ws });
    rmSync(join(directory, 'node_modules', 'ws'), { recursive: true });
    expect(whyInstall(directory)).toBe('node_modules/ws is missing');
  });
  test('and not when everything is there, though what is for other systems is not', () => {
    install({ 'node_modules/ws': ws });
    expect(whyInstall(directory)).toBeNull();
  });
});

describe('a command that is run', () => {
  const node = (code) => [process.execPath, ['-e', code], { quiet: true }];
  test('gives its exit code and what it printed', async () => {
    expect(await run(...node('console.log("out"); console.error("err"); process.exit(3)'))).toEqual({
      code: 3,
      output: expect.stringMatching(/out[\s\S]*err|err[\s\S]*out/),
    });
  });
  test('counts as failed when a signal ended it', async () => {
    expect((await run(...node('process.kill(process.pid, "SIGKILL")'))).code).not.toBe(0);
  });
  test('is named with its output when it must not fail and does', async () => {
    await expect(must(...node('console.log("no room"); process.exit(1)'))).rejects.toThrow(/exit code 1\nno room/);
  });
  test('that does not exist is an error', async () => {
    await expect(run('no-such-command-anywhere', [], { quiet: true })).rejects.toThrow(/ENOENT/);
  });
});
