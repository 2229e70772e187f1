import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import { mountTable } from '@understudy/filesystem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdersBelow } from './open-writers.ts';
import { waysInto } from './ways-in.ts';

const raw = (text: string) => brand<RawName>(text);
const cannot = process.platform !== 'linux' || process.geteuid?.() !== 0;
if (cannot) process.stderr.write('open-writers.test.ts is skipped: it needs Linux and root\n');

describe.skipIf(cannot)('[TRM3] who can change a directory', () => {
  let top: string;
  let replica: string;
  let shells: ChildProcess[];
  /** Runs `command` in a shell that then waits; its process id. */
  const shell = async (command: string, cwd = '/') => {
    const child = spawn('sh', ['-c', `${command}; echo ready; read -r _; exit 0`], {
      cwd,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    shells.push(child);
    await once(child.stdout, 'data');
    return child.pid ?? 0;
  };
  const found = () => {
    const { writers, standing } = holdersBelow(raw(replica));
    return { writers: writers.map(({ pid, path }) => [pid, path]), standing: standing.map(({ pid }) => pid) };
  };

  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-writers-')));
    replica = join(top, 'replica');
    mkdirSync(join(replica, 'sub'), { recursive: true });
    mkdirSync(join(top, 'replica-too'));
    writeFileSync(join(replica, 'sub', 'file'), '');
    shells = [];
  });
  afterEach(async () => {
    for (const child of shells) {
      const gone = once(child, 'exit');
      child.stdin?.end();
      await gone;
    }
    for (const { mountPoint } of mountTable().filter((mount) => mount.mountPoint.startsWith(`${top}/`)))
      execFileSync('umount', ['-l', mountPoint]);
    rmSync(top, { recursive: true, force: true });
  });

  it('a process that has a file of it open for writing, and none that reads or writes beside it', async () => {
    const writer = await shell(`exec 3>>"${replica}/sub/file"`);
    await shell(`exec 3<"${replica}/sub/file"`);
    await shell(`exec 3>"${top}/replica-too/file"`);
    await shell(`exec 3>"${replica}/sub/removed"; rm "${replica}/sub/removed"`);
    expect(found()).toEqual({ writers: [[writer, `${replica}/sub/file`]], standing: [] });
    expect(holdersBelow(raw(replica)).writers[0]?.command).toMatch(/^sh -c exec 3>>/);
  });

  it('a process that stands in it', async () => {
    const stander = await shell('true', join(replica, 'sub'));
    await shell('true', join(top, 'replica-too'));
    expect(found()).toEqual({ writers: [], standing: [stander] });
  });

  it('not a process that writes, or stands, in what the agent keeps within the root', async () => {
    const kept = join(replica, '.understudy-7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11', 'test-0');
    mkdirSync(kept, { recursive: true });
    await shell(`exec 3>>"${kept}/file"`);
    await shell('true', kept);
    mkdirSync(join(replica, '.understudy-notes'));
    const other = await shell(`exec 3>>"${replica}/.understudy-notes/file"`);
    expect(found()).toEqual({ writers: [[other, `${replica}/.understudy-notes/file`]], standing: [] });
  });

  it('who came by another mount, of the whole or of a part, and which way that was', async () => {
    for (const [name, from] of [
      ['whole', top],
      ['part', join(replica, 'sub')],
    ] as const) {
      mkdirSync(join(top, name));
      execFileSync('mount', ['--bind', from, join(top, name)]);
    }
    const byPart = await shell(`exec 3>>"${top}/part/file"`);
    const byWhole = await shell(`exec 3>>"${top}/whole/replica/sub/file"`);
    expect(found().writers.sort()).toEqual(
      [
        [byPart, `${top}/part/file`],
        [byWhole, `${top}/whole/replica/sub/file`],
      ].sort(),
    );
    expect(waysInto(raw(replica)).sort()).toEqual([`${top}/part`, `${top}/whole/replica`]);
    for (const child of shells) child.stdin?.end();
    await Promise.all(shells.map((child) => child.exitCode ?? once(child, 'exit')));
    shells = [];
    execFileSync('mount', ['-o', 'remount,ro,bind', join(top, 'part')]);
    expect(waysInto(raw(replica))).toEqual([`${top}/whole/replica`]);
  });

  it('who is in a mount namespace of their own', async () => {
    const inside = await shell(`exec unshare -m sh -c 'exec 3>>"${replica}/sub/file"; echo in; read -r _'`);
    expect(found().writers).toEqual([[inside, `${replica}/sub/file`]]);
  });
});
