/** What agents of tests leave while they run: mounts, processes, trees. In: their folder, or a process. Out: what is there; how it ends. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { rawFromText } from '@understudy/base';
import { compareTrees, mountTable } from '@understudy/filesystem';

export function mountsBeneath(top: string): string[] {
  return mountTable()
    .map(({ mountPoint }) => String(mountPoint))
    .filter((path) => path.startsWith(`${top}/`));
}

export async function differencesBetween(source: string, replica: string): Promise<string[]> {
  const differences = await compareTrees(rawFromText(source), rawFromText(replica));
  return differences.map(({ line }) => line);
}

export function allProcesses(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** The interceptor's rings that a process has open, by inode. */
export function ringsOf(pid: number): string[] {
  return entriesOf(`/proc/${pid}/fd`).flatMap((fd) => ringAt(`/proc/${pid}/fd/${fd}`));
}

/** Mounts go, and the interceptor's processes, which are held first: each of the two starts the other anew. */
export function clearAway(top: string, servers: readonly number[]): void {
  for (const mount of mountsBeneath(top).reverse()) execFileSync('umount', ['-l', mount]);
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of servers) sendIfRunning(pid, signal);
}

/** None: it has ended. */
function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** A descriptor that was closed while it was looked at is none, and says nothing of the others. */
function ringAt(path: string): string[] {
  try {
    return readlinkSync(path).includes('memfd:fsi-ring') ? [String(statSync(path).ino)] : [];
  } catch {
    return [];
  }
}

function sendIfRunning(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}
