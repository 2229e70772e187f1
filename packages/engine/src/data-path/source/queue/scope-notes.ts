/**
 * What a root's picture of known nodes was at a place in the ring, for roots where rules are asked or that lie beneath wider ones: there
 * it cannot be told from a few exceptions. In: nodes as they are after a record, or after a mirror's word. Out: bytes for a file, and back.
 * Promise: read back, the picture is the one at the place up to which the ring was let go of; what a mirror or a repair had told of and
 * nobody knows to have arrived is not known in it, and is named to be looked at again.
 */
import { brand, type RawName, rawFromBytes, rawToBytes } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { RootScope, ScopePlace } from './root-scope.ts';

/** A node as the picture has it. */
export interface NodeNote {
  readonly known: boolean;
  readonly directory: boolean;
  readonly nameless: boolean;
  readonly places: readonly ScopePlace[];
}

/** Numbers are never reused. */
const Kind = { node: 1, cleared: 2, settled: 3, through: 4 } as const;
const Flag = { known: 1, directory: 2, nameless: 4, said: 8 } as const;
/** kind u8, flags u8, root u16, places u32, sequence f64, node u64. */
const HEADER = 24;
const PLACE_HEADER = 10;

export class ScopeNotes {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;
  #unsettled = false;
  #last = 0;
  /** Of all that was noted, and of what was handed out to be written down. */
  #newest = 0;
  #through = -1;
  /** Somebody writes them down; without that nothing is gathered. */
  kept = false;

  /** Something was told of that is not known to have arrived. */
  get unsettled(): boolean {
    return this.#unsettled;
  }

  /** Ring sequence of the newest record that was looked at. */
  get last(): number {
    return this.#last;
  }

