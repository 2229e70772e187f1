/**
 * A fresh Debian in a folder: the packages that every Debian has and nothing more, from the mirror of this machine. In: a folder, a release.
 * Out: commands run in it. Promised: what is mounted in it is seen by the commands in it alone and goes with them.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Outcome, run, succeeded } from './command.ts';

const MINUTES = 60_000;
/** /proc, /sys and /dev as a machine has them. `$1` is the tree, behind it comes what chroot is to be given. */
const ENTER = `
mount --make-rprivate / && mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys" && mount --rbind /dev "$1/dev" || exit 1
shift
exec chroot "$@"`;

/** Why there can be none here, or null. */
export function whyNoDebianTree(): string | null {
  if (process.getuid?.() !== 0) return 'only root can make a Debian in a folder';
  const found = spawnSync('mmdebstrap', ['--version']);
  return found.error === undefined ? null : 'mmdebstrap is not here (Debian: apt-get install mmdebstrap)';
}

export class DebianTree {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** `folder` is empty or not there. */
  static async make(folder: string, release: string): Promise<DebianTree> {
    const made = await run('mmdebstrap', ['--variant=minbase', '--quiet', release, folder], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeoutMs: 10 * MINUTES,
    });
    if (made.code !== 0) throw new Error(`no Debian ${release} could be made:\n${made.stderr}`);
    return new DebianTree(folder);
  }

  /** What begins a command that is to run in the tree; options of chroot may come before it. */
  enter(...options: readonly string[]): string[] {
    const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
    return ['unshare', ...namespaces, 'sh', '-c', ENTER, 'sh', this.folder, ...options, this.folder];
  }

  run(command: readonly string[]): Promise<Outcome> {
    const [program = '', ...args] = [...this.enter(), ...command];
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LANG: 'C.UTF-8' };
    return run(program, args, { env, timeoutMs: 10 * MINUTES });
  }

  /** As its administrator would: apt fetches what the package depends on. */
  async install(deb: string): Promise<Outcome> {
    succeeded(await this.run(['apt-get', 'update', '--quiet']));
    copyFileSync(deb, join(this.folder, 'tmp', basename(deb)));
    return await this.run(['apt-get', 'install', '--yes', '--no-install-recommends', join('/tmp', basename(deb))]);
  }
}
