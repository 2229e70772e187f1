/**
 * A file system of another type than this machine's own, in a file on the stage. In: a type, and the folder it is mounted on. Out: why
 * there is none of that type here, or the mounted file system. Promised: it ends with the stage, however the test ends.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bootstrap } from './bootstrap.ts';

const IMAGE_BYTES = 1024 ** 3;

function mountNew(type: string, image: string, at: string, bytes = IMAGE_BYTES): void {
  writeFileSync(image, '');
  truncateSync(image, bytes);
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

/** A file system of this type, mounted on a folder of the stage; `bytes`: one that is soon full. */
export function mountDiskImage(stage: Bootstrap, type: string, at: string, bytes?: number): void {
  const images = stage.folder('images');
  mountNew(type, join(images, `${readdirSync(images).length}.img`), at, bytes);
}

/**
 * Memory for the images of this stage: a large sparse file that is written here and there costs a real disk much more when it is
 * removed than when it was written. What is mounted from it later holds no more than `bytes` of content.
 */
export function imagesInMemory(stage: Bootstrap, bytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'images', stage.folder('images')], { stdio: 'pipe' });
}

/** A file that takes all the room there is, and what is kept for root. */
export function fillUp(path: string): void {
  for (let size = 1 << 20; size >= 1024; size /= 4)
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size, 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
}

/** Takes it off again without force: that works only when nobody uses it any longer. */
export function unmountDiskImage(at: string): void {
  execFileSync('umount', [at], { stdio: 'pipe' });
  const left = readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${at} `);
  if (left) throw new Error(`${at} was mounted more than once`);
}
