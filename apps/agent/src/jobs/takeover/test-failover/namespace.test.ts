/** A real server within this server: what is written there, what it sees, and that it ends. Alone, for it makes a mount namespace. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { disksOf, type NamespaceOptions, scriptOf, TestNamespace } from './namespace.ts';

const raw = (path: string) => brand<RawName>(Buffer.from(path).toString('latin1'));
let top: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "understudy-namespace's-"));
  for (const name of ['scratch', 'copy', 'lower', 'upper']) mkdirSync(join(top, name));
  writeFileSync(join(top, 'copy', 'file'), 'copied\n');
  writeFileSync(join(top, 'lower', 'file'), 'shown\n');
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const options = (): NamespaceOptions => ({
  scratch: raw(join(top, 'scratch')),
  copies: [
    { copy: raw(join(top, 'copy')), at: raw('/srv/understudy test/one') },
    { lower: raw(join(top, 'lower')), upper: raw(join(top, 'upper')), at: raw('/srv/understudy test/two') },
  ],
  addresses: ['192.0.2.7/24'],
  hidden: [],
});

const why = whyNot();
if (why !== null) console.warn(`SKIPPED a server within this server: ${why}`);

function whyNot(): string | null {
  const tried = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'ip', 'link', 'set', 'lo', 'up']);
  return tried.status === 0 ? null : 'namespaces, or ip of iproute2, cannot be had here';
}

describe.skipIf(why !== null)('a server within this server', () => {
  it('shows the copies at their paths, keeps what is written there, and nothing else', async () => {
    const inner = await TestNamespace.open(options());
    const [enter = '', ...rest] = inner.enter;
    const sh = (script: string) => execFileSync(enter, [...rest, '/bin/sh', '-c', script], { encoding: 'utf8' });
    try {
      expect(sh("cat '/srv/understudy test/one/file' '/srv/understudy test/two/file'; pwd")).toBe('copied\nshown\n/\n');
      sh(
        'for d in one two; do echo more >> "/srv/understudy test/$d/file"; done; echo lost > /etc/understudy-test; mkdir /srv/lost',
      );
      expect(sh('cat /etc/understudy-test')).toBe('lost\n');
      expect(sh('ps ax | wc -l').trim().length).toBe(1);
      expect(sh('ip -4 -oneline address show')).toMatch(/^1: lo .*127\.0\.0\.1.*\n1: lo .*192\.0\.2\.7/);
      // A service takes systemd to run where this directory is.
      expect(sh('test -e /run/systemd/system || echo none')).toBe('none\n');
      // No mount but the copy's own shows anything of this machine's disks.
      const shown = sh('cat /proc/self/mountinfo')
        .split('\n')
        .filter((line) => / - (ext4|xfs|btrfs) /.test(line));
      expect(shown).toEqual([expect.stringContaining('/copy /srv/understudy\\040test/one ')]);
    } finally {
      await inner.close();
    }
    expect([readFileSync(join(top, 'copy', 'file'), 'utf8'), readFileSync(join(top, 'lower', 'file'), 'utf8')]).toEqual(
      ['copied\nmore\n', 'shown\n'],
    );
    expect([existsSync('/etc/understudy-test'), existsSync('/srv/lost'), readdirSync(join(top, 'scratch'))]).toEqual([
      false,
      false,
      [],
    ]);
  });

  it('ends with who made it, and everything that was started in it', async () => {
    const token = `understudy-namespace-${process.pid}`;
    const script = `${scriptOf(options()).replace('echo ready', `sh -c 'while :; do sleep 60; done; : ${token}' & echo ready`)}`;
    // As the agent does it, by a process that is killed.
    const maker = spawn(process.execPath, ['-e', MAKER], { stdio: ['pipe', 'pipe', 'inherit'] });
    maker.stdin.end(Buffer.from(script, 'latin1'));
    await new Promise<void>((resolve) => maker.stdout.once('data', () => resolve()));
    const living = () => spawnSync('pgrep', ['-f', token], { encoding: 'utf8' }).stdout.trim();
    expect(living()).not.toBe('');
    const gone = new Promise((resolve) => maker.once('close', resolve));
    maker.kill('SIGKILL');
    await gone;
    await expect.poll(living, { timeout: 10_000 }).toBe('');
  });

  it('has an overlay for each disk, and none for what is not to be seen', () => {
    const mount = (mountPoint: string, type: string) =>
      ({
        id: 1,
        parentId: 0,
        device: '1:1',
        root: raw('/'),
        mountPoint: raw(mountPoint),
        options: [],
        type,
        source: raw('x'),
        superOptions: [],
      }) as const;
    const table = [
      mount('/', 'ext4'),
      mount('/proc', 'proc'),
      mount('/usr/local', 'xfs'),
      mount('/usr', 'btrfs'),
      mount('/srv/replica/data', 'ext4'),
      mount('/srv/shown', 'fuse.understudy'),
      mount('/mnt/net', 'nfs4'),
      mount('/srv/a,b', 'ext4'),
    ];
    expect(disksOf(table, [raw('/srv/replica')])).toEqual(['/', '/usr', '/usr/local']);
  });
});

const MAKER = `
const { spawn } = require('node:child_process');
const flags = ['--mount', '--net', '--ipc', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...flags, '/bin/sh', '-s'], { stdio: ['pipe', 'inherit', 'inherit'], detached: true });
process.stdin.pipe(child.stdin);
setInterval(() => undefined, 1000);
`;
