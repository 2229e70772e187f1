/**
 * A real systemd as process 1 of namespaces of its own: processes, mounts, control groups. Comes in: unit files. Goes out: units that it
 * runs, and commands run beside them. Promised: it sees no unit of the machine, and with `end` everything that it started is gone.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { type Outcome, run } from './command.ts';
import { until } from './until.ts';

const SYSTEMD = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'].find((path) => existsSync(path));
/** `ExitType=cgroup` came with it. */
const LEAST_VERSION = 250;
/** What a unit leans on by default, made empty: nothing of the machine's own start runs here. */
const TARGETS = ['sysinit', 'basic', 'shutdown', 'network-online', 'local-fs', 'multi-user'];
const NAMESPACES = ['--pid', '--mount', '--cgroup', '--fork', '--kill-child', '--mount-proc'];

const BEGIN = `
mount --make-rprivate / && mount -t tmpfs tmpfs /run && mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 1
mkdir -p /run/systemd/system /run/units
for name in ${TARGETS.join(' ')}; do printf '[Unit]\\nDefaultDependencies=no\\n' > /run/units/$name.target; done
for unit in "$@"; do cp "$unit" /run/units/ || exit 1; done
exec env -i PATH="$PATH" container=understudy-test SYSTEMD_UNIT_PATH=/run/units \\
  ${SYSTEMD} --system --unit=multi-user.target --log-target=console --show-status=0 < /dev/null`;

/** Why there can be none here, or null. */
export function whyNoSystemd(): string | null {
  if (SYSTEMD === undefined || !existsSync('/usr/bin/systemd-run')) return 'systemd is not installed';
  const version = Number(/systemd (\d+)/.exec(execFileSync('systemctl', ['--version'], { encoding: 'utf8' }))?.[1]);
  if (!(version >= LEAST_VERSION)) return `systemd ${version} is too old: ${LEAST_VERSION} knows ExitType=cgroup`;
  const probe = 'mount --make-rprivate / && mount -t cgroup2 cgroup2 /sys/fs/cgroup';
  const tried = spawnSync('unshare', [...NAMESPACES, 'sh', '-c', probe], { encoding: 'utf8' });
  return tried.status === 0 ? null : `namespaces of its own cannot be had: ${tried.stderr.trim()}`;
}

export class Systemd {
  /** Of process 1, as this process sees it. */
  readonly pid: number;
  readonly #outer: ChildProcessWithoutNullStreams;

  private constructor(outer: ChildProcessWithoutNullStreams, pid: number) {
    this.#outer = outer;
    this.pid = pid;
  }

  /** `units`: paths of unit files. */
  static async start(units: readonly string[]): Promise<Systemd> {
    const outer = spawn('unshare', [...NAMESPACES, 'sh', '-c', BEGIN, 'sh', ...units], { detached: true });
    let said = '';
    for (const stream of [outer.stdout, outer.stderr])
      stream.on('data', (text) => {
        said = (said + text).slice(-4000);
      });
    const pid = await until(
      'systemd runs',
      () => {
        if (outer.exitCode !== null) throw new Error(`systemd did not start: ${said}`);
        return processOne(outer.pid ?? 0);
      },
      { timeoutMs: 20_000 },
    );
    const systemd = new Systemd(outer, pid);
    await until('systemd answers', async () => (await systemd.run(['systemctl', 'is-system-running'])).code === 0, {
      timeoutMs: 20_000,
    });
    return systemd;
  }

  /** A program in its namespaces, where the mounts of its units are seen. */
  run(command: readonly string[]): Promise<Outcome> {
    return run('nsenter', this.#inside(command), { env: process.env, timeoutMs: 60_000 });
  }

  /** The same, for one that is talked to. */
  spawn(command: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn('nsenter', this.#inside(command));
  }

  async property(unit: string, name: string): Promise<string> {
    return (await this.run(['systemctl', 'show', unit, '--value', `--property=${name}`])).stdout.trim();
  }

  /** Every process in it dies, and its mounts with them. */
  async end(): Promise<void> {
    if (this.#outer.exitCode !== null || this.#outer.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#outer.once('close', () => resolve()));
    process.kill(this.pid, 'SIGKILL');
    await gone;
  }

  #inside(command: readonly string[]): string[] {
    return ['-t', String(this.pid), '-p', '-m', '-C', '--', ...command];
  }
}

/** The only child of `unshare`, once it is systemd. */
function processOne(outer: number): number | undefined {
  try {
    const pid = Number(
      execFileSync('ps', ['--no-headers', '-o', 'pid', '--ppid', String(outer)], { encoding: 'utf8' }),
    );
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'systemd' ? pid : undefined;
  } catch {
    return undefined;
  }
}
