/**
 * What is left when the ring is gone and no one closed it: after a power cut the activity log says which regions may differ.
 * In: the driver's folder, before a new holder is started and its new log takes the place of the old. Out: the generation for the
 * next ring, and the power cut with its regions, kept on disk for agents that come later in the same ring's life.
 * Promise: only a log that knows of every change of its ring, and only a machine that has been started anew, makes a power cut;
 * everything else is a loss of which nothing is known.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { brand, fromHex, type RawName, rawFromBytes, rawToBytes } from '@understudy/base';
import type { ActiveRegion, PowerCut } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { type ActivityLog, type LoggedRegion, parseActivityLog } from './activity-log.ts';
import { hexOf } from './native.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const MACHINE_STATE = '/proc/stat';

interface Note {
  readonly generation: number;
  /** Identity of the generation's ring; '': nobody has read it yet. */
  readonly ring: string;
  readonly powerCut: StoredCut | null;
}

interface StoredCut {
  readonly ring: string;
  readonly bootedAtMs: number;
  readonly roots: readonly { readonly path: string; readonly regions: readonly StoredRegion[] }[];
  /** An agent of before wrote none: what it says of its roots does not say which others there were. */
  readonly unknown?: readonly string[];
}
type StoredRegion = { readonly kind: string; readonly node?: string; readonly numbers?: readonly number[] };

export class LostRing {
  readonly #directory: string;
  #note: Note | null;

  constructor(directory: string) {
    this.#directory = directory;
    this.#note = readNote(join(directory, 'ring.json'));
  }

  /** To be called before a holder is started: `roots` are those that the driver had mounted, by their ids. */
  begin(roots: readonly (readonly [number, RawName])[]): { readonly generation: number } {
    const log = this.#log();
    const powerCut = this.#powerCut(log, roots);
    const known = Math.max(this.#note?.generation ?? -1, log?.generation ?? -1);
    this.#write({ generation: known + 1, ring: '', powerCut });
    return { generation: known + 1 };
  }

  /** The ring that is read now. */
  identified(ring: string): void {
    const note = this.#note;
    if (note?.ring === ring) return;
    // A ring that was there before this file: it knows of no generation, and of no power cut.
    if (note === null || note.ring !== '') this.#write({ generation: note?.generation ?? 0, ring, powerCut: null });
    else this.#write({ ...note, ring });
  }

  /** What happened before the ring that is read now. */
  get powerCut(): PowerCut | null {
    return cutOf(this.#note?.powerCut ?? null);
  }

  #log(): ActivityLog | null {
    try {
      return parseActivityLog(readFileSync(join(this.#directory, 'activity')));
    } catch {
      return null;
    }
  }

  #powerCut(log: ActivityLog | null, roots: readonly (readonly [number, RawName])[]): StoredCut | null {
    const note = this.#note;
    const boot = textOf(BOOT_ID).trim();
    const bootedAtMs = Number(/^btime (\d+)$/m.exec(textOf(MACHINE_STATE))?.[1] ?? Number.NaN) * 1000;
    if (note === null || note.ring === '' || log === null || log.broken || log.generation !== note.generation)
      return null;
    // In one and the same run of the machine nobody knows since when the files were open to everyone.
    if (boot === '' || log.boot === boot || !Number.isFinite(bootedAtMs)) return null;
    const served = new Set(log.regions.filter(({ kind }) => kind === 'served').map(({ root }) => root));
    const isKnown = ([id, path]: readonly [number, RawName]) => served.has(id) && leadsBack(path);
    const known = roots.filter(isKnown);
    return {
      ring: note.ring,
      bootedAtMs,
      unknown: roots.filter((root) => !isKnown(root)).map(([, path]) => hexOf(path)),
      roots: known.map(([id, path]) => ({
        path: hexOf(path),
        regions: log.regions.filter(({ root, kind }) => root === id && kind !== 'served').map(written),
      })),
    };
  }

  #write(note: Note): void {
    this.#note = note;
    writeDurably(this.#directory, 'ring.json', JSON.stringify(note));
  }
}

/** Replaces the file: after a power cut it is the old or the new one. */
export function writeDurably(directory: string, name: string, text: string): void {
  const path = join(directory, name);
  const fd = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
  const folder = openSync(directory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** ext4, XFS, btrfs. */
const KEEPING_HANDLES = new Set([0xef53, 0x58465342, 0x9123683e]);

/**
 * Whether a file has the same number after a boot as before: it is made of the file's handle, which these file systems keep. Where handles
 * are longer than a number it leads to the file once that has been met by its name, as a repair after a power cut does first.
 */
function leadsBack(path: RawName): boolean {
  try {
    return KEEPING_HANDLES.has(statfsSync(Buffer.from(rawToBytes(path))).type);
  } catch {
    return false;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function cutOf(stored: StoredCut | null): PowerCut | null {
  if (stored?.unknown === undefined) return null;
  const roots = stored.roots.map(({ path, regions }) => ({
    path: pathIn(path),
    regions: regions.map(read),
  }));
  return { ring: stored.ring, bootedAtMs: stored.bootedAtMs, roots, unknown: stored.unknown.map(pathIn) };
}

const pathIn = (hex: string): RawName => brand<RawName>(rawFromBytes(fromHex(hex) ?? new Uint8Array(0)));

/** What cannot be read is nothing, and a power cut that cannot is not one: everything is compared then. */
function readNote(path: string): Note | null {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as Note;
    cutOf(note.powerCut ?? null);
    return Number.isSafeInteger(note.generation) && typeof note.ring === 'string' ? note : null;
  } catch {
    return null;
  }
}

function written(region: LoggedRegion): StoredRegion {
  switch (region.kind) {
    case 'names':
      return { kind: 'names', node: String(region.node), numbers: [region.sinceMs] };
    case 'content':
      return { kind: 'content', node: String(region.node), numbers: [region.from, region.to ?? -1] };
    case 'metadata':
      return { kind: 'metadata', node: String(region.node) };
    default:
      return { kind: 'all' };
  }
}

function read({ kind, node = '0', numbers = [] }: StoredRegion): ActiveRegion {
  const of = { node: brand<NodeId>(BigInt(node)) };
  const [first = 0, second = -1] = numbers;
  if (kind === 'names') return { kind, ...of, sinceMs: first };
  if (kind === 'content') return { kind, ...of, from: first, to: second < 0 ? null : second };
  return kind === 'metadata' ? { kind, ...of } : { kind: 'all' };
}
