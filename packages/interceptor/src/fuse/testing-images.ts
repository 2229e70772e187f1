/**
 * File systems other than this machine's own, for the tests: an image in a file, formatted and mounted. In: a type. Out: its directory,
 * and why it cannot be had where the tool or the kernel's support is missing.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { turn } from './testing.ts';

export const OTHER_TYPES = ['xfs', 'btrfs', 'tmpfs'] as const;

const IMAGE_BYTES = 512 << 20;

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
      execFileSync('mount', ['-o', 'loop', image, point], { stdio: 'pipe' });
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

/** Why there is none of that type here, or null. */
export async function whyNoImage(type: string): Promise<string | null> {
  try {
    await mountImage(type).remove();
    return null;
  } catch (error) {
    return `no ${type} here: mkfs.${type} or the kernel's own support is missing (${String(error).split('\n')[0]})`;
  }
}
