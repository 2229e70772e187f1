/**
 * A target in memory: both stages over a replica and a journal that outlive them, fed by a list of records as a source would.
 */
import { brand, concatBytes, type RawName, toHex } from '@understudy/base';
import { encodeRecord, type Hello, type NodeId, type OperationRecord, position, type Reply } from '@understudy/wire';
import type { Digest, Handle, ReplicaFiles } from '../../../ports.ts';
import { MemoryReplica, type MemoryReplicaOptions } from '../../../testing/memory-replica.ts';
import { MemoryTargetJournal } from '../../../testing/memory-target-journal.ts';
import { type AcceptLimits, TargetCommunicationManager } from '../accept/target-communication-manager.ts';
import type { TargetEvent } from '../apply/apply-context.ts';
import type { ApplyBudget, ApplyEffects } from '../apply/apply-ports.ts';
import { base64, fromBase64 } from '../apply/base64.ts';
import type { UndoReach } from '../apply/brake/letting-go.ts';
import { KEPT_KINDS } from '../apply/keep-aside.ts';
import { TargetReplicationManager } from '../apply/target-replication-manager.ts';
import { type Answer, greet } from '../greeter.ts';

/** No SHA-256, but the same for the same bytes and different for those of these tests. */
export const toyDigest: Digest = {
  sha256: (bytes) => {
    const sum = new Uint8Array(32);
    sum[31] = bytes.length & 255;
    bytes.forEach((byte, i) => {
      sum[i % 31] = ((sum[i % 31] ?? 0) * 31 + byte + 1) & 255;
    });
    return sum;
  },
};

export const ROOT_PATH = '/srv/data' as RawName;
const STREAM = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';

interface RigOptions extends MemoryReplicaOptions {
  readonly brakes?: boolean;
  readonly undo?: () => UndoReach;
}

/** What a tree is described by. */
export type Reader = Pick<ReplicaFiles, 'root' | 'list' | 'attributes' | 'readLink' | 'read' | 'xattrs'>;

export class Rig {
  readonly replica: MemoryReplica;
  readonly journal = new MemoryTargetJournal();
  readonly replies: Reply[] = [];
  readonly events: TargetEvent[] = [];
  /** What the source holds. */
  records: readonly OperationRecord[] = [];
  accept = new TargetCommunicationManager();
  apply: TargetReplicationManager;
  openRoot: (index: number) => ReplicaFiles = () => this.replica;
  streamId = STREAM;
  /** What every greeting of it says besides. */
  says: Partial<Hello> = {};
  epoch = 1;
  nowMs = 0;
  /** Of the target's wall clock. */
  wallMs = 1_700_000_000_000;
  readonly #brakes: boolean;
  readonly #undo: (() => UndoReach) | null;

  constructor({ brakes = false, undo, ...options }: RigOptions = {}) {
    this.#brakes = brakes;
    this.#undo = undo ?? null;
    this.replica = new MemoryReplica(options);
    this.apply = this.#manager();
  }

