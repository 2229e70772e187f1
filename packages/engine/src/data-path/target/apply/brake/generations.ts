/**
 * The stretches of the stream that one root can be taken back by, oldest first: each begins at a position at which the replica was exactly
 * the source's past. In: a new beginning, the time. Out: the stretch that is written now; what is older is let go of. They lie in limbo:
 * `undo-N` (the log), `undo-N-done-M` (how far it is undone), `undo-N-folders` (emptied directories); what was removed or left the set
 * lies beneath `kept/TIME/` and `gone/TIME/` under its path. Promise: after a power cut there is what the last checkpoint covers, and nothing beyond it.
 */
import type { RawName } from '@understudy/base';
import { type Attributes, NO_ATTRIBUTES } from '@understudy/wire';
import { FileError, type Handle, type ReplicaEntry, type ReplicaFiles } from '../../../../ports.ts';
import { folderName } from '../keep-aside.ts';
import { isDirectory } from '../replica-root.ts';
import { cutToCheckpoint } from './after-power-cut.ts';
import { encodeUndo, UndoKind, UndoLog, type UndoOutline } from './undo-log.ts';

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
  /** Its extended attributes are kept. */
  xattrs: boolean;
}

export interface Generation extends Beginning {
  /** Of an older stream: the position before the first of this one. */
  position: number;
  readonly number: number;
  /** The last one that was joined with it. */
  readonly through: number;
  readonly log: UndoLog;
  /** Folder beneath `kept` and `gone`. */
  readonly folder: RawName;
  /** In bytes, of content. */
  copied: number;
  /** In bytes, of files that were removed. */
  keptBytes: number;
  /** Files whose content is not kept, or of which it is not known what they were. */
  lost: number;
  /** Files that are not older than the beginning. */
  readonly born: Set<Handle>;
  readonly touched: Map<Handle, Touch>;
}

const PREFIX = 'undo-';
const FILE: Attributes = { ...NO_ATTRIBUTES, mode: 0o100600, nlink: 1 };
export const PRIVATE_FOLDER: Attributes = { ...NO_ATTRIBUTES, mode: 0o040700 };
const LOG = /^undo-(\d+)$/;
const PART = /^undo-(\d+)/;
const DONE = /^undo-\d+-done-/;
const JOINED = '-joined';

export const isUndoName = (name: RawName): boolean => name.startsWith(PREFIX);
const nameOf = (number: number, what = ''): RawName => `${PREFIX}${String(number).padStart(10, '0')}${what}` as RawName;

const numberIn = (name: RawName): number => Number(PART.exec(name)?.[1] ?? Number.NaN);

export interface GenerationsOptions {
  /** The machine lost its power behind a checkpoint that covers this position; null: it did not. */
  readonly covered?: number | null;
  /** The way back is under way: what is undone already is gone on with. Otherwise it has come to its end, and is let go of. */
  readonly undoing?: boolean;
}

interface Opened {
  readonly generation: Generation;
  readonly stream: number | null;
}

export class Generations {
  readonly #files: ReplicaFiles;
  #all: Generation[] = [];
  /** Files that say how far a stretch is undone. */
  readonly #done = new Map<number, RawName>();
  /** Files that are out of the replica and may come back: to everybody else they are gone. */
  readonly kept = new Set<Handle>();

