/**
 * A copy of a replica that shares its blocks, made in a moment where the file system can (btrfs, XFS). In: directories, and where each
 * copy is to lie. Out: whether that can be done, and the copies. Promised: everything of a file is copied, its owner, times, attributes and
 * holes; the replica is only read; a copy that failed or took too long is gone again.
 */
import { spawn } from 'node:child_process';
import { brand, printable, type RawName } from '@understudy/base';
import { quoted } from './namespace.ts';

export interface CopyPair {
  readonly from: RawName;
  readonly to: RawName;
  /** A name at the top of it that is ours, and no part of the replica. */
  readonly without: RawName;
}

/** Null: it can; otherwise why not. `beside`: an empty directory on the same file system. */
export async function whyNoReflink(beside: RawName): Promise<string | null> {
  const one = `${beside}/one`;
  const script = `echo 1 > ${quoted(one)} && cp --reflink=always ${quoted(one)} ${quoted(`${beside}/two`)}`;
  const { code } = await shell(`${script}; r=$?; rm -f ${quoted(one)} ${quoted(`${beside}/two`)}; exit $r`, 10_000);
  if (code === 0) return null;
  return `the file system of ${printable(beside)} cannot share blocks between files (btrfs and XFS can)`;
}

/** What waits in memory goes to the disk first, so that the copy itself has nothing to wait for. */
export async function settle(pairs: readonly CopyPair[]): Promise<void> {
  await shell(pairs.map(({ from }) => `sync -f ${quoted(from)}`).join('; '), 60_000);
}

/** Rejects with a sentence. */
export async function reflink(pairs: readonly CopyPair[], mostMs: number): Promise<void> {
  const { code, err, late } = await shell(['set -e', ...pairs.map(copyOf)].join('\n'), mostMs);
  if (code === 0) return;
  await remove(pairs.map(({ to }) => to));
  if (late) throw new Error(`copying took longer than ${mostMs / 1000} s, so many files it has`);
  throw new Error(`copying failed: ${err.trim().split('\n')[0] ?? ''}`);
}

/** The directory itself by tar, which takes no name of it along; what lies in it by cp, which shares blocks. */
function copyOf({ from, to, without }: CopyPair): string {
  const all = "--xattrs --xattrs-include='*' --acls";
  const names = `find . -mindepth 1 -maxdepth 1 ! -name ${quoted(without)} -print0`;
  return [
    `mkdir -p ${quoted(to)} && cd ${quoted(from)}`,
    `${names} | xargs -0 -r cp -a --reflink=always -t ${quoted(to)} --`,
    `tar --no-recursion ${all} -cf - . | tar ${all} -C ${quoted(to)} -xpf -`,
  ].join('\n');
}

export async function remove(directories: readonly RawName[]): Promise<void> {
  if (directories.length === 0) return;
  // Nothing beneath is of another file system; if it were, it is not ours to remove.
  const names = directories.map(quoted).join(' ');
  await shell(`rm -rf --one-file-system -- ${names} || { sleep 1; rm -rf --one-file-system -- ${names}; }`, 600_000);
}

/** A script whose paths may be of any bytes, which arguments may not. */
function shell(script: string, mostMs: number): Promise<{ code: number | null; err: string; late: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-s'], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'pipe'] });
    let err = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, mostMs);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err = (err + text).slice(-4000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, err, late });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(Buffer.from(script, 'latin1'));
  });
}

export const testPlace = (kept: RawName, index: number): RawName => brand<RawName>(`${kept}/test-${index}`);
