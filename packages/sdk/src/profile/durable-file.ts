import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** Replaces a file so that a reader, or a power cut, finds the old content or the new, never a part. */
export function replaceFile(file: string, content: string, mode: number): void {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.new`;
  const fd = fs.openSync(temporary, 'wx', mode);
  try {
    fs.writeFileSync(fd, content);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  try {
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(path.dirname(file));
}

/** Moves a file that cannot be used out of the way and returns its new name; nothing is ever overwritten by it. */
export function keepAside(file: string, now: Date): string {
  const stamp = now.toISOString().replaceAll(':', '-');
  let aside = `${file}.damaged-${stamp}`;
  for (let n = 2; fs.existsSync(aside); n += 1) aside = `${file}.damaged-${stamp}-${n}`;
  fs.renameSync(file, aside);
  syncFolder(path.dirname(file));
  return aside;
}

function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
