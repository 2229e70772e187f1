import { closeSync, fsyncSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { errnoOf, messageOf, StartError } from './start-error.ts';

let counter = 0;

/** Replaces the file as a whole: after a crash it holds the old bytes or the new ones, and the new ones once this has returned. */
export function writeFileAtomically(path: string, text: string, mode = 0o600): void {
  counter += 1;
  const temporary = `${path}.${process.pid}-${counter}.new`;
  const fd = openSync(temporary, 'wx', mode);
  try {
    writeAll(fd, Buffer.from(text));
    fsyncSync(fd);
    closeSync(fd);
    renameSync(temporary, path);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was renamed, or never written: the first error is the one to tell.
    }
    throw error;
  }
  syncDirectory(dirname(path));
}

export function writeJson(path: string, value: unknown): void {
  writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Null where there is no such file; throws StartError where it is damaged: state is never guessed, and never overwritten. */
export function readJson<S extends z.ZodType>(path: string, schema: S): z.output<S> | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new StartError('state-damaged', `${path} cannot be read: ${messageOf(error)}`);
  }
  let why: string;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    why = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it does not fit its schema'}`;
  } catch (error) {
    why = messageOf(error);
  }
  throw new StartError(
    'state-damaged',
    `${path} is damaged (${why}). It was left as it is: restore it from a backup, or move it away to start without what it held.`,
  );
}

/** Makes a rename or a new name in the directory durable. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
