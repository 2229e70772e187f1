/**
 * The target's memory of one job, as the engine's TargetJournal: an append-only file that outlives the process by the page cache
 * (TCM5), and a machine's end by its checkpoints: after another boot what the last of them covers counts, and the epoch.
 * In: marks, node changes, failures to be told. Out: at load, what was said last. A torn last line is what was never said.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { brand } from '@understudy/base';
import type {
  BrakeState,
  JournalMark,
  JournalMarks,
  JournalState,
  NodeChange,
  StreamStart,
  TargetJournal,
} from '@understudy/engine';
import { position, type Reply } from '@understudy/wire';
import { syncDirectory } from '../../home/atomic-json.ts';
import { encodeChanges, encodeLine, LineKind } from './journal-codec.ts';
import { bindingsOf, encodeCheckpoint, encodeKept, encodeMarks, loadState, shortened, u64 } from './journal-state.ts';

/** Beyond this, and beyond twice of what counted the last time, the file is written anew with what still counts. */
const COMPACT_BYTES = 32 * 1024 * 1024;
/** As fs.writeSync: it may take fewer bytes than there are. */
type Write = (fd: number, bytes: Uint8Array, at: number) => number;

export class FileTargetJournal implements TargetJournal {
  readonly #path: string;
  readonly #boot: string;
  readonly #compactBytes: number;
  readonly #write: Write;
  #fd: number;
  #bytes = 0;
  #snapshotBytes = 0;
  #begun = 0;
  /** Marks below are of a stream that is over. */
  #floor = 0;
  #syncing = false;
  #closed = false;

  /** `boot` names this run of the machine; a file written under another one lost its certainty with the page cache. */
  constructor(path: string, boot: string, compactBytes = COMPACT_BYTES, write: Write = writeSync) {
    this.#path = path;
    this.#boot = boot;
    this.#compactBytes = compactBytes;
    this.#write = write;
    this.#fd = openSync(path, 'a', 0o600);
    try {
      this.#compact();
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  load(): JournalState {
    const bytes = readFileSync(this.#path);
    const loaded = loadState(bytes, this.#boot);
    this.#begun = loaded.begun;
    return {
      streamId: loaded.streamId,
      epoch: loaded.epoch,
      applied: position(loaded.applied),
      begun: position(Math.max(loaded.begun, loaded.applied)),
      complete: loaded.complete,
      compare: loaded.compare,
      nodes: bindingsOf(loaded, bytes),
      untold: loaded.untold,
      origin: loaded.origin,
      brake: loaded.brake,
    };
  }

  note(changes: readonly NodeChange[]): void {
    if (changes.length > 0) this.#append(encodeLine(LineKind.note, encodeChanges(changes)));
  }

  begin(to: number): void {
    if (to === this.#begun) return;
    this.#begun = to;
    this.#append(encodeLine(LineKind.begin, u64(to)));
  }

  commit(marks: JournalMarks, changes: readonly NodeChange[]): void {
    this.#append(encodeLine(LineKind.commit, Buffer.concat([encodeMarks(marks), encodeChanges(changes)])));
  }

  stand(marks: JournalMarks, changes: readonly NodeChange[]): void {
    this.commit(marks, changes);
    this.begin(marks.applied);
    this.#append(encodeCheckpoint(this.#bytes, 0));
    this.#floor = this.#bytes;
    fdatasyncSync(this.#fd);
  }

  restart(start: StreamStart): void {
    this.#begun = start.applied;
    this.#append(encodeLine(LineKind.restart, Buffer.from(JSON.stringify(start))));
    this.#floor = this.#bytes;
    fdatasyncSync(this.#fd);
  }

  raiseEpoch(epoch: number): void {
    this.#append(encodeLine(LineKind.epoch, Buffer.from(JSON.stringify({ epoch }))));
    fdatasyncSync(this.#fd);
  }

  brake(state: BrakeState | null): void {
    this.#append(encodeLine(LineKind.brake, Buffer.from(JSON.stringify(state))));
    fdatasyncSync(this.#fd);
  }

  clear(): void {
    this.#append(encodeLine(LineKind.clear, Buffer.alloc(0)));
    this.#floor = this.#bytes;
  }

  keep(failures: readonly Reply[]): void {
    this.#append(encodeKept(failures));
  }

  told(through: number): void {
    this.#append(encodeLine(LineKind.told, u64(through)));
  }

  mark(): JournalMark {
    return brand<JournalMark>(this.#bytes);
  }

  /** One at a time: the file may be another one afterwards, and marks that were taken before are of no use. */
  async checkpoint(mark: JournalMark, origin: number): Promise<void> {
    // A stream that began meanwhile is a checkpoint of its own.
    if (this.#closed || mark < this.#floor) return;
    this.#append(encodeCheckpoint(mark, origin));
    await this.#sync();
    if (!this.#closed && this.#bytes > Math.max(this.#compactBytes, 2 * this.#snapshotBytes)) this.#compact();
  }

  close(): void {
    this.#closed = true;
    // A descriptor that is being synced is closed behind that.
    if (!this.#syncing) closeSync(this.#fd);
  }

  #sync(): Promise<void> {
    this.#syncing = true;
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        this.#syncing = false;
        if (this.#closed) closeSync(this.#fd);
        if (error === null || this.#closed) resolve();
        else reject(error);
      });
    });
  }

  /** Throws errno errors; half a line is taken back, or all that comes behind it would be taken for torn. */
  #append(line: Buffer): void {
    try {
      for (let at = 0; at < line.length; ) at += this.#write(this.#fd, line, at);
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += line.length;
  }

  /** Writes what counts into a new file that replaces the old one whole; also drops a torn last line. */
  #compact(): void {
    const fresh = `${this.#path}.new`;
    writeNew(fresh, shortened(readFileSync(this.#path), this.#boot));
    renameSync(fresh, this.#path);
    // The epoch must outlive the machine: not only the file, its name too.
    syncDirectory(dirname(this.#path));
    const fd = openSync(this.#path, 'a', 0o600);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#bytes = fstatSync(fd).size;
    this.#snapshotBytes = this.#bytes;
    this.#floor = 0;
  }
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function writeNew(path: string, lines: Iterable<Buffer>): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    for (const line of lines) writeWhole(fd, line);
    fdatasyncSync(fd);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
