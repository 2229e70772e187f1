/** One small JSON file of the console's own. Its loss costs nothing: whatever is wrong with it, the defaults hold, and it is kept aside. */
import fs from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';

export class MemoryFile<T> {
  readonly #file: string;
  readonly #schema: z.ZodType<T>;

  constructor(file: string, schema: z.ZodType<T>) {
    this.#file = file;
    this.#schema = schema;
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
      fs.renameSync(this.#file, `${this.#file}.damaged`);
      return null;
    }
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
