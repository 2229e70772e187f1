/**
 * tripwire: what happens past the mount is noticed. In: roots that are protected, and what the holder says of bypasses. Out: events,
 * and to fsid the files that have names outside. Promised: never in the way of a protection; what cannot be watched is said.
 */
import { printable, type RawName } from '@understudy/base';
import type { Exposures, InterceptorEvent, ProtectedRoot } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { bypassSentence, parseBypass } from './bypass.ts';
import { exposureSentences, reflinkSentences, walkExposures } from './exposures.ts';

export interface TripwireOptions {
  /** A command to the holder; its answer. */
  readonly ask: (command: string) => Promise<string>;
  readonly root: (id: number) => ProtectedRoot | null;
  readonly tell: (event: InterceptorEvent) => void;
}

export interface WatchedRoot extends ProtectedRoot {
  /** Descriptor of the tree beneath the mount. */
  readonly rootFd: number;
}

const ASKS = 50;
const AGAIN_MS = 100;

export class Tripwire {
  readonly #options: TripwireOptions;
  readonly #walks = new Map<number, AbortController>();
  /** Of each root the files with names outside, and what they are called inside. */
  readonly #linked = new Map<number, ReadonlyMap<NodeId, RawName>>();
  /** Of each root what was found, once it has been looked through. */
  readonly #warnings = new Map<number, readonly string[]>();
  /** What the holder last answered: `on`, `idle`, `off SENTENCE`. */
  #state = 'idle';

  constructor(options: TripwireOptions) {
    this.#options = options;
  }

  /** null: it hears, or nothing is protected yet; else why it does not. */
  off(): string | null {
    return this.#state.startsWith('off ') ? this.#state.slice(4) : null;
  }

  exposures(id: number): Exposures {
    const warnings = this.#warnings.get(id);
    return { pending: warnings === undefined && this.#walks.has(id), warnings: warnings ?? [] };
  }

  /** A root is protected from now on: its files are looked through in the background. */
  watch(root: WatchedRoot): void {
    this.forget(root.id);
    const stop = new AbortController();
    this.#walks.set(root.id, stop);
    void this.#look(root, stop.signal).catch((error: unknown) => this.#lookFailed(root, stop.signal, error));
  }

  forget(id: number): void {
    this.#walks.get(id)?.abort();
    this.#walks.delete(id);
    this.#linked.delete(id);
    this.#warnings.delete(id);
  }

  close(): void {
    for (const id of [...this.#walks.keys()]) this.forget(id);
  }

  /** True where the line was one of its own. */
  said(line: string): boolean {
    const bypass = parseBypass(line);
    if (bypass === null) return false;
    const root = this.#options.root(bypass.root);
    if (root === null) return true;
    const inside = bypass.outside ? this.#insidePath(root, bypass.node) : null;
    this.#tell('bypass', bypass.root, bypassSentence(bypass, root.path, inside));
    return true;
  }

  async #look(root: WatchedRoot, signal: AbortSignal): Promise<void> {
    await this.#learnState(root, signal);
    const view = `/proc/self/fd/${root.rootFd}` as RawName;
    const found = await walkExposures({ files: root.files, view, signal });
    if (signal.aborted) return;
    this.#found(root.id, [...exposureSentences(root.path, found), ...reflinkSentences(root.path, view)]);
    this.#linked.set(root.id, found.linked.names);
    for (const node of found.linked.names.keys()) if (!signal.aborted) await this.#expose(root.id, node, signal);
  }

  async #learnState(root: WatchedRoot, signal: AbortSignal): Promise<void> {
    const before = this.off();
    for (let tries = 0; tries < ASKS && !signal.aborted; tries += 1) {
      this.#state = await this.#options.ask('tripwire');
      if (this.#state !== 'idle') break;
      await pause();
    }
    const why = this.off();
    if (why !== null && why !== before)
      this.#tell(
        'exposed',
        root.id,
        `the tripwire is off for ${printable(root.path)} (${why}): changes that bypass the mount would go unnoticed; verify the job from time to time`,
      );
  }

  /** `again`: fsid is being started anew. */
  async #expose(id: number, node: NodeId, signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < ASKS && !signal.aborted; tries += 1) {
      if ((await this.#options.ask(`expose ${id} ${node.toString(16)}`)) !== 'again') return;
      await pause();
    }
  }

  /** Null where it cannot be told. */
  #insidePath(root: ProtectedRoot, node: NodeId): RawName | null {
    const met = this.#linked.get(root.id)?.get(node);
    if (met !== undefined) return `${root.path}/${met}` as RawName;
    try {
      return root.files.pathOf(node);
    } catch {
      return null;
    }
  }

  #lookFailed(root: WatchedRoot, signal: AbortSignal, error: unknown): void {
    if (signal.aborted) return;
    const why = error instanceof Error ? error.message : String(error);
    this.#found(root.id, [`${printable(root.path)} could not be looked through for hard links: ${why}`]);
  }

  #found(id: number, warnings: readonly string[]): void {
    this.#warnings.set(id, warnings);
    for (const sentence of warnings) this.#tell('exposed', id, sentence);
  }

  #tell(kind: InterceptorEvent['kind'], root: number, sentence: string): void {
    this.#options.tell({ kind, severity: 'warning', root, sentence });
  }
}

const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, AGAIN_MS).unref();
  });
