/** One small JSON file of the console's own. Its loss costs nothing: whatever is wrong with it, the defaults hold; it is kept aside, and that is said. */
import fs from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';

export class MemoryFile<T> {
  readonly #file: string;
  readonly #schema: z.ZodType<T>;
  readonly #notice: (sentence: string) => void;

  constructor(file: string, schema: z.ZodType<T>, notice: (sentence: string) => void) {
    this.#file = file;
    this.#schema = schema;
    this.#notice = notice;
  }

  /** Null: nothing is remembered, or it could not be read. */
  read(): T | null {
    let text: string;
    try {
      text = fs.readFileSync(this.#file, 'utf8');
    } catch {
      return null;
    }
    try {
      return this.#schema.parse(JSON.parse(text));
    } catch {
      this.#keepAside();
      return null;
    }
  }

  #keepAside(): void {
    const aside = `${this.#file}.damaged`;
    try {
      fs.renameSync(this.#file, aside);
      this.#notice(`${this.#file} is damaged; it is kept as ${aside}, and what it remembered begins anew.`);
    } catch (error) {
      this.#notice(`${this.#file} is damaged and cannot be kept aside: ${String(error)}`);
    }
  }

  forget(): void {
    fs.rmSync(this.#file, { force: true });
  }

  /** Whole or not at all. What cannot be kept is forgotten: a full disk must not keep anybody from looking at his servers. */
  write(value: T): void {
    const temporary = `${this.#file}.${process.pid}`;
    try {
      fs.mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      fs.writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
      fs.renameSync(temporary, this.#file);
    } catch {
      try {
        fs.rmSync(temporary, { force: true });
      } catch {
        // Where it could not be written it cannot be there either.
      }
    }
  }
}
