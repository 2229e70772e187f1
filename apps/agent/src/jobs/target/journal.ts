/**
 * The target's memory of one job, as the engine's TargetJournal: an append-only file that outlives the process by the page cache
 * (TCM5), and a machine's end by being distrusted: after another boot only the epoch counts, and the mirror compares.
 * In: marks and node changes. Out: at load, what was said last. A torn last line is what was never said.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type {
  JournalMarks,
  JournalState,
  NodeBinding,
  NodeChange,
  StreamStart,
  TargetJournal,
} from '@understudy/engine';
import { position } from '@understudy/wire';
import { decodeChanges, decodeLine, encodeChanges, encodeLine, LineKind } from './journal-codec.ts';

/** Beyond this the file is written anew with what still counts. */
const COMPACT_BYTES = 64 * 1024 * 1024;

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

export class FileTargetJournal implements TargetJournal {
  readonly #path: string;
  readonly #boot: string;
  #fd: number;
  #bytes: number;
  #begun = 0;

  /** `boot` names this run of the machine; a file written under another one lost its certainty with the page cache. */
  constructor(path: string, boot: string) {
    this.#path = path;
    this.#boot = boot;
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
    this.#compact();
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
    if (this.#bytes > COMPACT_BYTES) this.#compact();
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

  #append(kind: LineKind, payload: Uint8Array): void {
    const line = encodeLine(kind, payload);
    for (let at = 0; at < line.length; ) at += writeSync(this.#fd, line, at);
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
    const fd = openSync(fresh, 'w', 0o600);
    for (const line of snapshot(loaded, this.#boot)) for (let at = 0; at < line.length; ) at += writeSync(fd, line, at);
    fdatasyncSync(fd);
    renameSync(fresh, this.#path);
    closeSync(fd);
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
    this.#begun = loaded.begun;
  }
}

function snapshot(loaded: Loaded, boot: string): Buffer[] {
  const lines = [encodeLine(LineKind.opened, Buffer.from(boot))];
  const { streamId, epoch, applied, begun, complete, compare } = loaded;
  if (streamId === null) lines.push(encodeLine(LineKind.epoch, Buffer.from(JSON.stringify({ epoch }))));
  else lines.push(encodeLine(LineKind.restart, Buffer.from(JSON.stringify({ streamId, epoch, applied }))));
  const marks = encodeMarks({ applied: position(applied), complete, compare });
  lines.push(encodeLine(LineKind.commit, Buffer.concat([marks, encodeChanges([...loaded.nodes.values()])])));
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
