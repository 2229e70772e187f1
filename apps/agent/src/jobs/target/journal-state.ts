/**
 * What the lines of a target's journal come to. In: the bytes of its file, which run of the machine this is. Out: the state they leave,
 * and the lines of a shorter file that leaves the same. Under another run only what the last checkpoint covers counts, and the epoch.
 */
import {
  BEGUN_UNKNOWN,
  type BrakeState,
  type Handle,
  type JournalMarks,
  type NodeBinding,
  type StreamStart,
} from '@understudy/engine';
import { type NodeId, position, type Reply, repliesSchema } from '@understudy/wire';
import { decodeLine, encodeLine, LINE_HEADER, LineKind } from './journal-codec.ts';

export interface Loaded {
  boot: string;
  streamId: string | null;
  epoch: number;
  applied: number;
  begun: number;
  complete: boolean;
  compare: number | null;
  untold: Reply[];
  origin: number;
  /** As it was said last, whatever a power cut has taken of the rest. */
  brake: BrakeState | null;
  /** Root and node → where its newest binding lies in the bytes: 200,000 of them are to cost little. */
  readonly nodes: Map<bigint, number>;
}

const nothing = (boot: string, epoch: number): Loaded => ({
  boot,
  streamId: null,
  epoch,
  applied: 0,
  begun: 0,
  complete: false,
  compare: null,
  untold: [],
  origin: 0,
  brake: null,
  nodes: new Map(),
});

interface Outline {
  readonly boot: string;
  readonly epoch: number;
  /** Lines up to here are what the last checkpoint covers; 0: there is none. */
  readonly covered: number;
  readonly origin: number;
  readonly brake: BrakeState | null;
}

/** A new stream begins with a mirror: nothing before it is counted upon, so that its beginning is as good as a checkpoint. */
function outlineOf(bytes: Buffer): Outline {
  let [boot, epoch, covered, origin] = ['', 0, 0, 0];
  let brake: BrakeState | null = null;
  for (let line = decodeLine(bytes, 0); line !== null; line = decodeLine(bytes, line.end)) {
    const { kind, payload, end } = line;
    if (kind === LineKind.opened) boot = payload.toString();
    else if (kind === LineKind.restart || kind === LineKind.clear) [covered, origin] = [end, 0];
    else if (kind === LineKind.checkpoint)
      [covered, origin] = [Number(payload.readBigUInt64LE(0)), Number(payload.readBigUInt64LE(8))];
    if (kind === LineKind.brake) brake = JSON.parse(payload.toString()) as BrakeState | null;
    else if (kind === LineKind.clear) brake = null;
    if (kind === LineKind.restart || kind === LineKind.epoch)
      epoch = Math.max(epoch, (JSON.parse(payload.toString()) as { epoch: number }).epoch);
  }
  return { boot, epoch, covered, origin, brake };
}

export function loadState(bytes: Buffer, boot: string): Loaded {
  const outline = outlineOf(bytes);
  const same = outline.boot === boot;
  const loaded = linesUpTo(bytes, same ? bytes.length : outline.covered, outline);
  // What was applied since then is on the disk in part, and lines that would say how far it went may be lost.
  if (!same && loaded.streamId !== null) loaded.begun = BEGUN_UNKNOWN;
  return loaded;
}

function linesUpTo(bytes: Buffer, limit: number, { boot, epoch, origin, brake }: Outline): Loaded {
  const loaded = nothing(boot, epoch);
  for (let line = decodeLine(bytes, 0), at = 0; line !== null && line.end <= limit; line = decodeLine(bytes, at)) {
    take(loaded, bytes, { ...line, at: at + LINE_HEADER });
    at = line.end;
  }
  return Object.assign(loaded, { epoch, origin, brake });
}

interface PlacedLine {
  readonly kind: number;
  readonly payload: Buffer;
  /** Where the payload begins. */
  readonly at: number;
}

function take(loaded: Loaded, bytes: Buffer, { kind, payload, at }: PlacedLine): void {
  if (kind === LineKind.note) takeChanges(loaded, bytes, at, at + payload.length);
  else if (kind === LineKind.begin) loaded.begun = Number(payload.readBigUInt64LE());
  else if (kind === LineKind.commit) {
    Object.assign(loaded, decodeMarks(payload));
    takeChanges(loaded, bytes, at + MARKS_BYTES, at + payload.length);
  } else if (kind === LineKind.restart) {
    const { streamId, applied } = JSON.parse(payload.toString()) as StreamStart;
    Object.assign(loaded, { streamId, applied, begun: applied, complete: false, compare: null, untold: [] });
  } else if (kind === LineKind.keep) loaded.untold.push(...repliesSchema.parse(JSON.parse(payload.toString())));
  else if (kind === LineKind.told) {
    const through = Number(payload.readBigUInt64LE());
    loaded.untold = loaded.untold.filter((reply) => reply.at > through);
  } else if (kind === LineKind.clear) {
    loaded.nodes.clear();
    const { boot, epoch, nodes } = loaded;
    Object.assign(loaded, nothing(boot, epoch), { nodes });
  }
}

