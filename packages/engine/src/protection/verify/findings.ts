/**
 * What a verification found. In: the target's replies. Out: a list for people, one line for a path and what differs of it; and what would
 * have to be sent, as dirty items (VER2). Promise: bounded, and past its limits it says how many there are more.
 */
import type { RawName } from '@understudy/base';
import { NO_NODE, type OperationRecord, type Reply } from '@understudy/wire';
import { fromBase64 } from '../../base64.ts';
import { type DirtyItem, DirtyMap } from '../../data-path/source/queue/dirty-map.ts';

export interface Difference {
  readonly root: number;
  /** Base64 of the path beneath the root, as the target says it. */
  readonly path: string;
  readonly what: string;
  readonly detail: string;
}

type Differs = Extract<Reply, { kind: 'differs' }>;

/** Beyond this many the report says how many more there are. */
export const MAX_DIFFERENCES = 10_000;
/** Of names, not of content. */
const OF_NAMES = new Set(['missing', 'extra', 'type', 'link-target']);

interface Stretches {
  readonly line: number;
  bytes: number;
  places: number;
  readonly first: number;
}

export class Findings {
  readonly #lines: Difference[] = [];
  readonly #content = new Map<string, Stretches>();
  readonly #dirty = new DirtyMap();
  readonly #shifted = new Map<string, Pick<OperationRecord, 'root' | 'node'>>();
  #more = 0;
  #orphans = 0;

  get differences(): readonly Difference[] {
    return this.#lines;
  }

  /** Found beyond those listed. */
  get more(): number {
    return this.#more;
  }

  get count(): number {
    return this.#lines.length + this.#more;
  }

  /** Of these: names on the target that never came from the source. */
  get orphans(): number {
    return this.#orphans;
  }

  /** What sends exactly this. */
  items(): DirtyItem[] {
    for (const { root, node } of this.#shifted.values()) this.#dirty.shifted(root, node, 0, 'verification');
    return this.#dirty.items();
  }

  /** A range was taken out or put in since the file was first looked at: where what differs is now nobody has counted. */
  shifted({ root, node }: Pick<OperationRecord, 'root' | 'node'>): void {
    this.#shifted.set(`${root}/${node}`, { root, node });
  }

  /** `isOurs`: certainly a file of the set; otherwise all of its root would have to be compared. */
  add(reply: Differs, isOurs = true): void {
    if (isOurs) this.#note(reply);
    else this.#dirty.addRoot(reply.root, 'verification');
    const isStretch = reply.what === 'content' && reply.extent > 0;
    if (isStretch && this.#joins(reply)) return;
    const { root, path, what, detail } = reply;
    if (isOrphan(reply)) this.#orphans += 1;
    if (this.#lines.length >= MAX_DIFFERENCES) {
      this.#more += 1;
      return;
    }
    this.#lines.push({ root, path, what, detail });
    if (isStretch) this.#stretch(reply);
  }

  /** A further stretch of a file that is listed already. */
  #joins({ root, node, extent }: Differs): boolean {
    const known = this.#content.get(`${root}/${node}`);
    const line = known === undefined ? undefined : this.#lines[known.line];
    if (known === undefined || line === undefined) return false;
    known.bytes += extent;
    known.places += 1;
    this.#lines[known.line] = { ...line, detail: stretches(known) };
    return true;
  }

  #stretch({ root, node, offset, extent }: Differs): void {
    const line = this.#lines.length - 1;
    const one = { line, bytes: extent, places: 1, first: offset };
    this.#content.set(`${root}/${node}`, one);
    const said = this.#lines[line];
    if (said !== undefined) this.#lines[line] = { ...said, detail: stretches(one) };
  }

  #note(reply: Differs): void {
    const { root, node, what, offset, extent } = reply;
    const parent = reply.parent ?? NO_NODE;
    const why = 'verification';
    if (what === 'content' && extent > 0) this.#dirty.addRange(root, node, offset, offset + extent, why);
    else if (OF_NAMES.has(what) && parent !== NO_NODE) this.#dirty.addEntry(root, parent, nameOf(reply.path), why);
    else if (what === 'content' || OF_NAMES.has(what)) this.#dirty.addNode(root, node, why);
    else this.#dirty.addMetadata(root, node, why);
  }
}

/** What came from the source once, and is there no more, is none. */
export const isOrphan = ({ what, detail }: Pick<Difference, 'what' | 'detail'>): boolean =>
  what === 'extra' && detail !== '';

function stretches({ bytes, places, first }: Stretches): string {
  const where = places === 1 ? `at byte ${first}` : `in ${places} places, the first at byte ${first}`;
  return `up to ${bytes} bytes ${where}`;
}

/** Last name of a path in base64. */
export function nameOf(path: string): RawName {
  const beneath = fromBase64(path) ?? '';
  return beneath.slice(beneath.lastIndexOf('/') + 1) as RawName;
}
