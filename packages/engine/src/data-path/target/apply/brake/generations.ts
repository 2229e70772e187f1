/**
 * The stretches of the stream that one root can be taken back by, oldest first: each begins at a position at which the replica was exactly
 * the source's past. In: a new beginning, the time. Out: the stretch that is written now; what is older is let go of. They lie in limbo:
 * `undo-N` (the log), `undo-N-done` (how far it is undone), `undo-N-folders` (emptied directories); removed files lie beneath
 * `kept/TIME/` under their paths.
 */
import type { RawName } from '@understudy/base';
import { type Attributes, NO_ATTRIBUTES } from '@understudy/wire';
import { FileError, type Handle, type ReplicaFiles } from '../../../../ports.ts';
import { folderName } from '../keep-aside.ts';
import { isDirectory } from '../replica-root.ts';
import { encodeUndo, UndoKind, UndoLog } from './undo-log.ts';

export interface Beginning {
  /** Everything up to here is applied, nothing behind it. */
  readonly position: number;
  readonly wallMs: number;
  /** Of the newest operation at or before the position. */
  readonly sourceMs: number;
}

/** What is known of a file that was touched since the beginning. */
export interface Touch {
  /** At the beginning. */
  readonly size: number;
  /** Blocks whose old content is kept; null: none yet. */
  saved: Set<number> | null;
  lost: boolean;
}

export interface Generation extends Beginning {
  readonly number: number;
  readonly log: UndoLog;
  /** Folder beneath `kept`. */
  readonly folder: RawName;
  /** In bytes, of content. */
  copied: number;
  /** Files that are not older than the beginning. */
  readonly born: Set<Handle>;
  readonly touched: Map<Handle, Touch>;
}

const PREFIX = 'undo-';
const FILE: Attributes = { ...NO_ATTRIBUTES, mode: 0o100600, nlink: 1 };
export const PRIVATE_FOLDER: Attributes = { ...NO_ATTRIBUTES, mode: 0o040700 };
const LOG = /^undo-(\d+)$/;
const PART = /^undo-(\d+)-/;

export const isUndoName = (name: RawName): boolean => name.startsWith(PREFIX);
const nameOf = (number: number, what: '' | '-done' | '-folders' = ''): RawName =>
  `${PREFIX}${String(number).padStart(10, '0')}${what}` as RawName;

export class Generations {
  readonly #files: ReplicaFiles;
  readonly #all: Generation[] = [];
  /** Files that are out of the replica and may come back: to everybody else they are gone. */
  readonly kept = new Set<Handle>();

  constructor(files: ReplicaFiles) {
    this.#files = files;
    const names = (files.list(files.limbo) ?? []).filter(({ name }) => LOG.test(name));
    for (const { name, handle } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const found = this.#open(Number(LOG.exec(name)?.[1]), handle);
      // The way back leads over every stretch from the newest on: what lies behind one that is damaged is out of reach.
      if (found === 'damaged') while (this.#all.length > 0) this.dropOldest();
      else if (found !== null) this.#all.push(found);
    }
    for (const { name } of files.list(files.limbo) ?? []) {
      const number = Number(PART.exec(name)?.[1] ?? Number.NaN);
      if (number >= 0 && !this.#all.some((one) => one.number === number)) this.#remove(number);
    }
  }

  get all(): readonly Generation[] {
    return this.#all;
  }

  get current(): Generation | null {
    return this.#all.at(-1) ?? null;
  }

  get copied(): number {
    return this.#all.reduce((sum, { copied }) => sum + copied, 0);
  }

  begin(at: Beginning): void {
    const number = (this.current?.number ?? 0) + 1;
    const { limbo } = this.#files;
    this.#remove(number);
    const handle = this.#files.createFile(limbo, nameOf(number), FILE);
    const folder = folderName(at.wallMs);
    const log = new UndoLog(this.#files, handle);
    log.append(encodeUndo(UndoKind.begin, [folder], [at.position, at.wallMs, at.sourceMs]));
    this.#all.push({ ...at, number, log, folder, copied: 0, born: new Set(), touched: new Map() });
  }

  /** The oldest is not needed any more; what it kept aside is left to the purge. */
  dropOldest(): void {
    const oldest = this.#all.shift();
    if (oldest !== undefined) this.#remove(oldest.number);
  }

  /** The newest has been undone. */
  dropNewest(): void {
    const newest = this.#all.pop();
    if (newest !== undefined) this.#remove(newest.number);
  }

  /** A folder for directories of the current stretch that were emptied and removed. */
  foldersOf({ number }: Generation): Handle {
    const { limbo } = this.#files;
    const there = this.#files.entry(limbo, nameOf(number, '-folders'));
    return there?.handle ?? this.#files.makeDirectory(limbo, nameOf(number, '-folders'), PRIVATE_FOLDER);
  }

  /** How far a stretch is undone: a file whose size says how much of the log's end is. */
  progressOf({ number, log }: Generation): { readonly undoneFrom: number; readonly mark: (offset: number) => void } {
    const { limbo } = this.#files;
    const there = this.#files.entry(limbo, nameOf(number, '-done'));
    const handle = there?.handle ?? this.#files.createFile(limbo, nameOf(number, '-done'), FILE);
    return {
      undoneFrom: log.length - (there?.attributes.size ?? 0),
      mark: (offset) => this.#files.truncate(handle, log.length - offset),
    };
  }

  #open(number: number, handle: Handle): Generation | 'damaged' | null {
    try {
      return this.#opened(number, handle);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#remove(number);
      return 'damaged';
    }
  }

  #opened(number: number, handle: Handle): Generation | null {
    const log = new UndoLog(this.#files, handle);
    const offsets = log.offsets();
    const first = offsets[0] === undefined ? null : log.read(offsets[0]);
    if (first === null || first.kind !== UndoKind.begin) {
      this.#remove(number);
      return null;
    }
    let copied = 0;
    for (const offset of offsets) {
      const { kind, texts, numbers, data } = log.read(offset);
      copied += kind === UndoKind.content ? data.length : 0;
      if (kind === UndoKind.moved && numbers[0] === 1 && this.#isOut(texts)) this.kept.add(texts[0] as Handle);
    }
    const [position = 0, wallMs = 0, sourceMs = 0] = first.numbers;
    const folder = (first.texts[0] ?? '') as RawName;
    return { number, position, wallMs, sourceMs, log, folder, copied, born: new Set(), touched: new Map() };
  }

  /** A process that was killed may have written down what it did not come to. */
  #isOut([handle, , , to = '', toName = '']: readonly string[]): boolean {
    const there = this.#files.entry(to as Handle, toName as RawName);
    if (there === null || there.handle !== handle) return false;
    return isDirectory(there.attributes) || there.attributes.nlink === 1;
  }

  /** The log first: what else there is of it is of no use from then on, and must not be missing before. */
  #remove(number: number): void {
    const { limbo } = this.#files;
    for (const what of ['', '-done'] as const)
      if (this.#files.entry(limbo, nameOf(number, what)) !== null) this.#files.unlink(limbo, nameOf(number, what));
    const folders = this.#files.entry(limbo, nameOf(number, '-folders'));
    if (folders === null) return;
    for (const { name, handle } of this.#files.list(folders.handle) ?? []) {
      this.#files.removeDirectory(folders.handle, name);
      this.kept.delete(handle);
    }
    this.#files.removeDirectory(limbo, folders.name);
  }
}
