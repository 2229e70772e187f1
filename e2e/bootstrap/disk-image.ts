/**
 * A file system of another type than this machine's own, in a file on the stage. In: a type, and the folder it is mounted on. Out: why
 * there is none of that type here, or the mounted file system. Promised: it ends with the stage, however the test ends.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bootstrap } from './bootstrap.ts';

const IMAGE_BYTES = 1024 ** 3;

function mountNew(type: string, image: string, at: string): void {
  writeFileSync(image, '');
  truncateSync(image, IMAGE_BYTES);
  execFileSync(`mkfs.${type}`, [image], { stdio: 'pipe' });
  execFileSync('mount', ['-o', 'loop', image, at], { stdio: 'pipe' });
}

/** Formats and mounts one, as the only way to know whether tool and kernel are able to; null where they are. */
export function whyNoDiskImage(type: string): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-image-'));
  const at = join(folder, 'mounted');
  try {
    mkdirSync(at);
    mountNew(type, join(folder, 'image'), at);
    execFileSync('umount', [at], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `mkfs.${type} or the kernel's ${type} is missing (${String(error).split('\n')[0]})`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file system of this type, mounted on a folder of the stage. */
export function mountDiskImage(stage: Bootstrap, type: string, at: string): void {
  mountNew(type, join(stage.folder('images'), `${type}.img`), at);
}

/** Takes it off again without force: that works only when nobody uses it any longer. */
export function unmountDiskImage(at: string): void {
  execFileSync('umount', [at], { stdio: 'pipe' });
  const left = readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${at} `);
  if (left) throw new Error(`${at} was mounted more than once`);
}