  #manager(): TargetReplicationManager {
    const openRoot = (index: number) => this.openRoot(index);
    const brake = { wallMs: () => this.wallMs, ...(this.#undo === null ? {} : { undo: this.#undo }) };
    return new TargetReplicationManager({
      journal: this.journal,
      openRoot,
      queue: this.accept.queue,
      digest: toyDigest,
      ...(this.#brakes ? { brake } : {}),
    });
  }

  /** The table is as it was at the checkpoint, the replica as it happens to be now; with `draw`, of what is not on its disk what that says. */
  powerCut(draw?: (n: number) => number): void {
    if (draw === undefined) this.replica.sync();
    else this.replica.powerCut(draw);
    this.journal.powerCut();
    this.restart();
  }

  /** The agent was killed: what was in memory is gone. */
  restart(limits: Partial<AcceptLimits> = {}): void {
    this.replica.beforeChange = () => {};
    this.journal.beforeWrite = () => {};
    this.accept = new TargetCommunicationManager(limits);
    this.apply = this.#manager();
  }

  hello(over: Partial<Hello> = {}): Answer {
    const node = brand<NodeId>(100n);
    const hello: Hello = {
      version: '0',
      jobId: STREAM,
      jobName: 'job',
      streamId: this.streamId,
      epoch: this.epoch,
      oldest: position(1),
      next: position(1),
      applied: position(0),
      intent: 'replicate',
      machine: 'here',
      replicaBase: null,
      roots: [{ path: base64(ROOT_PATH), node }],
      ...this.says,
      ...over,
    };
    return greet(hello, { accept: this.accept, apply: this.apply, version: '0' });
  }

  /** Hands over records from a position on, `size` in a packet. */
  send(from: number, to = this.records.length, size = 7): void {
    for (let at = from; at <= to; at += size) {
      const part = this.records.slice(at - 1, Math.min(at + size - 1, to));
      const packet = { from: position(at), to: position(at + part.length - 1), epoch: this.epoch };
      this.accept.accept({ ...packet, records: concatBytes(part.map(encodeRecord)) }, this.nowMs);
    }
  }

  step(budget?: ApplyBudget): ApplyEffects {
    if (this.apply.awaitsCheckpoint) this.checkpoint();
    const effects = this.apply.applySome(this.nowMs, budget);
    this.replies.push(...effects.replies);
    this.events.push(...effects.events);
    this.accept.noteApplied(effects.applied, this.nowMs);
    return effects;
  }

  checkpoint(): void {
    const { applied, mark } = this.apply.mark();
    const undo = this.apply.brake.mark();
    this.replica.sync();
    this.apply.brake.synced(undo);
    this.journal.checkpointNow(mark, 0);
    this.apply.checkpointed(applied);
  }

  /** Applies all that is queued; fails where it cannot. */
  drain(budget?: ApplyBudget): void {
    while (this.accept.queued.records > 0) {
      const before = this.accept.queued.records;
      const { retryAtMs } = this.step(budget);
      if (this.accept.queued.records === before) throw new Error(`stuck, retry at ${retryAtMs}`);
    }
  }

  /** Everything said so far, from the first position or where the target stands. */
  run(records: readonly OperationRecord[], budget?: ApplyBudget): void {
    this.records = records;
    const next = position(this.records.length + 1);
    const known = this.apply.stream.streamId !== null;
    if (!known) this.hello({ next: position(1) });
    this.hello({ next });
    this.send(this.apply.stream.applied + 1);
    this.drain(budget);
  }

  /** Another job comes to a replica that is there already. */
  forget(): void {
    this.restart();
    this.journal.clear();
    this.restart();
    this.replies.length = 0;
  }

  /** The source has lost its queue; positions begin anew. */
  newStream(): void {
    this.streamId = this.streamId.replace(/.$/, (digit) => (digit === '1' ? '2' : '1'));
    this.hello();
    this.replies.length = 0;
  }

  /** Paths of files that no node of the source stands for. */
  strangers(): string[] {
    const known = new Set([...this.journal.load().nodes].map((binding) => binding.handle));
    const found: string[] = [];
    const visit = (folder: Handle, at: string): void => {
      for (const { name, handle } of this.replica.list(folder) ?? [])
        if (known.has(handle)) visit(handle, `${at}/${name}`);
        else found.push(`${at}/${name}`);
    };
    visit(this.replica.root, '');
    return found;
  }

  orphans(): string[] {
    return this.replies.flatMap((reply) => (reply.kind === 'orphan' ? [`/${fromBase64(reply.path)}`] : []));
  }

  tree(): Map<string, string> {
    return treeOf(this.replica);
  }

  limbo(): string[] {
    return (this.replica.list(this.replica.limbo) ?? []).map((entry) => entry.name).sort();
  }

  /** Where everything lies that is kept aside, beneath limbo: files, and directories with nothing in them. */
  aside(): string[] {
    const found: string[] = [];
    const visit = (folder: Handle, at: string): void => {
      for (const { name, handle } of this.replica.list(folder) ?? []) {
        if ((this.replica.list(handle) ?? []).length === 0) found.push(`${at}${name}`);
        else visit(handle, `${at}${name}/`);
      }
    };
    for (const kind of KEPT_KINDS) {
      const store = this.replica.entry(this.replica.limbo, kind as string as RawName);
      if (store !== null) visit(store.handle, `${kind}/`);
    }
    return found.sort();
  }
}

/** As ModelSource.tree describes its own. */
export function treeOf(replica: Reader): Map<string, string> {
  const paths = new Map<Handle, string[]>();
  const all: [string, Handle][] = [];
  const visit = (folder: Handle, at: string): void => {
    all.push([at === '' ? '/' : at, folder]);
    for (const { name, handle, attributes } of replica.list(folder) ?? [])
      if ((attributes.mode & 0o170000) === 0o040000) visit(handle, `${at}/${name}`);
      else {
        all.push([`${at}/${name}`, handle]);
        paths.set(handle, [...(paths.get(handle) ?? []), `${at}/${name}`]);
      }
  };
  visit(replica.root, '');
  return new Map(all.map(([path, handle]) => [path, describe(replica, handle, paths.get(handle) ?? [])]));
}

function describe(replica: Reader, handle: Handle, paths: string[]): string {
  const a = replica.attributes(handle);
  if (a === null) return 'gone';
  const link = replica.readLink(handle);
  const content =
    link === null ? toHex(replica.read(handle, 0, a.size) ?? new Uint8Array(0)) : String.fromCharCode(...link);
  const xattrs = (replica.xattrs(handle) ?? [])
    .map(([name, value]) => `${name}=${String.fromCharCode(...value)}`)
    .sort();
  const mode = link === null ? a.mode : 0o120640;
  const stray = paths.length > 0 && a.nlink !== paths.length ? ` +${a.nlink - paths.length} names elsewhere` : '';
  return (
    [mode.toString(8), a.uid, `${a.mtimeSec}.${a.mtimeNsec}`, content, xattrs, paths.sort().join('|')].join(' ') + stray
  );
}