  /** What has changed since the last call. `said`: by the word of a mirror or a repair, not by what applications did. */
  collect(scope: RootScope, root: number, how: { readonly sequence: number; readonly said: boolean }): void {
    const touched = scope.takeTouched();
    if (touched !== null && this.kept) {
      const at = { root, sequence: this.#last };
      const sequence = how.said ? this.#last : how.sequence;
      if (touched.cleared) this.#header(Kind.cleared, { ...at, sequence });
      for (const node of touched.nodes) this.#node(scope.noteOf(node), { root, sequence, node, said: how.said });
      if (how.said) this.#unsettled = true;
    }
    this.#last = Math.max(this.#last, how.sequence);
  }

  /** All that was told of is on the target. */
  settle(): void {
    if (!this.#unsettled || !this.kept) return;
    this.#unsettled = false;
    this.#header(Kind.settled, { root: 0, sequence: this.#last });
  }

  /** A run of the process begins behind this ring sequence. */
  begin(sequence: number): void {
    this.#last = Math.max(this.#last, sequence);
  }

  /** Whether something has to be written down before the ring is let go of up to `through`. */
  isDue(through: number): boolean {
    return this.#used > 0 || (this.#newest > this.#through && through > this.#through);
  }

  /** What is to be written down before the ring is let go of up to `through`. */
  take(through: number): Uint8Array {
    this.#through = through;
    this.#header(Kind.through, { root: 0, sequence: through });
    const bytes = this.#bytes.slice(0, this.#used);
    this.#used = 0;
    return bytes;
  }

  /** The whole picture, in pieces: what was written down before is not needed beside it. Nothing may be unsettled. */
  *snapshot(scopes: ReadonlyMap<number, RootScope>, through: number): Generator<Uint8Array> {
    this.#used = 0;
    for (const [root, scope] of scopes) {
      if (scope.whole) continue;
      scope.takeTouched();
      for (const node of scope.nodes()) {
        this.#node(scope.noteOf(node), { root, sequence: 0, node, said: false });
        if (this.#used < 1 << 20) continue;
        yield this.#bytes.slice(0, this.#used);
        this.#used = 0;
      }
    }
    yield this.take(through);
  }

  #node(
    note: NodeNote,
    at: { readonly root: number; readonly sequence: number; readonly node: NodeId; readonly said: boolean },
  ): void {
    const flags =
      (note.known ? Flag.known : 0) |
      (note.directory ? Flag.directory : 0) |
      (note.nameless ? Flag.nameless : 0) |
      (at.said ? Flag.said : 0);
    this.#header(Kind.node, { ...at, flags, places: note.places.length });
    for (const { parent, name } of note.places) {
      const bytes = rawToBytes(name);
      this.#room(PLACE_HEADER + bytes.length);
      this.#view.setBigUint64(this.#used, parent, true);
      this.#view.setUint16(this.#used + 8, bytes.length, true);
      this.#bytes.set(bytes, this.#used + PLACE_HEADER);
      this.#used += PLACE_HEADER + bytes.length;
    }
  }

  #header(
    kind: number,
    of: {
      readonly root: number;
      readonly sequence: number;
      readonly node?: NodeId;
      readonly flags?: number;
      readonly places?: number;
    },
  ): void {
    this.#room(HEADER);
    if (kind !== Kind.through) this.#newest = Math.max(this.#newest, of.sequence);
    const view = this.#view;
    view.setUint8(this.#used, kind);
    view.setUint8(this.#used + 1, of.flags ?? 0);
    view.setUint16(this.#used + 2, of.root, true);
    view.setUint32(this.#used + 4, of.places ?? 0, true);
    view.setFloat64(this.#used + 8, of.sequence, true);
    view.setBigUint64(this.#used + 16, of.node ?? 0n, true);
    this.#used += HEADER;
  }

  #room(bytes: number): void {
    if (this.#used + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + bytes));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

// ------------------------------------------------------------------------------------------------------- reading back

export interface RestoredScope {
  readonly nodes: Map<NodeId, NodeNote>;
  /** Told of and perhaps not arrived, or told of behind the place: to be looked at. */
  readonly doubtful: readonly ScopePlace[];
  /** A mirror had begun from nothing, and nobody knows what of it has arrived. */
  readonly partial: boolean;
}

export interface RestoredScopes {
  /** What the ring holds up to this sequence has been looked at. */
  readonly through: number;
  readonly roots: ReadonlyMap<number, RestoredScope>;
}

interface Read {
  readonly kind: number;
  readonly root: number;
  readonly sequence: number;
  readonly node: NodeId;
  readonly said: boolean;
  readonly note: NodeNote;
}

class Restoring {
  readonly nodes = new Map<NodeId, NodeNote>();
  readonly #unsettled = new Set<NodeId>();
  readonly #later: ScopePlace[] = [];
  partial = false;

  take({ node, note, said, sequence }: Read, through: number): void {
    // The ring tells again of what applications did behind the place.
    if (sequence > through && !said) return;
    if (!note.known) {
      this.nodes.delete(node);
      this.#unsettled.delete(node);
    } else if (sequence > through) this.#later.push(...note.places);
    else {
      this.nodes.set(node, note);
      if (said) this.#unsettled.add(node);
    }
  }

  clear(): void {
    this.nodes.clear();
    this.#unsettled.clear();
    this.partial = true;
  }

  settled(): void {
    this.#unsettled.clear();
    this.partial = false;
  }

  end(): RestoredScope {
    const doubtful = [...this.#later];
    for (const node of this.#unsettled) {
      doubtful.push(...(this.nodes.get(node)?.places ?? []));
      // While a mirror of everything is under way, what it had finished is known from its own memory.
      if (!this.partial) this.nodes.delete(node);
    }
    return { nodes: this.nodes, doubtful, partial: this.partial };
  }
}

/** Null: nothing, or not what this wrote. */
export function readScopeNotes(pieces: readonly Uint8Array[]): RestoredScopes | null {
  let through: number | null = null;
  try {
    for (const bytes of pieces) for (const one of reads(bytes)) if (one.kind === Kind.through) through = one.sequence;
    if (through === null) return null;
    const roots = new Map<number, Restoring>();
    for (const bytes of pieces) for (const one of reads(bytes)) apply(roots, one, through);
    return { through, roots: new Map([...roots].map(([root, restoring]) => [root, restoring.end()])) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
}

function apply(roots: Map<number, Restoring>, one: Read, through: number): void {
  if (one.kind === Kind.settled) for (const restoring of roots.values()) restoring.settled();
  if (one.kind !== Kind.node && one.kind !== Kind.cleared) return;
  const restoring = roots.get(one.root) ?? new Restoring();
  roots.set(one.root, restoring);
  if (one.kind === Kind.cleared) restoring.clear();
  else restoring.take(one, through);
}

/** Throws RangeError where the bytes end too early. */
function* reads(bytes: Uint8Array): Generator<Read> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const kind = view.getUint8(at);
    const flags = view.getUint8(at + 1);
    const root = view.getUint16(at + 2, true);
    const count = view.getUint32(at + 4, true);
    const sequence = view.getFloat64(at + 8, true);
    const node = brand<NodeId>(view.getBigUint64(at + 16, true));
    const places: { parent: NodeId; name: RawName }[] = [];
    at += HEADER;
    for (let i = 0; i < count; i += 1) {
      const length = view.getUint16(at + 8, true);
      const parent = brand<NodeId>(view.getBigUint64(at, true));
      if (at + PLACE_HEADER + length > bytes.length) throw new RangeError('a name is cut off');
      places.push({ parent, name: rawFromBytes(bytes.subarray(at + PLACE_HEADER, at + PLACE_HEADER + length)) });
      at += PLACE_HEADER + length;
    }
    const is = (flag: number): boolean => (flags & flag) !== 0;
    const note = { known: is(Flag.known), directory: is(Flag.directory), nameless: is(Flag.nameless), places };
    yield { kind, root, sequence, node, said: is(Flag.said), note };
  }
}
