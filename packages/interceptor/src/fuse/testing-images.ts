/**
 * File systems other than this machine's own, for the tests: an image in a file, formatted and mounted. In: a type. Out: its directory,
 * what a power cut would leave of it, and why it cannot be had where the tool or the kernel's support is missing.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { turn } from './testing.ts';

export const OTHER_TYPES = ['xfs', 'btrfs', 'tmpfs'] as const;

const IMAGE_BYTES = 512 << 20;

/** Beside `loop`: ext4 makes nothing durable that nobody asked for, and of XFS one image can be mounted beside its copy. */
const MOUNT_OPTIONS: Readonly<Record<string, string>> = { ext4: ',commit=600', xfs: ',nouuid' };

export interface Mounted {
  readonly point: string;
  /** Waits until those who use it have ended. */
  remove(): Promise<void>;
}

function unmounted(point: string): boolean {
  try {
    execFileSync('umount', [point], { stdio: 'pipe' });
    return true;
  } catch (error) {
    if (String(error).includes('busy')) return false;
    throw error;
  }
}

/** Throws where it cannot be mounted; nothing is left behind then. */
export function mountImage(type: string): Mounted {
  const folder = mkdtempSync(join(tmpdir(), `understudy-${type}-`));
  const point = join(folder, 'mounted');
  try {
    mkdirSync(point);
    if (type === 'tmpfs') execFileSync('mount', ['-t', 'tmpfs', 'none', point], { stdio: 'pipe' });
    else {
      const image = join(folder, 'image');
      writeFileSync(image, '');
      truncateSync(image, IMAGE_BYTES);
      execFileSync(`mkfs.${type}`, [image], { stdio: 'pipe' });
      execFileSync('mount', ['-o', `loop${MOUNT_OPTIONS[type] ?? ''}`, image, point], { stdio: 'pipe' });
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    point,
    async remove() {
      while (!unmounted(point)) await turn();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** How often the disk beneath it was told to keep what it has. */
export function flushesOf({ point }: Mounted): number {
  const device = execFileSync('findmnt', ['-no', 'SOURCE', point], { encoding: 'utf8' }).trim();
  const counters = readFileSync(`/sys/block/${basename(device)}/stat`, 'utf8')
    .trim()
    .split(/\s+/);
  return Number(counters[15]);
}

/** What `look` finds in it where the power is cut now: what the disk was not told of by then is not there. */
export function afterPowerCut<T>({ point }: Mounted, type: string, look: (point: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), `understudy-cut-${type}-`));
  const [image, left] = [join(folder, 'image'), join(folder, 'mounted')];
  try {
    execFileSync('cp', ['--sparse=always', join(dirname(point), 'image'), image]);
    mkdirSync(left);
    execFileSync('mount', ['-o', `loop${MOUNT_OPTIONS[type] ?? ''}`, image, left], { stdio: 'pipe' });
    try {
      return look(left);
    } finally {
      execFileSync('umount', [left]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Why there is none of that type here, or null. */
export async function whyNoImage(type: string): Promise<string | null> {
  try {
    await mountImage(type).remove();
    return null;
  } catch (error) {
    return `no ${type} here: mkfs.${type} or the kernel's own support is missing (${String(error).split('\n')[0]})`;
  }
}
