/**
 * What was different at a moment, of one root: for each name, file and block that has changed since, what it was. In: the entries of the
 * logs from that moment on, in order, and further ones as they are written. Out: what the first of them says. Promise: nothing is kept of
 * what has not changed.
 */
import type { RawName } from '@understudy/base';
import type { Handle } from '../../../../ports.ts';
import type { Place } from '../replica-root.ts';
import { UndoKind, type UndoLog, type UndoOutline } from './undo-log.ts';

/** A block of old content: where it lies. */
export interface KeptBlock {
  readonly log: UndoLog;
  readonly at: number;
  /** Of the entry's data. */
  readonly offset: number;
}

export const BLOCK = 4096;

export class PastIndex {
  /** Directory → name → who had it; null: nobody. */
  readonly names = new Map<Handle, Map<RawName, Handle | null>>();
  /** Size, mode, owner, times, as UndoKind.touched has them. */
  readonly touched = new Map<Handle, readonly number[]>();
  /** Names and values in turn. */
  readonly xattrs = new Map<Handle, readonly string[]>();
  readonly blocks = new Map<Handle, Map<number, KeptBlock>>();
  /** Whose content is not kept. */
  readonly lost = new Set<Handle>();
  /** Names that the file came to have since, or had. */
  readonly places = new Map<Handle, Place[]>();

  take(log: UndoLog, entry: UndoOutline): void {
    const { kind, texts, numbers } = entry;
    const [one = '', two = '', three = '', four = '', five = '', six = ''] = texts;
    if (kind === UndoKind.content) this.#content(log, entry);
    else if (kind === UndoKind.touched) first(this.touched, one as Handle, numbers);
    else if (kind === UndoKind.xattrs) first(this.xattrs, one as Handle, texts.slice(1));
    else if (kind === UndoKind.lost) this.lost.add(one as Handle);
    else if (kind === UndoKind.made) this.#name(null, one, two);
    else if (kind === UndoKind.born) this.#place(one, two, three);
    else if (kind === UndoKind.unlinked) this.#name(one, two, three);
    else if (kind === UndoKind.moved) {
      this.#name(one, two, three);
      this.#name(null, four, five);
      this.#place(one, four, five);
    } else if (kind === UndoKind.exchanged) {
      this.#name(one, two, three);
      this.#name(six, four, five);
      this.#place(one, four, five);
      this.#place(six, two, three);
    }
  }

  #name(handle: string | null, parent: string, name: string): void {
    let names = this.names.get(parent as Handle);
    if (names === undefined) {
      names = new Map();
      this.names.set(parent as Handle, names);
    }
    first(names, name as RawName, handle as Handle | null);
    if (handle !== null) this.#place(handle, parent, name);
  }

  #place(handle: string, parent: string, name: string): void {
    const places = this.places.get(handle as Handle);
    const place = { parent: parent as Handle, name: name as RawName };
    if (places === undefined) this.places.set(handle as Handle, [place]);
    else if (!places.some((one) => one.parent === parent && one.name === name)) places.push(place);
  }

  #content(log: UndoLog, { at, texts, numbers, dataLength }: UndoOutline): void {
    const handle = texts[0] as Handle;
    let blocks = this.blocks.get(handle);
    if (blocks === undefined) {
      blocks = new Map();
      this.blocks.set(handle, blocks);
    }
    const start = numbers[0] ?? 0;
    for (let offset = 0; offset < dataLength; offset += BLOCK)
      first(blocks, (start + offset) / BLOCK, { log, at, offset });
  }
}

function first<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (!map.has(key)) map.set(key, value);
}
