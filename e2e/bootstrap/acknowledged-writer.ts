/**
 * An application that trusts its calls: it writes one numbered entry after the other into a protected file, makes each durable, and notes
 * in a file elsewhere that the call has returned. In: the file. Out: what was acknowledged, and what was refused. An entry that the target
 * lacks though it was noted is a broken promise.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { until } from './until.ts';

export const ENTRY_BYTES = 4096;

const PROGRAM = `
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
const [path, notes, pace] = process.argv.slice(1);
const clock = new Int32Array(new SharedArrayBuffer(4));
const note = openSync(notes, 'a');
const file = openSync(path, 'r+');
for (let i = 0; ; i += 1) {
  Atomics.wait(clock, 0, 0, Number(pace));
  try {
    writeSync(file, String(i).padStart(${ENTRY_BYTES - 1}, '0') + '\\n', i * ${ENTRY_BYTES});
    fsyncSync(file);
    writeSync(note, 'done ' + i + '\\n');
  } catch (error) {
    writeSync(note, error.code + ' ' + i + '\\n');
  }
}
`;

export class AcknowledgedWriter {
  readonly path: string;
  readonly #notes: string;
  readonly #child: ChildProcess;

  /** `path` exists already; `notes` lies outside of what is protected; `paceMs` before each entry: for many writers side by side. */
  constructor(path: string, notes: string, paceMs = 0) {
    this.path = path;
    this.#notes = notes;
    const args = ['--input-type=module', '-e', PROGRAM, path, notes, String(paceMs)];
    this.#child = spawn(process.execPath, args, { cwd: '/' });
    this.#child.stderr?.resume();
  }

  /** Entries whose calls returned, in order. */
  get done(): number[] {
    return this.#noted('done');
  }

  /** Entries whose calls were answered with an error. */
  get refused(): number[] {
    return this.#noted('EIO');
  }

  async goesOn(entries: number, what: string): Promise<void> {
    const before = this.done.length;
    await until(`${entries} more entries are acknowledged ${what}`, () => this.done.length >= before + entries);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  /** Of the acknowledged entries those that a copy of the file does not hold. */
  missingIn(copy: string): number[] {
    const bytes = readFileSync(copy, 'latin1');
    return this.done.filter((i) => !holds(bytes, i));
  }

  #noted(word: string): number[] {
    if (!existsSync(this.#notes)) return [];
    const lines = readFileSync(this.#notes, 'latin1').split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.split(' ')[1]));
  }
}

/** Whether a copy of the file holds the entry. */
export function holds(bytes: string, entry: number): boolean {
  const at = entry * ENTRY_BYTES;
  return bytes.slice(at, at + ENTRY_BYTES) === `${String(entry).padStart(ENTRY_BYTES - 1, '0')}\n`;
}
