/** An interceptor that does nothing by itself: tests say what it protects, refuses, records and tells. */
import { brand, type RawName } from '@understudy/base';
import {
  type Barrier,
  type GateBeginning,
  type Interceptor,
  type InterceptorDriver,
  type InterceptorEvent,
  InterceptorRefusal,
  type ProtectedRoot,
  type SourceFiles,
  type WriteGate,
} from '@understudy/engine';
import { NO_ATTRIBUTES, type NodeId } from '@understudy/wire';

export const raw = (text: string): RawName => brand<RawName>(Buffer.from(text).toString('latin1'));

export class FakeInterceptor implements Interceptor {
  readonly driver: InterceptorDriver;
  readonly promises: Interceptor['promises'];
  readonly calls: string[] = [];
  /** Refusals by directory. */
  readonly refuse = new Map<string, InterceptorRefusal>();
  /** Directories beneath a root, by path, that are not there; all others are. */
  readonly missing = new Set<string>();
  /** Nodes of directories that another one took the place of. */
  readonly replaced = new Map<string, bigint>();
  /** Who uses a mount, by directory. */
  readonly users = new Map<string, string[]>();
  /** Mounted beneath and not intercepted, by the root's path; those of the kernel's making apart. */
  readonly unseen = new Map<string, RawName[]>();
  readonly madeUp = new Map<string, RawName[]>();
  looked: { pending: boolean; warnings: string[] } = { pending: false, warnings: [] };
  tripwireOff: string | null = null;
  /** Handed over at the next drain. */
  records: Uint8Array[] = [];
  drainFails: Error | null = null;
  /** Where a test gives it one; without it there is no path for cookies. */
  cookie?: NonNullable<Interceptor['cookie']>;
  /** What `protect` waits for. */
  protecting: Promise<void> = Promise.resolve();
  closed: boolean | null = null;
  /** By root; what is not named is open. */
  readonly gates = new Map<number, 'open' | 'leased' | 'read-only'>();
  readonly readOnly = new Set<number>();
  readonly gate?: WriteGate;
  #beginning: GateBeginning = 'open';
  readonly #roots = new Map<number, ProtectedRoot>();
  readonly #events: ((event: InterceptorEvent) => void)[] = [];
  #readable: () => void = () => {};
  #ids = 0;

  constructor(driver: InterceptorDriver = 'fuse', held: readonly string[] = []) {
    this.driver = driver;
    const all = driver === 'fuse';
    this.promises = { order: all, everyCall: all, mappedWrites: all, hold: false, survivesCrash: all };
    if (all) this.gate = this.#makeGate();
    for (const path of held) this.#add(raw(path));
  }

  readonly identity = 'fake';
  readonly freed: number[] = [];

  keepDrained(): void {}

  free(through: number): void {
    this.freed.push(through);
  }

  async protect(directory: RawName): Promise<ProtectedRoot> {
    this.calls.push(`protect ${directory}`);
    await this.protecting;
    const refusal = this.refuse.get(directory);
    if (refusal !== undefined) throw refusal;
    const same = this.roots().find(({ path }) => path === directory);
    return same ?? this.#add(directory);
  }

  async release(id: number): Promise<{ unmounted: boolean; users: readonly string[] }> {
    const root = this.#roots.get(id);
    this.calls.push(`release ${root?.path}`);
    this.#roots.delete(id);
    const users = this.users.get(root?.path ?? '') ?? [];
    return { unmounted: users.length === 0, users };
  }

  usersOf(id: number): readonly string[] {
    return this.users.get(this.#roots.get(id)?.path ?? '') ?? [];
  }

  roots(): readonly ProtectedRoot[] {
    return [...this.#roots.values()];
  }

  drain(take: (records: Uint8Array) => void): number {
    if (this.drainFails !== null) throw this.drainFails;
    const records = this.records.splice(0);
    for (const each of records) take(each);
    return records.length;
  }

  onReadable(listener: () => void): void {
    this.#readable = listener;
  }

  readable(): void {
    this.#readable();
  }

  barrier(): Barrier {
    return brand<Barrier>('now');
  }

  passed(): boolean {
    return true;
  }

  onEvent(listener: (event: InterceptorEvent) => void): void {
    this.#events.push(listener);
  }

  tell(kind: InterceptorEvent['kind'], severity: InterceptorEvent['severity'], root: number | null = null): void {
    for (const listener of this.#events) listener({ kind, severity, root, sentence: `it is ${kind}` });
  }

  status(): ReturnType<Interceptor['status']> {
    return { ringBytes: 0, ringUsed: 0, restarts: 0, dirtyNotes: 0, tripwireOff: this.tripwireOff };
  }

  exposures(): { pending: boolean; warnings: string[] } {
    return this.looked;
  }

  async close(keep: boolean): Promise<void> {
    this.closed = keep;
  }

  #makeGate(): WriteGate {
    const set = (roots: readonly number[], mode: 'open' | 'leased' | 'read-only') => {
      for (const root of roots) this.gates.set(root, mode);
    };
    return {
      beginWith: (how) => {
        this.#beginning = how;
      },
      setReadOnly: (roots, on) => {
        for (const root of roots) {
          if (on) this.readOnly.add(root);
          else this.readOnly.delete(root);
        }
        set(roots, on ? 'read-only' : 'open');
      },
      setLease: (roots, untilMs) => set(roots, untilMs === null ? 'open' : 'leased'),
      at: (root) => ({ mode: this.gates.get(root) ?? 'open', waiting: 0, refused: 0 }),
    };
  }

  #add(path: RawName): ProtectedRoot {
    this.#ids += 1;
    this.gates.set(this.#ids, this.#beginning === 'held' ? 'leased' : this.#beginning);
    const paths = new Map([[brand<NodeId>(1n), path as string]]);
    const files: SourceFiles = {
      rootNode: brand<NodeId>(1n),
      pathOf: () => path,
      close: () => {},
      stat: () => null,
      entry: (parent, name) => {
        const inner = `${paths.get(parent)}/${name}`;
        if (this.missing.has(inner)) return null;
        const node = brand<NodeId>(this.replaced.get(inner) ?? nodeOf(inner));
        paths.set(node, inner);
        return { name, node, attributes: { ...NO_ATTRIBUTES, mode: 0o040755 } };
      },
      ages: () => null,
      openDirectory: () => null,
      readLink: () => null,
      xattrs: () => null,
      open: () => null,
    };
    const beneath = (map: ReadonlyMap<string, RawName[]>) => map.get(path) ?? [];
    const { unseen, madeUp } = this;
    const root: ProtectedRoot = {
      id: this.#ids,
      path,
      files,
      get uncovered() {
        return [...beneath(unseen), ...beneath(madeUp)];
      },
      get unseen() {
        return beneath(unseen);
      },
    };
    this.#roots.set(root.id, root);
    return root;
  }
}

/** The same path is the same node. */
export function nodeOf(path: string): NodeId {
  let node = 2n;
  for (const byte of Buffer.from(path)) node = (node * 257n + BigInt(byte)) & 0xffff_ffff_ffffn;
  return brand<NodeId>(node);
}

export const refusal = (code: InterceptorRefusal['code'], sentence: string) => new InterceptorRefusal(code, sentence);
