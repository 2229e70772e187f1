/**
 * A server within this server, where services are tried: its own processes, network, mounts and shared memory, everything else as here.
 * In: where copies of the replica lie and where they are to be seen. Out: commands run there. Promised: what is written there goes to
 * memory or to the copies; it sees no network; it and all in it die with the agent; no mount of it shows a replica or a protected folder.
 *
 * The root is an overlay of this server's own, and so is every further file system: what services write beside the copies is thrown away.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { RawName } from '@understudy/base';
import { type Mount, mountTable } from '@understudy/filesystem';
import { liesWithin } from '../../../rules/index.ts';
import { toolAt } from '../tools.ts';

/** `at`: where the services look for it. */
export type ShownCopy =
  /** A directory that services may write to. */
  | { readonly copy: RawName; readonly at: RawName }
  /** One that nobody may write to, and a place on a disk for what they write. */
  | { readonly lower: RawName; readonly upper: RawName; readonly at: RawName };

export interface NamespaceOptions {
  /** An empty directory of ours: the top of what is made in memory. */
  readonly scratch: RawName;
  readonly copies: readonly ShownCopy[];
  /** Those of the service, so that it can be bound to them; they lead nowhere. */
  readonly addresses: readonly string[];
  /** Replicas and whatever else must not be seen. */
  readonly hidden: readonly RawName[];
}

/** Of these file systems each gets an overlay; others are the kernel's, or the network's. */
const DISKS = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'zfs', 'overlay']);
/** Made anew within. */
const OWN = ['/proc', '/sys', '/dev', '/run', '/tmp'] as RawName[];
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const READY_MS = 20_000;
const GONE_MS = 20_000;

export class TestNamespace {
  readonly #process: ChildProcess;
  readonly #pid: number;
  /** Process 1 of it, as seen from here; null: not known. */
  readonly #first: number | null;

  private constructor(process: ChildProcess, first: number | null) {
    this.#process = process;
    this.#pid = process.pid ?? -1;
    this.#first = first;
  }

  /** Rejects with a sentence. */
  static async open(options: NamespaceOptions): Promise<TestNamespace> {
    // The kernel kills it with us, and --kill-child all that is in it.
    const command = ['--pdeathsig', 'KILL', toolAt('unshare'), ...NAMESPACES, '/bin/sh', '-s'];
    const process = spawn(toolAt('setpriv'), command, { cwd: '/', detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    process.stdin?.on('error', () => undefined);
    process.stdin?.write(Buffer.from(scriptOf(options), 'latin1'));
    try {
      await said(process, 'ready');
    } catch (error) {
      process.kill('SIGKILL');
      throw error;
    }
    return new TestNamespace(process, firstOf(process.pid ?? -1));
  }

  /** Put before a command. It is run as root of the namespace, in its root directory. */
  get enter(): readonly string[] {
    const pid = String(this.#pid);
    const processes = `--pid=/proc/${pid}/ns/pid_for_children`;
    return [toolAt('nsenter'), '--target', pid, '--mount', '--net', '--ipc', processes, '--'];
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    const until = performance.now() + GONE_MS;
    this.#process.kill('SIGKILL');
    while (isThere(this.#pid) || (this.#first !== null && isThere(this.#first))) {
      if (performance.now() > until) throw new Error('the processes of a test failover do not end');
      await delay(20);
    }
  }
}

const NAMESPACES = ['--mount', '--net', '--ipc', '--pid', '--fork', '--kill-child', '--propagation', 'private'];

function said(process: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    const late = setTimeout(() => reject(new Error(`it took longer than ${READY_MS} ms`)), READY_MS);
    process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (!out.includes(word)) return;
      clearTimeout(late);
      resolve();
    });
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      err = (err + text).slice(-1000);
    });
    process.once('error', reject);
    process.once('close', (code) => {
      clearTimeout(late);
      reject(new Error(err.trim() === '' ? `it ended with ${code}` : err.trim()));
    });
  });
}

function firstOf(pid: number): number | null {
  try {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? '';
    return /^\d+$/.test(child) ? Number(child) : null;
  } catch {
    return null;
  }
}

