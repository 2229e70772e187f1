/**
 * What /proc tells about the processes and mounts of one stage. Everything the stage starts carries its token in the environment,
 * so that a process is found even where it has renamed itself or was adopted by init.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';

export interface ProcessFound {
  readonly pid: number;
  readonly parent: number;
  /** Base name of the executable, without " (deleted)". */
  readonly program: string;
  readonly command: string;
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''));
  } catch {
    return '';
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

const stateOf = (pid: number): string => /^State:\s+(\S)/m.exec(text(`/proc/${pid}/status`))?.[1] ?? 'gone';

export const isAlive = (pid: number): boolean => !['gone', 'Z', 'X'].includes(stateOf(pid));

/** State letters of all threads of a process. */
export const threadStates = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/task`).map((task) => /\) (\S)/.exec(text(`/proc/${pid}/task/${task}/stat`))?.[1] ?? 'gone');

/** Living processes whose command line, environment or open files name this path. */
export function processesNaming(path: string): ProcessFound[] {
  const found: ProcessFound[] = [];
  for (const pid of pids()) {
    if (pid === process.pid || !isAlive(pid)) continue;
    const command = text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    if (!command.includes(path) && !text(`/proc/${pid}/environ`).includes(path)) continue;
    const parent = Number(/^PPid:\s+(\d+)/m.exec(text(`/proc/${pid}/status`))?.[1] ?? 0);
    found.push({ pid, parent, program: programOf(pid), command });
  }
  return found;
}

/**
 * The rings that a process has open. An agent, its holder and its fsid share one, and nothing else tells whose fsid it is: the
 * interceptor's processes start each other without arguments or environment.
 */
export function ringsOf(pid: number): string[] {
  const rings: string[] = [];
  for (const fd of namesIn(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${fd}`;
    try {
      if (/memfd:fsi-ring/.test(readlinkSync(path))) rings.push(String(statSync(path).ino));
    } catch {
      // Closed while we looked, which says nothing of the others.
    }
  }
  return rings;
}

/** None where it has ended. */
function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

const nameOf = (pid: number): string => text(`/proc/${pid}/comm`).trim();

/** Living processes of this name that have one of these rings open. */
export function processesOnRings(name: string, rings: ReadonlySet<string>): number[] {
  return pids().filter((pid) => nameOf(pid) === name && isAlive(pid) && ringsOf(pid).some((ring) => rings.has(ring)));
}

export const childrenOf = (parent: number): number[] =>
  pids().filter((pid) => Number(/^PPid:\s+(\d+)/m.exec(text(`/proc/${pid}/status`))?.[1]) === parent);

export interface Descendant {
  readonly pid: number;
  readonly command: string;
}

/** Its children, theirs, and so on, in whatever namespace they are. */
export function descendantsOf(parent: number): Descendant[] {
  return childrenOf(parent).flatMap((pid) => [
    { pid, command: text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() },
    ...descendantsOf(pid),
  ]);
}

/** Whether a filter lies before its system calls. */
export const isConfined = (pid: number): boolean => /^Seccomp:\s+2$/m.test(text(`/proc/${pid}/status`));

/** Memory really held, in MiB. */
export function residentMiB(pid: number): number {
  const kib = Number(/^VmRSS:\s+(\d+) kB/m.exec(text(`/proc/${pid}/status`))?.[1] ?? Number.NaN);
  if (Number.isNaN(kib)) throw new Error(`process ${pid} has no VmRSS: it has ended`);
  return kib / 1024;
}

/** Bytes that a process has asked the kernel to read so far: of files, sockets and the ring alike. */
export function readBytes(pid: number): number {
  const bytes = Number(/^rchar: (\d+)$/m.exec(text(`/proc/${pid}/io`))?.[1] ?? Number.NaN);
  if (Number.isNaN(bytes)) throw new Error(`process ${pid} has no figures of its reading: it has ended`);
  return bytes;
}

export interface MountFound {
  readonly at: string;
  readonly type: string;
}

/** Mounts at or below a path, the deepest last. */
export function mountsBelow(path: string): MountFound[] {
  const mounts: MountFound[] = [];
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const fields = line.split(' ');
    const at = (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (at !== path && !at.startsWith(`${path}/`)) continue;
    mounts.push({ at, type: fields[fields.indexOf('-') + 1] ?? '' });
  }
  return mounts;
}

/**
 * As a loss of power ends them. Stopped first: the interceptor's processes start each other anew, and this one may be held up between two
 * kills.
 */
export function killTogether(pids: readonly number[]): void {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of pids) process.kill(pid, signal);
}
