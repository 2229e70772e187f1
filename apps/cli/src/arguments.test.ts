import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { jobStates } from '@understudy/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from './program.ts';
import { rawArguments } from './raw-arguments.ts';
import { runCommand } from './testing.ts';
import { JOB_STATES, parseDuration } from './values.ts';

let env: NodeJS.ProcessEnv;
beforeAll(() => {
  env = { UNDERSTUDY_PROFILE: fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-cli-')) };
});
afterAll(() => fs.rmSync(env.UNDERSTUDY_PROFILE ?? '', { recursive: true, force: true }));

const run = (line: string) => runCommand(line.split(' '), { env });

const CREATE = 'job create files --source alpha --target beta --include /srv/data';

describe('wrong usage exits 2, names what is wrong and what would be right', () => {
  it.each([
    ['statsu files', /unknown command 'statsu'[\s\S]*Did you mean status/],
    ['job strat files', /unknown command 'strat'[\s\S]*Did you mean start/],
    ['help nonsense', /unknown command 'nonsense'\n\(see: understudy --help\)/],
    ['help statsu', /unknown command 'statsu'[\s\S]*Did you mean status/],
    ['help job strat', /unknown command 'strat'[\s\S]*Did you mean start/],
    ['job help strat', /unknown command 'strat'[\s\S]*Did you mean start/],
    ['help status more', /status has no command "more"/],
    ['job', /Usage: understudy job/],
    ['job start', /missing required argument 'name'\n\(see: understudy job start --help\)/],
    ['servers --jsn', /unknown option '--jsn'[\s\S]*Did you mean --json/],
    ['status', /missing required argument 'name'/],
    ['status files more', /too many arguments/],
    ['jobs extra', /too many arguments/],
    ['agent', /Usage: understudy agent/],
    ['agent run --hoem /tmp', /unknown option '--hoem'[\s\S]*--home/],
    ['agent pairing-code --role root', /admin, operator, monitor/],
    ['agent pairing-code --ttl 2w', /such as 60s, 10m or 1h/],
    ['pair --code x', /missing required argument 'host:port'/],
    ['pair 10.0.0.1', /required option '--code <code>'/],
    ['pair 10.0.0.1:port --code ABCDE-FGHJK-MNPQR-STVWX', /"10.0.0.1:port" is not an address; write HOST:PORT/],
    ['pair 10.0.0.1:70000 --code ABCDE-FGHJK-MNPQR-STVWX', /is not an address/],
    ['pair 10.0.0.1 --code 1234', /is not a pairing code/],
    ['job create', /required option '--source <server>'/],
    ['job create --source a --target b --include /a', /missing required argument 'name'/],
    ['job create files --source a --target b', /say what to protect: --include RULE, or --preset NAME/],
    [`${CREATE} srv/more`, /'srv\/more' is invalid. Write an absolute path, for example \/srv\/more/],
    [`${CREATE} --to replicas`, /Write an absolute path/],
    [`${CREATE} --intercept inotify`, /auto, fuse, watch/],
    [`${CREATE} --mode snyc`, /async, sync/],
    [`${CREATE} --mode sync --sync-policy wait`, /suspend, degrade, abort/],
    [`${CREATE} --sync-at fsync`, /--mode sync works; give that as well/],
    ['job start', /missing required argument 'name'/],
    ['job delete', /missing required argument 'name'/],
    ['wait files', /required option '--until <state>'/],
    ['wait files --until protcted', /Allowed choices are stopped, .*protected/],
    ['wait files --until protected --timeout soon', /such as 60s, 10m or 1h/],
    ['flush files --timeout 0', /such as 60s, 10m or 1h/],
    ['mirror files --compare size', /everything, attributes, checksum/],
    ['events --limit many', /whole number/],
    ['events --severity bad', /information, warning, error/],
    ['restore files --to gamma', /a server and a directory there, such as gamma:\/srv\/restored/],
    ['restore files --to gamma:srv', /a server and a directory there/],
    ['restore files --json', /give --dry-run as well/],
    ['restore files --cancel --overwrite', /leave out --overwrite/],
    ['jobs', /no server is paired yet; run "understudy pair/],
    ['status files', /no server is paired yet/],
    [CREATE, /there is no server "alpha": none is paired yet/],
    [`${CREATE} --bandwidth 10M`, /10Mbit/],
    [`${CREATE} --transmit-window mon`, /mon-fri 22:00-06:00/],
    ['job edit files --transmit-every 5', /15m/],
    ['job edit files --transmit-every -5m', /'-5m' is invalid\. Write how often .* from 1m to 7d/],
    ['job edit files --compression max', /none, low, medium, high/],
    ['job edit files --bandwidth 2000Gbit', /at most 1000Gbit/],
    ['job edit files --bandwidth-at 2Mbit', /days, hours and a rate, such as "mon-fri 08:00-18:00 2Mbit"/],
    ['job edit files --transmit-start-at 64', /'64' is invalid\. Write a size above 0 with its unit, such as 64MiB/],
    ['job edit files --transmit-start-at -1MB', /'-1MB' is invalid\. Write a size above 0/],
    ['job edit files --transmit-stop-after 1KB', /at least 64KiB/],
    [`${CREATE} --transmit-stop-after 1GB`, /when it goes on, with --transmit-every 4h or --transmit-window/],
    ['job edit files --orphans keep', /report, move, delete/],
    [`${CREATE} --brake 0`, /100,20%\/60s/],
    ['job edit files --brake 10,200%', /or off/],
    ['brake files', /--go-on or --halt-here/],
    ['brake files --go-on --halt-here', /cannot be used with/],
    ['job edit files --block-size 5000', /power of two/],
  ])('%s', async (line, sentence) => {
    const ran = await run(line);
    expect(ran.err).toMatch(sentence);
    expect(ran).toMatchObject({ exitCode: 2, out: '' });
  });

  it.each([
    ['--transmit-window', ['25:00'], /Write days and hours such as "mon-fri 22:00-06:00"/],
    ['--transmit-window', ['mon 25:00-06:00'], /A day goes from 00:00 to 24:00/],
    ['--transmit-window', ['monday 22:00-06:00'], /Days are called sun, mon/],
    ['--transmit-window', ['daily 22:00-06:00', 'none'], /stands alone/],
    ['--bandwidth-at', ['mon 22:00-25:00 2Mbit'], /A day goes from 00:00 to 24:00/],
    ['--bandwidth-at', ['mon 08:00-18:00 2M'], /Write a rate in bits per second such as 10Mbit/],
    ['--bandwidth-at', ['daily 08:00-18:00 2Mbit', 'mon 09:00-10:00 1Mbit'], /It would never hold/],
  ])('%s %s', async (option, values, sentence) => {
    const ran = await runCommand(['job', 'edit', 'files', ...values.flatMap((value) => [option, value])], { env });
    expect(ran.err).toMatch(sentence);
    expect(ran).toMatchObject({ exitCode: 2, out: '' });
  });
});

describe('help', () => {
  it('of every command exits 0 and shows an example', async () => {
    const seen: string[] = [];
    const walk = async (names: string[], command: ReturnType<typeof buildProgram>['commands'][number]) => {
      seen.push(names.join(' '));
      const ran = await runCommand([...names, '--help'], { env });
      expect(ran).toMatchObject({ exitCode: 0, err: '' });
      if (command.commands.length === 0)
        expect(ran.out, names.join(' ')).toContain(`  $ understudy ${names.join(' ')}`);
      for (const sub of command.commands) await walk([...names, sub.name()], sub);
    };
    const program = buildProgram({ io: (await captured()) as never, exitCode: 0 });
    for (const command of program.commands) await walk([command.name()], command);
    expect(seen.length).toBeGreaterThan(25);
  });

  it('has --json on every reading command', async () => {
    for (const name of ['servers', 'jobs', 'status', 'verify', 'events', 'points'])
      expect((await runCommand([name, '--help'], { env })).out).toContain('--json');
  });

  it('without a command is shown, as wrong usage', async () => {
    const ran = await runCommand([], { env });
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain('Usage: understudy');
  });

  it('prints the version', async () => {
    const version = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8')).version;
    expect(await run('--version')).toEqual({ exitCode: 0, out: `${version}\n`, err: '' });
  });
});

async function captured() {
  return { out: () => {}, err: () => {}, columns: () => 80, colour: false };
}

describe('values', () => {
  it('knows exactly the states that the agents know', () => {
    expect([...JOB_STATES]).toEqual([...jobStates]);
  });

  it.each([
    ['500ms', 500],
    ['60s', 60_000],
    ['90', 90_000],
    ['1.5m', 90_000],
    ['10 m', 600_000],
    ['1d', 86_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '-1s', '2d', '1w', '0', 's', '1e3'])('"%s" is no time', (text) => {
    expect(() => parseDuration(text)).toThrow(/such as 60s/);
  });
});

describe('arguments of any bytes', () => {
  const commandLine = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => Buffer.concat([Buffer.from(part as string), Buffer.from([0])])));

  it('come from the command line’s bytes, as many as Node has', () => {
    const bytes = commandLine('node', '--flag', 'main.js', '--include', [0x2f, 0xff, 0x61], '', 'ä');
    expect(rawArguments(['--include', '/\uFFFDa', '', 'ä'], () => bytes)).toEqual(['--include', '/\udcffa', '', 'ä']);
  });

  it('fall back on Node’s own where the two do not agree, or there is no /proc', () => {
    expect(rawArguments(['a', 'b'], () => commandLine('node', 'x', 'other'))).toEqual(['a', 'b']);
    expect(
      rawArguments(['a'], () => {
        throw new Error('ENOENT');
      }),
    ).toEqual(['a']);
    expect(rawArguments([], () => commandLine('node', 'x'))).toEqual([]);
  });

  it('are printed with escapes, from a real process', async () => {
    const main = path.join(import.meta.dirname, 'main.ts');
    // Only a shell can hand over such a name: Node's own spawn takes text.
    const script = `exec ${process.execPath} --conditions=source --import tsx ${main} job start "$(printf 'a\\377')"`;
    const failed = promisify(execFile)('/bin/sh', ['-c', script], { env: { ...process.env, ...env } });
    await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('no server is paired') });
    const wrong = promisify(execFile)('/bin/sh', ['-c', script.replace('job start', 'job create x --to')]);
    await expect(wrong).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("'a\\xff' is invalid") });
  }, 30_000);
});
