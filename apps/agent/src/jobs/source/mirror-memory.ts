/**
 * What a mirror remembers of itself over restarts (MIR3): one file a job in the agent's home. In: what is finished, as it is finished.
 * Out: the same to the next run of the agent, if it speaks the same stream. Promise: a torn end is left out, never guessed; a run
 * that has ended, or has begun anew, does not come back with a power cut; a disk that cannot take it costs the memory and not the mirror.
 */
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { MirrorMemory, MirrorNote, MirrorPlan } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { z } from 'zod';
import { syncDirectory } from '../../home/atomic-json.ts';

const headSchema = z.strictObject({
  stream: z.string(),
  plan: z.strictObject({
    compare: z.enum(['everything', 'attributes', 'checksum']),
    blockSize: z.number().int().min(4096).max(1_048_576),
    calculate: z.boolean(),
    orphans: z.enum(['report', 'move', 'delete']),
    orphansOlderThanMs: z.number().min(0),
  }),
});

/** Numbers are never reused. */
const Kind = { head: 1, finished: 2, paused: 3 } as const;
const LINE_HEADER = 9;
const NODE = 8;

export interface MirrorMemoryOptions {
  readonly path: string;
  /** What was finished on another stream counts no more. */
  readonly stream: string;
  /** The file cannot be written or read: for the log. */
  readonly fault: (error: unknown) => void;
}

export class FileMirrorMemory implements MirrorMemory {
  readonly #options: MirrorMemoryOptions;
  #file: number | null = null;

  constructor(options: MirrorMemoryOptions) {
    this.#options = options;
  }

  load(): MirrorNote | null {
    const bytes = this.#read();
    const note = bytes === null ? null : decode(bytes, this.#options.stream);
    if (note === null) return null;
    // What is appended must follow a whole line.
    if (this.#file === null) this.#guarded(() => this.#openAt(note.end));
    return note;
  }

  begin(plan: MirrorPlan): void {
    this.#guarded(() => {
      this.#openAt(0);
      this.#append(Kind.head, Buffer.from(JSON.stringify({ stream: this.#options.stream, plan })));
      if (this.#file !== null) fdatasyncSync(this.#file);
      syncDirectory(dirname(this.#options.path));
    });
  }

  finished(root: number, nodes: readonly NodeId[]): void {
    const payload = Buffer.allocUnsafe(2 + nodes.length * NODE);
    payload.writeUInt16LE(root, 0);
    for (const [i, node] of nodes.entries()) payload.writeBigUInt64LE(node, 2 + i * NODE);
    this.#guarded(() => this.#append(Kind.finished, payload));
  }

  setPaused(paused: boolean): void {
    this.#guarded(() => this.#append(Kind.paused, Buffer.of(paused ? 1 : 0)));
  }

  end(): void {
    this.close();
    const { path } = this.#options;
    if (!existsSync(path)) return;
    rmSync(path, { force: true });
    syncDirectory(dirname(path));
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #read(): Buffer | null {
    try {
      return readFileSync(this.#options.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#options.fault(error);
      return null;
    }
  }

  #openAt(end: number): void {
    this.close();
    const file = openSync(this.#options.path, end === 0 ? 'w' : 'r+', 0o600);
    this.#file = file;
    this.#at = end;
  }
  #at = 0;

  #append(kind: number, payload: Buffer): void {
    if (this.#file === null) return;
    const line = Buffer.allocUnsafe(LINE_HEADER + payload.length);
    line.writeUInt32LE(payload.length, 0);
    line.writeUInt8(kind, 8);
    line.set(payload, LINE_HEADER);
    line.writeUInt32LE(crc32(line.subarray(8)), 4);
    for (let done = 0; done < line.length; )
      done += writeSync(this.#file, line, done, line.length - done, this.#at + done);
    this.#at += line.length;
  }

  /** Without its memory a mirror compares again what it had finished; it does not fail. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.fault(error);
      try {
        this.end();
      } catch (removing) {
        this.#options.fault(removing);
      }
    }
  }
}

type Decoded = MirrorNote & { readonly end: number };

function decode(bytes: Buffer, stream: string): Decoded | null {
  let plan: MirrorPlan | null = null;
  let paused = false;
  let end = 0;
  const finished = new Map<number, Set<NodeId>>();
  for (let line = lineAt(bytes, 0); line !== null; line = lineAt(bytes, end)) {
    const { kind, payload } = line;
    if (kind === Kind.head) plan = planOf(payload, stream);
    else if (kind === Kind.paused) paused = payload[0] === 1;
    else if (kind === Kind.finished && !note(finished, payload)) break;
    if (plan === null) return null;
    end = line.end;
  }
  return plan === null ? null : { plan, paused, finished, end };
}

function lineAt(bytes: Buffer, at: number) {
  if (at + LINE_HEADER > bytes.length) return null;
  const end = at + LINE_HEADER + bytes.readUInt32LE(at);
  if (end > bytes.length || crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)) return null;
  return { kind: bytes.readUInt8(at + 8), payload: bytes.subarray(at + LINE_HEADER, end), end };
}

function planOf(payload: Buffer, stream: string): MirrorPlan | null {
  try {
    const head = headSchema.safeParse(JSON.parse(payload.toString()));
    return head.success && head.data.stream === stream ? head.data.plan : null;
  } catch {
    return null;
  }
}

/** False: it is not what this wrote. */
function note(finished: Map<number, Set<NodeId>>, payload: Buffer): boolean {
  if (payload.length % NODE !== 2) return false;
  const root = payload.readUInt16LE(0);
  let nodes = finished.get(root);
  if (nodes === undefined) {
    nodes = new Set();
    finished.set(root, nodes);
  }
  for (let at = 2; at + NODE <= payload.length; at += NODE) nodes.add(payload.readBigUInt64LE(at) as NodeId);
  return true;
}