/** root u16, node u64, pending u8, handle length u8 (0: none), handle; as encodeChanges writes them. */
function takeChanges(loaded: Loaded, bytes: Buffer, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const key = (BigInt(bytes.readUInt16LE(at)) << 64n) | bytes.readBigUInt64LE(at + 2);
    const length = bytes.readUInt8(at + 11);
    if (length === 0) loaded.nodes.delete(key);
    else loaded.nodes.set(key, at);
    at += 12 + length;
  }
}

export function* bindingsOf(loaded: Loaded, bytes: Buffer): Generator<NodeBinding> {
  for (const at of loaded.nodes.values())
    yield {
      root: bytes.readUInt16LE(at),
      node: bytes.readBigUInt64LE(at + 2) as NodeId,
      pending: bytes.readUInt8(at + 10) === 1,
      handle: bytes.toString('latin1', at + 12, at + 12 + bytes.readUInt8(at + 11)) as Handle,
    };
}

/** Bytes of node changes a line of a snapshot. */
const NODES_A_LINE = 1024 * 1024;

/** The lines of a file that leaves the same, written by this run of the machine. */
export function* shortened(bytes: Buffer, boot: string): Generator<Buffer> {
  const outline = outlineOf(bytes);
  const same = outline.boot === boot;
  const base = linesUpTo(bytes, outline.covered, outline);
  const opened = encodeLine(LineKind.opened, Buffer.from(boot));
  yield opened;
  let length = opened.length;
  for (const line of snapshot(base, bytes)) {
    yield line;
    length += line.length;
  }
  if (base.streamId !== null) yield encodeCheckpoint(length, outline.origin);
  if (outline.brake !== null) yield encodeLine(LineKind.brake, Buffer.from(JSON.stringify(outline.brake)));
  if (!same && base.streamId !== null) yield encodeLine(LineKind.begin, u64(BEGUN_UNKNOWN));
  if (!same) return;
  for (let line = decodeLine(bytes, 0), at = 0; line !== null; line = decodeLine(bytes, at)) {
    const { kind, end } = line;
    if (at >= outline.covered && kind !== LineKind.checkpoint && kind !== LineKind.opened && kind !== LineKind.brake)
      yield bytes.subarray(at, end);
    at = end;
  }
}

function* snapshot(loaded: Loaded, bytes: Buffer): Generator<Buffer> {
  const { streamId, epoch, applied, begun, complete, compare, untold } = loaded;
  if (streamId === null) yield encodeLine(LineKind.epoch, Buffer.from(JSON.stringify({ epoch })));
  else yield encodeLine(LineKind.restart, Buffer.from(JSON.stringify({ streamId, epoch, applied })));
  yield encodeLine(LineKind.commit, encodeMarks({ applied: position(applied), complete, compare }));
  let part: Buffer[] = [];
  let size = 0;
  for (const at of loaded.nodes.values()) {
    const change = bytes.subarray(at, at + 12 + bytes.readUInt8(at + 11));
    part.push(change);
    size += change.length;
    if (size < NODES_A_LINE) continue;
    yield encodeLine(LineKind.note, Buffer.concat(part));
    part = [];
    size = 0;
  }
  yield encodeLine(LineKind.note, Buffer.concat(part));
  for (let i = 0; i < untold.length; i += 1000) yield encodeKept(untold.slice(i, i + 1000));
  yield encodeLine(LineKind.begin, u64(begun));
}

// ------------------------------------------------------------------------------------------------------ single lines

export function u64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export const encodeCheckpoint = (covered: number, origin: number): Buffer =>
  encodeLine(LineKind.checkpoint, Buffer.concat([u64(covered), u64(origin)]));

const textOf = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
export const encodeKept = (replies: readonly Reply[]): Buffer =>
  encodeLine(LineKind.keep, Buffer.from(JSON.stringify(replies, textOf)));

const MARKS_BYTES = 10;

export function encodeMarks(marks: JournalMarks): Buffer {
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
