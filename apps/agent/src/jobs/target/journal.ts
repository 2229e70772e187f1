/**
 * The target's memory of one job, as the engine's TargetJournal: an append-only file that outlives the process by the page cache
 * (TCM5), and a machine's end by being distrusted: after another boot only the epoch counts, and the mirror compares.
 * In: marks and node changes. Out: at load, what was said last. A torn last line is what was never said.
 */
import {
  closeSync,
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
import type {
  JournalMarks,
  JournalState,
  NodeBinding,
  NodeChange,
  StreamStart,
  TargetJournal,
} from '@understudy/engine';
import { position } from '@understudy/wire';
import { syncDirectory } from '../../home/atomic-json.ts';
import { decodeChanges, decodeLine, encodeChanges, encodeLine, LineKind } from './journal-codec.ts';

/** Beyond this, and beyond twice of what counted the last time, the file is written anew with what still counts. */
const COMPACT_BYTES = 64 * 1024 * 1024;
/** Node changes a line of a snapshot: a line has a length that decodeLine believes. */
const CHANGES_A_LINE = 100_000;

interface Loaded {
  boot: string;
  streamId: string | null;
  epoch: number;
  applied: number;
  begun: number;
  complete: boolean;
  compare: number | null;
  readonly nodes: Map<string, NodeBinding>;
}

const nothing = (): Loaded => ({
  boot: '',
  streamId: null,
  epoch: 0,
  applied: 0,
  begun: 0,
  complete: false,
  compare: null,
  nodes: new Map(),
});

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
    const loaded = this.#read();
    return {
      streamId: loaded.streamId,
      epoch: loaded.epoch,
      applied: position(loaded.applied),
      begun: position(Math.max(loaded.begun, loaded.applied)),
      complete: loaded.complete,
      compare: loaded.compare,
      nodes: loaded.nodes.values(),
    };
  }

  note(changes: readonly NodeChange[]): void {
    if (changes.length > 0) this.#append(LineKind.note, encodeChanges(changes));
  }

  begin(to: number): void {
    if (to <= this.#begun) return;
    this.#begun = to;
    const payload = Buffer.allocUnsafe(8);
    payload.writeBigUInt64LE(BigInt(to));
    this.#append(LineKind.begin, payload);
  }

  commit(marks: JournalMarks, changes: readonly NodeChange[]): void {
    this.#append(LineKind.commit, Buffer.concat([encodeMarks(marks), encodeChanges(changes)]));
    if (this.#bytes > Math.max(this.#compactBytes, 2 * this.#snapshotBytes)) this.#compact();
  }

  restart(start: StreamStart): void {
    this.#begun = start.applied;
    this.#append(LineKind.restart, Buffer.from(JSON.stringify(start)));
    fdatasyncSync(this.#fd);
  }

  raiseEpoch(epoch: number): void {
    this.#append(LineKind.epoch, Buffer.from(JSON.stringify({ epoch })));
    fdatasyncSync(this.#fd);
  }

  clear(): void {
    this.#append(LineKind.clear, Buffer.alloc(0));
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Throws errno errors; half a line is taken back, or all that comes behind it would be taken for torn. */
  #append(kind: LineKind, payload: Uint8Array): void {
    const line = encodeLine(kind, payload);
    try {
      for (let at = 0; at < line.length; ) at += this.#write(this.#fd, line, at);
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += line.length;
  }

  #read(): Loaded {
    const bytes = readFileSync(this.#path);
    const loaded = nothing();
    for (let line = decodeLine(bytes, 0); line !== null; line = decodeLine(bytes, line.end)) take(loaded, line);
    if (loaded.boot === this.#boot) return loaded;
    // Applied operations may have been lost with the page cache: nothing is known but who may write.
    return { ...nothing(), epoch: loaded.epoch };
  }

  /** Writes what counts into a new file that replaces the old one whole; also drops a torn last line. */
  #compact(): void {
    const loaded = this.#read();
    const fresh = `${this.#path}.new`;
    writeNew(fresh, snapshot(loaded, this.#boot));
    renameSync(fresh, this.#path);
    // The epoch must outlive the machine: not only the file, its name too.
    syncDirectory(dirname(this.#path));
    const fd = openSync(this.#path, 'a', 0o600);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#bytes = fstatSync(fd).size;
    this.#snapshotBytes = this.#bytes;
    this.#begun = loaded.begun;
  }
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function writeNew(path: string, lines: readonly Buffer[]): void {
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

function snapshot(loaded: Loaded, boot: string): Buffer[] {
  const lines = [encodeLine(LineKind.opened, Buffer.from(boot))];
  const { streamId, epoch, applied, begun, complete, compare } = loaded;
  if (streamId === null) lines.push(encodeLine(LineKind.epoch, Buffer.from(JSON.stringify({ epoch }))));
  else lines.push(encodeLine(LineKind.restart, Buffer.from(JSON.stringify({ streamId, epoch, applied }))));
  const marks = encodeMarks({ applied: position(applied), complete, compare });
  lines.push(encodeLine(LineKind.commit, marks));
  const nodes = [...loaded.nodes.values()];
  for (let at = 0; at < nodes.length; at += CHANGES_A_LINE)
    lines.push(encodeLine(LineKind.note, encodeChanges(nodes.slice(at, at + CHANGES_A_LINE))));
  const payload = Buffer.allocUnsafe(8);
  payload.writeBigUInt64LE(BigInt(begun));
  lines.push(encodeLine(LineKind.begin, payload));
  return lines;
}

function take(loaded: Loaded, line: { readonly kind: number; readonly payload: Buffer }): void {
  const { kind, payload } = line;
  if (kind === LineKind.opened) loaded.boot = payload.toString();
  else if (kind === LineKind.note) takeChanges(loaded, payload);
  else if (kind === LineKind.begin) loaded.begun = Number(payload.readBigUInt64LE());
  else if (kind === LineKind.commit) {
    Object.assign(loaded, decodeMarks(payload));
    takeChanges(loaded, payload.subarray(MARKS_BYTES));
  } else if (kind === LineKind.restart) {
    const start = JSON.parse(payload.toString()) as StreamStart;
    Object.assign(loaded, start, { begun: start.applied, complete: false, compare: null });
  } else if (kind === LineKind.epoch) Object.assign(loaded, JSON.parse(payload.toString()) as { epoch: number });
  else if (kind === LineKind.clear) {
    const { boot, epoch } = loaded;
    loaded.nodes.clear();
    Object.assign(loaded, { ...nothing(), boot, epoch, nodes: loaded.nodes });
  }
}

function takeChanges(loaded: Loaded, payload: Buffer): void {
  for (const change of decodeChanges(payload)) {
    const key = `${change.root}/${change.node}`;
    const { root, node, pending, handle } = change;
    if (handle === null) loaded.nodes.delete(key);
    else loaded.nodes.set(key, { root, node, handle, pending });
  }
}

const MARKS_BYTES = 10;

function encodeMarks(marks: JournalMarks): Buffer {
  const bytes = Buffer.allocUnsafe(MARKS_BYTES);
  bytes.writeBigUInt64LE(BigInt(marks.applied));
  bytes.writeUInt8(marks.complete ? 1 : 0, 8);
  bytes.writeUInt8((marks.compare ?? -1) + 1, 9);
  return bytes;
}

function decodeMarks(bytes: Buffer): { applied: number; complete: boolean; compare: number | null } {
  const compare = bytes.readUInt8(9);
  return {
    applied: Number(bytes.readBigUInt64LE()),
    complete: bytes.readUInt8(8) === 1,
    compare: compare === 0 ? null : compare - 1,
  };
}