function isThere(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

export const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;

/** Run as process 1. It stays, and takes in what others leave behind. */
export function scriptOf(options: NamespaceOptions, table: readonly Mount[] = mountTable()): string {
  const { scratch, copies, addresses } = options;
  return [
    'set -e',
    `mount -t tmpfs -o mode=700,size=512m test ${quoted(scratch)}`,
    `cd ${quoted(scratch)}`,
    'mkdir root',
    ...overlays(disksOf(table, options.hidden)),
    'mount -t proc proc root/proc',
    'mount -t sysfs -o ro sysfs root/sys 2>/dev/null || :',
    'mount -t tmpfs -o mode=755 dev root/dev',
    ...DEVICES.map((name) => `touch root/dev/${name} && mount --bind /dev/${name} root/dev/${name}`),
    'mkdir root/dev/pts root/dev/shm && mount -t tmpfs -o mode=1777 shm root/dev/shm',
    'mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts root/dev/pts && ln -s pts/ptmx root/dev/ptmx',
    'ln -s /proc/self/fd root/dev/fd && ln -s /proc/self/fd/0 root/dev/stdin && ln -s /proc/self/fd/1 root/dev/stdout && ln -s /proc/self/fd/2 root/dev/stderr',
    // Services expect their folders there, with their owners; what runs here has left its own files in them.
    'mount -t tmpfs -o mode=755 run root/run',
    "(cd /run && find . -xdev -mindepth 1 -maxdepth 2 -type d ! -path './systemd*' ! -path './user*' -print0 | tar --null --no-recursion -cf - -T -) | tar -C root/run -xpf -",
    'mount -t tmpfs -o mode=1777 tmp root/tmp',
    ...[...copies].sort((one, other) => one.at.length - other.at.length).flatMap(shown),
    'ip link set lo up',
    ...addresses.map((address) => `ip address add ${address} dev lo`),
    'mkdir -p root/.left && cd root && pivot_root . .left',
    'cd / && umount -l /.left && rmdir /.left',
    'echo ready',
    'while :; do sleep 5; done',
    '',
  ].join('\n');
}

function shown(copy: ShownCopy, index: number): string[] {
  const at = `root${quoted(copy.at)}`;
  if ('copy' in copy) return [`mkdir -p ${at} && mount --bind ${quoted(copy.copy)} ${at}`];
  const upper = quoted(copy.upper);
  const layers = `lowerdir=lower${index},upperdir=over${index}/upper,workdir=over${index}/work`;
  return [
    `mkdir -p ${at} ${upper}/upper ${upper}/work lower${index} over${index}`,
    `mount --bind ${quoted(copy.lower)} lower${index} && mount --bind ${upper} over${index}`,
    // The top of the layer is the directory itself: its owner and mode are those of the one beneath.
    `chown --reference=lower${index} over${index}/upper && chmod --reference=lower${index} over${index}/upper`,
    `mount -t overlay -o ${layers} test ${at}`,
  ];
}

/** Upper and lower are named from the scratch directory, whatever it is called. */
function overlays(disks: readonly RawName[]): string[] {
  return disks.map((disk, index) => {
    const layers = `lowerdir=${disk},upperdir=upper${index},workdir=work${index}`;
    const made = `mkdir upper${index} work${index} && chmod --reference=${quoted(disk)} upper${index}`;
    const mounted = `${made} && mount -t overlay -o ${quoted(layers)} test root${disk === '/' ? '' : quoted(disk)}`;
    // A single file may be mounted, too.
    return `if [ -d ${quoted(disk)} ]; then ${mounted}; fi`;
  });
}

/** The root first. A name that an overlay's options could not hold is left out, and the empty directory is seen in its place. */
export function disksOf(table: readonly Mount[], hidden: readonly RawName[]): RawName[] {
  const places = table
    .filter(({ type }) => DISKS.has(type))
    .map(({ mountPoint }) => mountPoint)
    .filter((place) => place !== '/' && !/[,:\\]/.test(place))
    .filter((place) => ![...OWN, ...hidden].some((other) => liesWithin(place, other)));
  return ['/' as RawName, ...new Set(places.sort((one, other) => one.length - other.length))];
}