  constructor(files: ReplicaFiles, { covered = null, undoing = false }: GenerationsOptions = {}) {
    this.#files = files;
    const present = files.list(files.limbo) ?? [];
    for (const { name } of present) if (DONE.test(name)) this.#done.set(numberIn(name), name);
    const sorted = present.filter(({ name }) => LOG.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
    const remove = ({ name }: ReplicaEntry) => this.#remove(numberIn(name));
    for (const { name, handle } of covered === null ? sorted : cutToCheckpoint(files, sorted, covered, remove))
      this.#take(numberIn(name), handle);
    if (!undoing) this.#dropUndone();
    this.#sweep();
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

  get bytes(): number {
    return this.#all.reduce((sum, { log, keptBytes }) => sum + log.length + keptBytes, 0);
  }

  begin(at: Beginning, number = (this.current?.number ?? 0) + 1): void {
    const { limbo } = this.#files;
    this.current?.log.flush();
    // One that could not be begun for want of space.
    if (this.#files.entry(limbo, nameOf(number)) !== null) this.#files.unlink(limbo, nameOf(number));
    const handle = this.#files.createFile(limbo, nameOf(number), FILE);
    // A clock that was put back makes no folder that is older than one before it: they go in the order of their names.
    const folder = [folderName(at.wallMs), this.current?.folder ?? ''].sort().at(-1) as RawName;
    const log = new UndoLog(this.#files, handle);
    log.append(encodeUndo(UndoKind.begin, [folder, this.#files.root], [at.position, at.wallMs, at.sourceMs, number]));
    const fresh = { copied: 0, keptBytes: 0, lost: 0, born: new Set<Handle>(), touched: new Map<Handle, Touch>() };
    this.#all.push({ ...at, number, through: number, log, folder, ...fresh });
  }

  /** A checkpoint begins: what is applied is written down where a power cut leaves it. */
  mark(applied: number): void {
    this.current?.log.append(encodeUndo(UndoKind.mark, [], [applied]));
  }

  /** Positions begin anew behind this one: what came before has none any more. */
  startStream(position: number): void {
    for (const generation of this.#all) generation.position = position;
  }

  /** The same, written down. */
  noteStream(position: number): void {
    this.current?.log.append(encodeUndo(UndoKind.stream, [], [position]));
    this.startStream(position);
  }

  /** The oldest is not needed any more; what it kept aside is left to the purge. Throws FileError: then it stays, to be let go of later. */
  dropOldest(): void {
    const [oldest] = this.#all;
    if (oldest !== undefined) this.#remove(oldest.number);
    this.#all.shift();
  }

  /** The newest has been undone. What could not be taken back of it is missing at every moment before it as well. */
  dropNewest(): void {
    const newest = this.current;
    const before = this.#all.at(-2);
    if (newest !== null && before !== undefined) handOn(newest, before);
    if (newest !== null) this.#remove(newest.number);
    this.#all.pop();
  }

  /** A folder for directories of the current stretch that were emptied and removed. */
  foldersOf({ number }: Pick<Generation, 'number'>): Handle {
    const { limbo } = this.#files;
    const there = this.#files.entry(limbo, nameOf(number, '-folders'));
    return there?.handle ?? this.#files.makeDirectory(limbo, nameOf(number, '-folders'), PRIVATE_FOLDER);
  }

  /** How far a stretch is undone stands in a name: names outlive a power cut in their order. */
  progressOf({ number, log }: Generation): { readonly undoneFrom: number; readonly mark: (offset: number) => void } {
    const { limbo } = this.#files;
    const prefix = nameOf(number, '-done-');
    const there = this.#done.get(number);
    let name = there ?? (`${prefix}${log.length}` as RawName);
    if (there === undefined) this.#files.createFile(limbo, name, FILE);
    this.#done.set(number, name);
    const mark = (offset: number): void => {
      const next = `${prefix}${offset}` as RawName;
      this.#files.rename(limbo, name, limbo, next, 'no-replace');
      name = next;
      this.#done.set(number, name);
    };
    return { undoneFrom: Number(name.slice(prefix.length)), mark };
  }

  /** A log for several stretches in a row, which takes the place of the first one's once it is on the disk. */
  beginJoined({ number }: Generation): Handle {
    const name = nameOf(number, JOINED);
    const { limbo } = this.#files;
    if (this.#files.entry(limbo, name) !== null) this.#files.unlink(limbo, name);
    return this.#files.createFile(limbo, name, FILE);
  }

  dropJoined({ number }: Generation): void {
    const name = nameOf(number, JOINED);
    if (this.#files.entry(this.#files.limbo, name) !== null) this.#files.unlink(this.#files.limbo, name);
  }

  /** From the first to the last: one stretch from now on. */
  join(first: Generation, last: Generation): void {
    const { limbo } = this.#files;
    this.#files.rename(limbo, nameOf(first.number, JOINED), limbo, nameOf(first.number), 'replace');
    const handle = this.#files.entry(limbo, nameOf(first.number))?.handle ?? this.#files.limbo;
    const found = this.#open(first.number, handle);
    const from = this.#all.indexOf(first);
    const gone = this.#all.slice(from + 1, this.#all.indexOf(last) + 1);
    if (found === null || found === 'damaged') {
      // Half a way back is none.
      while (this.#all[0] !== undefined && this.#all[0].number <= last.number) this.dropOldest();
      return;
    }
    const joined = { ...found.generation, position: first.position };
    this.#all = [...this.#all.slice(0, from), joined, ...this.#all.slice(from + 1 + gone.length)];
    for (const { number } of gone) this.#absorb(joined, number);
  }

  /** What it had beside its log goes over to the one that it was joined with. */
  #absorb(into: Generation, number: number): void {
    const { limbo } = this.#files;
    const folders = this.#files.entry(limbo, nameOf(number, '-folders'));
    if (folders !== null)
      this.#files.rename(limbo, folders.name, this.foldersOf(into), String(number) as RawName, 'no-replace');
    this.#remove(number);
  }

  /** What was undone is no way back any more; killed on the way, or for want of a disk that would have it, the process before left it here. */
  #dropUndone(): void {
    while (this.#all.some(({ number }) => this.#done.has(number))) this.dropNewest();
  }

  #take(number: number, handle: Handle): void {
    const { current } = this;
    if (current !== null && number <= current.through) {
      this.#absorb(current, number);
      return;
    }
    const found = this.#open(number, handle);
    // The way back leads over every stretch from the newest on: what lies behind one that is damaged is out of reach.
    if (found === 'damaged') while (this.#all.length > 0) this.dropOldest();
    else if (found !== null) {
      this.#all.push(found.generation);
      if (found.stream !== null) this.startStream(found.stream);
    }
  }

  #open(number: number, handle: Handle): Opened | 'damaged' | null {
    try {
      return this.#opened(number, handle);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#remove(number);
      return 'damaged';
    }
  }

  #opened(number: number, handle: Handle): Opened | null {
    let first: UndoOutline | null = null;
    let stream: number | null = null;
    let [copied, keptBytes, lost] = [0, 0, 0];
    const log = new UndoLog(this.#files, handle, (entry) => {
      const { kind, texts, numbers, dataLength } = entry;
      first ??= entry;
      if (kind === UndoKind.content) copied += dataLength;
      else if (kind === UndoKind.lost) lost += 1;
      else if (kind === UndoKind.stream) stream = numbers[0] ?? 0;
      else if (kind === UndoKind.moved && numbers[0] === 1) keptBytes += this.#sizeOut(texts, numbers[1]);
    });
    const begun = first as UndoOutline | null;
    // Another directory than the one that it was written for is none of its business.
    if (begun === null || begun.kind !== UndoKind.begin || begun.texts[1] !== this.#files.root) {
      this.#remove(number);
      return null;
    }
    const [position = 0, wallMs = 0, sourceMs = 0, through = number] = begun.numbers;
    const folder = (begun.texts[0] ?? '') as RawName;
    const fresh = { born: new Set<Handle>(), touched: new Map<Handle, Touch>() };
    const at = { position, wallMs, sourceMs };
    return { generation: { ...at, number, through, log, folder, copied, keptBytes, lost, ...fresh }, stream };
  }

  /** A process that was killed may have written down what it did not come to. */
  #sizeOut([handle, , , to = '', toName = '']: readonly string[], bytes = 0): number {
    const there = this.#files.entry(to as Handle, toName as RawName);
    if (there === null || there.handle !== handle) return 0;
    const directory = isDirectory(there.attributes);
    if (!directory && there.attributes.nlink !== 1) return 0;
    this.kept.add(there.handle);
    return bytes;
  }

  /** Parts of stretches that are none any more. */
  #sweep(): void {
    for (const { name } of this.#files.list(this.#files.limbo) ?? []) {
      const number = numberIn(name);
      const known = this.#all.find((one) => one.number === number);
      if (number >= 0 && known === undefined) this.#remove(number);
      else if (known !== undefined && name.endsWith(JOINED)) this.dropJoined(known);
    }
  }

  /** The log first: what else there is of it is of no use from then on, and must not be missing before. */
  #remove(number: number): void {
    const { limbo } = this.#files;
    for (const name of [nameOf(number), nameOf(number, JOINED), this.#done.get(number)])
      if (name !== undefined && this.#files.entry(limbo, name) !== null) this.#files.unlink(limbo, name);
    this.#done.delete(number);
    const folders = this.#files.entry(limbo, nameOf(number, '-folders'));
    if (folders === null) return;
    this.#empty(folders.handle);
    this.#files.removeDirectory(limbo, folders.name);
  }

  #empty(folder: Handle): void {
    for (const { name, handle } of this.#files.list(folder) ?? []) {
      this.#empty(handle);
      this.#files.removeDirectory(folder, name);
      this.kept.delete(handle);
    }
  }
}

/** What is missing of the one is noted in the other, and written before the one goes. */
function handOn({ log }: Generation, into: Generation): void {
  for (const { kind, texts, numbers } of log.outlines()) {
    if (kind !== UndoKind.lost) continue;
    into.log.append(encodeUndo(kind, texts, numbers));
    into.lost += 1;
  }
  into.log.flush();
}
