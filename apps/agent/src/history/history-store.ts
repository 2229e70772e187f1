/**
 * Histories as they lie in the agent's home: two rings a job, of fixed size. In: figures. Out: the same after a restart or a kill. Promised:
 * a ring is checked whenever it is read; one that is damaged is set aside under another name (one a ring, never more) and begun anew, and
 * that is said; the disk that is used depends on nothing but the number of jobs.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { historySpans } from '@understudy/wire';
import { errnoOf, messageOf } from '../home/start-error.ts';
import {
  checkHeader,
  checkSize,
  DamagedRing,
  decodeRing,
  decodeSlot,
  encodeSlot,
  type Figures,
  HEADER_BYTES,
  headerOf,
  type RingShape,
  ringBytes,
  SLOT_BYTES,
  type Slot,
  slotOffset,
  withMore,
} from './ring-format.ts';

export const rings = [
  { suffix: 'fine', ...historySpans[0] },
  { suffix: 'coarse', ...historySpans[1] },
] as const satisfies readonly (RingShape & { readonly suffix: string })[];
export type Ring = (typeof rings)[number];

const SET_ASIDE = '.damaged';
const RING_FILE = /^([0-9a-f-]{36})\.(?:fine|coarse)(?:\.damaged|\.new)?$/;

export class HistoryStore {
  readonly #folder: string;
  /** A ring could not be read, and lies beside the new one from now on. */
  readonly #damaged: (id: string, sentence: string) => void;

  constructor(home: string, damaged: (id: string, sentence: string) => void) {
    this.#folder = join(home, 'history');
    this.#damaged = damaged;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** Of one moment, in every ring. Throws what the disk says. */
  add(id: string, timeMs: number, figures: Figures): void {
    for (const ring of rings) {
      const stretch = Math.floor(timeMs / ring.stepMs);
      this.#whole(id, ring, (path) => merge(path, { ring, id, stretch, figures }));
    }
  }

  /** What is kept of a job, in no order. Throws what the disk says. */
  read(id: string, ring: Ring): Slot[] {
    return this.#whole(id, ring, (path) => decodeRing(readFileSync(path), ring, id));
  }

  /** Jobs of which something lies there. */
  ids(): Set<string> {
    const found = readdirSync(this.#folder).map((name) => RING_FILE.exec(name)?.[1]);
    return new Set(found.filter((id) => id !== undefined));
  }

  remove(id: string): void {
    for (const { suffix } of rings)
      for (const end of ['', SET_ASIDE, '.new'])
        rmSync(join(this.#folder, `${id}.${suffix}${end}`), { force: true, recursive: true });
  }

  // ------------------------------------------------------------------------------------------------------ within

  /** Does the work on a ring that is there and whole, if need be on a new one. */
  #whole<T>(id: string, ring: Ring, work: (path: string) => T): T {
    const path = join(this.#folder, `${id}.${ring.suffix}`);
    try {
      return work(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') this.#setAside(id, path, error);
      begin(path, ring, id);
      return work(path);
    }
  }

  #setAside(id: string, path: string, error: unknown): void {
    const isNoFile = errnoOf(error) === 'EISDIR';
    if (!(error instanceof DamagedRing) && !isNoFile) throw error;
    rmSync(`${path}${SET_ASIDE}`, { force: true, recursive: true });
    renameSync(path, `${path}${SET_ASIDE}`);
    const why = isNoFile ? 'it is a directory' : messageOf(error);
    this.#damaged(
      id,
      `What was kept of the job's history cannot be used (${why}): it lies at ${path}${SET_ASIDE} now, and the history begins anew.`,
    );
  }
}

/** Its size is taken at once: later no disk that is full keeps a figure out. */
function begin(path: string, ring: Ring, id: string): void {
  const fd = openSync(`${path}.new`, 'w', 0o600);
  try {
    const bytes = Buffer.alloc(ringBytes(ring));
    headerOf(ring, id).copy(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
}

interface Moment {
  readonly ring: Ring;
  readonly id: string;
  readonly stretch: number;
  readonly figures: Figures;
}

function merge(path: string, { ring, id, stretch, figures }: Moment): void {
  const fd = openSync(path, 'r+');
  try {
    checkSize(fstatSync(fd).size, ring);
    checkHeader(readAt(fd, 0, HEADER_BYTES), ring, id);
    const at = slotOffset(stretch, ring);
    const before = decodeSlot(readAt(fd, at, SLOT_BYTES), stretch % ring.count, ring);
    const bytes = encodeSlot(withMore(before, stretch, figures));
    // One call: a process that is killed has made all of it or nothing.
    if (writeSync(fd, bytes, 0, SLOT_BYTES, at) !== SLOT_BYTES) throw new DamagedRing('a figure did not fit');
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (readSync(fd, bytes, 0, length, at) !== length) throw new DamagedRing('it ends too early');
  return bytes;
}
