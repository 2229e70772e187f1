/**
 * Names under which the servers keep what a waiting call took away (native/linux/undo.c): where everything of ours dies at one moment
 * they stay in people's directories. In: roots whose calls may be undone, kept on disk; such a root before it is mounted over anew. Out:
 * what was taken away under its name again, or, where another file has that name by now, gone as the call had it. Promise: nothing but
 * these names is touched, no symbolic link is followed, and no other file system is entered.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { brand, fromHex, type RawName, rawFromBytes, rawToBytes } from '@understudy/base';
import { writeDurably } from './lost-ring.ts';
import { within } from './mount-tree.ts';
import { hexOf } from './native.ts';

const FILE = 'parked';
/** Seconds, a number, and the name it had; without that where it did not fit. */
const PARKED = /^\.understudy-parked-[0-9a-f]+-[0-9a-f]+(?:-(.+))?$/s;
const DIRECTORY = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW;
/** Directories between two rounds of the event loop. */
const AT_ONCE = 256;

/** Paths, each whole. */
export interface PutBack {
  readonly back: RawName[];
  readonly gone: RawName[];
  /** What could not be read or changed, in the system's words. */
  readonly failed: string[];
}

export class ParkedNames {
  readonly #directory: string;
  readonly #paths = new Set<RawName>();

  constructor(directory: string) {
    this.#directory = directory;
    for (const line of textOf(join(directory, FILE)).split('\n')) {
      const bytes = fromHex(line);
      if (line !== '' && bytes !== null) this.#paths.add(brand<RawName>(rawFromBytes(bytes)));
    }
  }

  /** From now on a death may leave some there. Durable when it returns. */
  mayLeave(path: RawName): void {
    if (this.#paths.has(path)) return;
    this.#paths.add(path);
    this.#write();
  }

  /** It was unmounted in order, and nobody waited there. */
  left(path: RawName): void {
    if (this.#paths.delete(path)) this.#write();
  }

  /** Of what is protected by these paths from now on, and not `served` yet. Null: none can be there. */
  async putBack(path: RawName, served: (path: RawName) => boolean): Promise<PutBack | null> {
    const outcome: PutBack = { back: [], gone: [], failed: [] };
    let looked = false;
    for (const marked of [...this.#paths]) {
      const [inner, outer] = [within(marked, path), within(path, marked)];
      if ((!inner && !outer) || served(marked)) continue;
      looked = true;
      const before = outcome.failed.length;
      await new Walk(outcome).from(inner ? marked : path);
      if (inner && outcome.failed.length === before) this.left(marked);
    }
    return looked ? outcome : null;
  }

  #write(): void {
    writeDurably(this.#directory, FILE, [...this.#paths].map((path) => `${hexOf(path)}\n`).join(''));
  }
}

class Walk {
  readonly #outcome: PutBack;
  #device = 0n;
  #visited = 0;

  constructor(outcome: PutBack) {
    this.#outcome = outcome;
  }

  async from(path: RawName): Promise<void> {
    const fd = this.#open(Buffer.from(rawToBytes(path)));
    if (fd === null) return;
    this.#device = fs.fstatSync(fd, { bigint: true }).dev;
    await this.#within(fd, path);
  }

  /** Closes it. */
  async #within(fd: number, beneath: RawName): Promise<void> {
    try {
      for (const entry of this.#entries(fd, beneath)) {
        const name = brand<RawName>(entry.name.toString('latin1'));
        const path = `${beneath}/${name}` as RawName;
        const parked = PARKED.exec(name);
        if (parked !== null) this.#settle(fd, { name, was: (parked[1] ?? '') as RawName, beneath });
        else if (entry.isDirectory()) await this.#into(fd, name, path);
      }
    } finally {
      fs.closeSync(fd);
    }
  }

  async #into(parent: number, name: RawName, path: RawName): Promise<void> {
    const fd = this.#open(at(parent, name));
    if (fd === null) return;
    this.#visited += 1;
    if (this.#visited % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    if (fs.fstatSync(fd, { bigint: true }).dev === this.#device) await this.#within(fd, path);
    else fs.closeSync(fd);
  }

  #entries(fd: number, beneath: RawName): fs.Dirent<Buffer>[] {
    try {
      return fs.readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer', withFileTypes: true });
    } catch (error) {
      this.#outcome.failed.push(`${beneath}: ${(error as Error).message}`);
      return [];
    }
  }

  #settle(directory: number, { name, was, beneath }: { name: RawName; was: RawName; beneath: RawName }): void {
    const [from, to] = [at(directory, name), at(directory, was)];
    const path = `${beneath}/${was === '' ? name : was}` as RawName;
    try {
      const { mtime, atime } = fs.fstatSync(directory);
      const isDirectory = fs.lstatSync(from).isDirectory();
      const free = was !== '' && !isThere(to);
      if (free && isDirectory) fs.renameSync(from, to);
      // A name that comes to be in this very moment is not overwritten.
      else if (free) fs.linkSync(from, to);
      if (!isDirectory) fs.unlinkSync(from);
      else if (!free) fs.rmdirSync(from);
      fs.futimesSync(directory, atime, mtime);
      (free ? this.#outcome.back : this.#outcome.gone).push(path);
    } catch (error) {
      this.#outcome.failed.push((error as Error).message);
    }
  }

  #open(path: Buffer): number | null {
    try {
      return fs.openSync(path, DIRECTORY);
    } catch (error) {
      // Gone meanwhile, or no directory any more.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP')
        this.#outcome.failed.push((error as Error).message);
      return null;
    }
  }
}

const at = (directory: number, name: RawName): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), rawToBytes(name)]);

const isThere = (path: Buffer): boolean => fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;

function textOf(path: string): string {
  try {
    return fs.readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
