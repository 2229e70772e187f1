/**
 * What about a protected directory's files a person should know, found by a walk that nobody waits for. In: a tree to read beneath
 * the mount. Out: files that have names outside of it (what is written there bypasses the mount) and files with flags that are not
 * replicated. Promised: it can be stopped between any two steps, holds a bounded number of files, and rests between them.
 */
import { Buffer } from 'node:buffer';
import { statfsSync } from 'node:fs';
import { setImmediate as rest } from 'node:timers/promises';
import { printable, type RawName } from '@understudy/base';
import type { SourceDirectory, SourceEntry, SourceFiles } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { attributeFlagsOf } from './attribute-flags.ts';

export interface Found {
  readonly count: number;
  /** Paths within the tree, the first that were met. */
  readonly examples: readonly RawName[];
}

export interface Exposures {
  /** All of them, each with a name that it has within the tree. */
  readonly linked: Found & { readonly names: ReadonlyMap<NodeId, RawName> };
  readonly flagged: Found;
  /** False: it was stopped or reached a limit, and there may be more. */
  readonly whole: boolean;
}

export interface WalkOptions {
  readonly files: Pick<SourceFiles, 'rootNode' | 'openDirectory'>;
  /** A path by which this process reaches the tree past the mount; null: flags are not looked at. */
  readonly view: RawName | null;
  readonly signal: AbortSignal;
  readonly mostEntries?: number;
}

const EXAMPLES = 5;
const STEP = 128;
const MOST_ENTRIES = 20_000_000;
/** As many as the tripwire can hold. */
const MOST_LINKED = 49_152;
const TYPE = 0o170000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;

interface Linked {
  /** Names that were not met so far. */
  missing: number;
  readonly path: RawName;
}

class Walk {
  readonly #options: WalkOptions;
  readonly #linked = new Map<NodeId, Linked>();
  readonly #waiting: { node: NodeId; path: RawName }[] = [];
  readonly #flagged: RawName[] = [];
  #flaggedCount = 0;
  #left: number;
  #whole = true;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#left = options.mostEntries ?? MOST_ENTRIES;
  }

  async run(): Promise<Exposures> {
    this.#waiting.push({ node: this.#options.files.rootNode, path: '' as RawName });
    for (let next = this.#waiting.pop(); next !== undefined && !this.#stopped(); next = this.#waiting.pop())
      await this.#directory(next.node, next.path);
    // Names outside cannot be told from names not met yet: a walk that ended early knows nothing of links.
    const outside = this.#stopped() ? [] : [...this.#linked].filter(([, { missing }]) => missing > 0);
    return {
      linked: {
        count: outside.length,
        examples: outside.slice(0, EXAMPLES).map(([, { path }]) => path),
        names: new Map(outside.map(([node, { path }]) => [node, path])),
      },
      flagged: { count: this.#flaggedCount, examples: this.#flagged },
      whole: this.#whole && !this.#stopped(),
    };
  }

  #stopped(): boolean {
    return this.#options.signal.aborted || this.#left <= 0;
  }

  async #directory(node: NodeId, path: RawName): Promise<void> {
    const directory = this.#options.files.openDirectory(node);
    if (directory === null) return;
    try {
      while (this.#step(directory, path)) await rest();
    } finally {
      directory.close();
    }
  }

  #step(directory: SourceDirectory, path: RawName): boolean {
    if (this.#stopped()) return false;
    const entries = directory.next(STEP);
    for (const entry of entries) this.#look(entry, `${path}${path === '' ? '' : '/'}${entry.name}` as RawName);
    this.#left -= entries.length;
    return entries.length > 0;
  }

  #look(entry: SourceEntry, path: RawName): void {
    const type = entry.attributes.mode & TYPE;
    if (type === DIRECTORY) this.#waiting.push({ node: entry.node, path });
    else if (entry.attributes.nlink > 1) this.#met(entry, path);
    if (type === DIRECTORY || type === REGULAR) this.#lookAtFlags(path);
  }

  #met({ node, attributes }: SourceEntry, path: RawName): void {
    const linked = this.#linked.get(node);
    if (linked !== undefined) {
      linked.missing -= 1;
      // All its names lie inside: it need not be held any longer.
      if (linked.missing <= 0) this.#linked.delete(node);
    } else if (this.#linked.size < MOST_LINKED) this.#linked.set(node, { missing: attributes.nlink - 1, path });
    else this.#whole = false;
  }

  #lookAtFlags(path: RawName): void {
    const { view } = this.#options;
    if (view === null) return;
    const flags = attributeFlagsOf(`${view}/${path}` as RawName);
    if (!flags.immutable && !flags.appendOnly) return;
    this.#flaggedCount += 1;
    if (this.#flagged.length < EXAMPLES) this.#flagged.push(path);
  }
}

export function walkExposures(options: WalkOptions): Promise<Exposures> {
  return new Walk(options).run();
}

/** XFS and btrfs: copies that share their blocks; ext4 has none to lose. */
const WITH_REFLINKS = new Set([0x58465342, 0x9123683e]);

/** Where the file system can do what its mount cannot. `view`: the directory past the mount. */
export function reflinkSentences(root: RawName, view: RawName): string[] {
  if (!WITH_REFLINKS.has(statfsSync(Buffer.from(view, 'latin1')).type)) return [];
  return [
    `reflink copies are not possible in ${printable(root)} while it is protected: cp copies the bytes instead, and a program that ` +
      'insists on them (cp --reflink=always) gets an error',
  ];
}

/** What was found, in sentences; none where there is nothing to say. `root`: the directory as people know it. */
export function exposureSentences(root: RawName, found: Exposures): string[] {
  const sentences: string[] = [];
  const { linked, flagged } = found;
  if (linked.count > 0)
    sentences.push(
      `${counted(linked.count, 'file', 'files')} in ${printable(root)} also ${linked.count === 1 ? 'has a name' : 'have names'} ` +
        `outside of it (hard links): ${listed(linked)}; what is written through such a name bypasses the capture and is only ` +
        'noticed afterwards, so remove the outer names or protect their directory too',
    );
  if (flagged.count > 0)
    sentences.push(
      `${counted(flagged.count, 'file or directory', 'files and directories')} in ${printable(root)} ` +
        `${flagged.count === 1 ? 'is' : 'are'} immutable or append-only (chattr +i, +a): ${listed(flagged)}; ` +
        'applications get what the file system answers, and the replica has the content without these flags',
    );
  if (!found.whole)
    sentences.push(`${printable(root)} was not looked through wholly: there may be further hard links to the outside`);
  return sentences;
}

const counted = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`;

function listed(found: Found): string {
  const more = found.count - found.examples.length;
  return `${found.examples.map(printable).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
