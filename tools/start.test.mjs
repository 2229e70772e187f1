/** The quick start as a person runs it, in a temporary folder of its own: what matters is what is left afterwards. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { top } from './ensure.mjs';
import { mountsBeneath, processesOf } from './quick-start/leftovers.mjs';

const LIVE = /stops everything/;
let temporary = '';
let children = [];

beforeEach(() => {
  temporary = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-quick-')));
});
afterEach(() => {
  for (const child of children) child.kill('SIGTERM');
  children = [];
  // Never through a mount: what looks like a leftover would be somebody's data.
  if (mountsBeneath([temporary]).length === 0) rmSync(temporary, { recursive: true, force: true });
});

/** Starts `npm start`'s program; `over` settles when it has ended, `seen` when its output matches. */
function quickStart(...args) {
  const env = { ...process.env, TMPDIR: temporary };
  const child = spawn(process.execPath, [join(top, 'tools', 'start.mjs'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  const waiting = new Set();
  const hear = (bytes) => {
    output += bytes;
    for (const check of waiting) check();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const over = new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
  const seen = (words) =>
    new Promise((resolve, reject) => {
      const check = () => words.test(output) && resolve(output);
      waiting.add(check);
      check();
      void over.then(() => reject(new Error(`it ended before ${words} was seen:\n${output}`)));
    });
  return { child, over, seen };
}

function expectNothingLeft() {
  expect(mountsBeneath([temporary])).toEqual([]);
  expect(processesOf(temporary)).toEqual([]);
  expect(readdirSync(temporary).filter((name) => name.startsWith('understudy-start'))).toEqual([]);
}

describe('the quick start refuses', () => {
  test.each([
    [['--sauce', 'x'], /Unknown option '--sauce'/],
    [['--source', '/nowhere/at/all', '--target', '/tmp'], /there is no such folder/],
    [['--source', '/etc/passwd', '--target', '/tmp'], /this is a file/],
    [['--source', '/usr', '--target', '/usr/share'], /one lies within the other/],
    [['--source', '/usr'], /belong together/],
    [['--seconds', 'soon'], /a number is expected/],
  ])('%j', async (args, words) => {
    const { code, output } = await quickStart(...args).over;
    expect(output).toMatch(words);
    expect(code).toBe(1);
    expectNothingLeft();
  });
});

const built = existsSync(join(top, 'apps', 'cli', 'dist', 'src', 'main.js'));
if (!built) console.warn('SKIPPED the quick start with real agents: not built; run "npm run build" first');

describe.skipIf(!built)('the quick start with real agents', { timeout: 180_000 }, () => {
  test('ends by itself, the replica complete, and leaves nothing', async () => {
    const { code, output } = await quickStart('--seconds', '5').over;
    expect(output).toMatch(/consistent and holds all [1-9]\d* transactions/);
    expect(code, output).toBe(0);
    expectNothingLeft();
  });

  test('cleans up to the end though it is interrupted again and again', async () => {
    const { child, seen, over } = quickStart();
    await seen(LIVE);
    child.kill('SIGINT');
    await seen(/stopping/);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGINT']) child.kill(signal);
    const { code, output } = await over;
    expect(output).toMatch(/already stopping/);
    expect(code, output).toBe(0);
    expectNothingLeft();
  });

  test('interrupted while the agents start, leaves nothing', async () => {
    const { child, seen, over } = quickStart();
    await seen(/agent alpha listens/);
    child.kill('SIGTERM');
    expect((await over).code).toBe(0);
    expectNothingLeft();
  });

  test('keeps what is in real folders', async () => {
    const [source, target] = [join(temporary, 'mine'), join(temporary, 'copy')];
    for (const folder of [source, target]) mkdirSync(folder);
    writeFileSync(join(source, 'a'), 'first');
    writeFileSync(join(target, 'other'), 'not ours');
    const { child, seen, over } = quickStart('--source', source, '--target', target);
    await seen(LIVE);
    child.kill('SIGINT');
    const { code, output } = await over;
    expect(code, output).toBe(0);
    expect(readFileSync(join(source, 'a'), 'utf8')).toBe('first');
    expect(readFileSync(join(target, source, 'a'), 'utf8')).toBe('first');
    expect(readFileSync(join(target, 'other'), 'utf8')).toBe('not ours');
    expectNothingLeft();
  });
});
