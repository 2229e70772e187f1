/**
 * What the engine needs from the world. filesystem and interceptor implement these; apps/agent joins them.
 * Calls on files are synchronous: order is the product, and a call that yields would let operations pass it.
 */
import type { Brand, RawName } from '@understudy/base';
import type { Attributes, NodeId, Xattr } from '@understudy/wire';
import type { PowerCut } from './power-cut.ts';

export type { ActiveRegion, PowerCut, PowerCutRoot } from './power-cut.ts';

/** A condition of the file system, by its errno name; anything unexpected is an ordinary Error. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: string;
  /** The call that failed, for the log: `renameat2`. */
  readonly call: string;
  constructor(code: string, call: string, detail = '') {
    super(`${call}: ${code}${detail === '' ? '' : ` (${detail})`}`);
    this.code = code;
    this.call = call;
  }
}

// ---------------------------------------------------------------------------------------------------- source side

export interface SourceEntry {
  readonly name: RawName;
  readonly node: NodeId;
  readonly attributes: Attributes;
}

/** One protected root, read beneath the interceptor by node: a rename never loses the way. */
export interface SourceFiles {
  readonly rootNode: NodeId;
  /** null: the node is gone. */
  stat(node: NodeId): Attributes | null;
  entry(parent: NodeId, name: RawName): SourceEntry | null;
  /** When it was made (null: the file system does not say) and when anything of it last changed, ms; null: gone. Nobody can set these. */
  ages(node: NodeId): { readonly bornMs: number | null; readonly changedMs: number } | null;
  /** null: no such directory any more. `.` and `..` are left out. */
  openDirectory(node: NodeId): SourceDirectory | null;
  readLink(node: NodeId): Uint8Array | null;
  /** Null: gone. Throws FileError where it cannot be read. */
  xattrs(node: NodeId): Xattr[] | null;
  /** Regular files only. null: gone. Throws FileError (EACCES, EIO …) where it cannot be opened. */
  open(node: NodeId): SourceFile | null;
  /** The path at this moment, for people and for rules; null where it has none. */
  pathOf(node: NodeId): RawName | null;
  close(): void;
}

export interface SourceDirectory {
  /** Up to `max` further entries; an empty list is the end. Entries that vanish meanwhile are left out. */
  next(max: number): SourceEntry[];
  /** Names met since the last call whose file cannot be looked at (EIO, EUCLEAN …): they are no reason to stop at the others. */
  takeUnreadable(): readonly { readonly name: RawName; readonly error: FileError }[];
  close(): void;
}

export interface SourceFile {
  /** Bytes read; fewer than asked only at the end of the file. */
  read(offset: number, into: Uint8Array): number;
  /** The next stretch with data at or after `offset`, `null` where only holes follow. */
  dataAfter(offset: number): { readonly start: number; readonly end: number } | null;
  size(): number;
  /** Asks the kernel to read ahead; returns at once. */
  willNeed(offset: number, length: number): void;
  close(): void;
}

/** Promises a driver makes; the conformance suite tests each that is true, the job's status shows them. */
export interface InterceptorPromises {
  /** FSI2: records come in execution order across everything protected. */
  readonly order: boolean;
  /** Every modifying call is one record, with its data. Otherwise records come from notices and scans. */
  readonly everyCall: boolean;
  /** Stores through memory mappings are seen. */
  readonly mappedWrites: boolean;
  /** A call can be parked until the target has answered. */
  readonly hold: boolean;
  /** Its own processes may die without an error in an application. */
  readonly survivesCrash: boolean;
}

/** How calls that change something wait for the target (FSI4). */
export interface HoldTerms {
  /** Each call, or only those that ask for durability: fsync, fdatasync, msync, writes with O_SYNC. */
  readonly at: 'every-call' | 'fsync';
  /** When the answer does not come in time: wait on, go on without, or undo the call and answer an error. */
  readonly policy: 'suspend' | 'degrade' | 'abort';
  readonly limitMs: number;
}

export interface HeldCalls {
  readonly waiting: number;
  /** How long the oldest has waited. */
  readonly longestMs: number;
  /** Undone so far, and answered with an error. */
  readonly aborted: number;
  /** To be undone and could not be: they wait on. */
  readonly stuck: number;
  /** The driver let calls go by itself, because nobody was there to see the limit pass; `set` ends that. */
  readonly gaveUp: boolean;
}

/** Of a driver that promises `hold`. What is set and acknowledged outlives this process. */
export interface CallHold {
  /** null: calls are answered at once, those that wait now as well. */
  set(root: number, terms: HoldTerms | null): void;
  /** Every record of the root up to this sequence is acknowledged; `settle` tells those that wait for it. */
  acknowledge(root: number, through: number): void;
  settle(): void;
  calls(root: number): HeldCalls;
  /** Called as soon as a call waits. */
  onWaiting(listener: () => void): void;
}

/** How a root is opened: `held` is a lease that has never been confirmed. */
export type GateBeginning = 'open' | 'held' | 'read-only';

/** Who may change what is protected (FO3, SAFE6). Of a driver that sees each call before it is executed. What is set outlives this process. */
export interface WriteGate {
  /** Roots that are protected from now on begin like this, so that nothing comes before what `set…` says of them. */
  beginWith(how: GateBeginning): void;
  /** Whatever a lease says: calls that change something are answered EROFS, those that wait as well. Ending it leaves what the lease says. */
  setReadOnly(roots: readonly number[], on: boolean): void;
  /**
   * Calls that change something are executed, and answered, before this moment of CLOCK_BOOTTIME (ms); later ones wait until it is set
   * anew. null: there is no lease, and nothing waits.
   */
  setLease(roots: readonly number[], untilMs: number | null): void;
  /** `waiting`: calls that wait to be executed. `refused`: answered EROFS so far. */
  at(root: number): {
    readonly mode: 'open' | 'leased' | 'read-only';
    readonly waiting: number;
    readonly refused: number;
  };
}

export type InterceptorDriver = 'fuse' | 'watch' | 'memory';

/** Why a directory cannot be protected by a driver; `sentence` says what would help. */
export class InterceptorRefusal extends Error {
  override readonly name = 'InterceptorRefusal';
  readonly code:
    | 'no-privilege'
    | 'no-device'
    | 'not-a-directory'
    | 'missing'
    | 'open-for-writing'
    | 'mapped-for-writing'
    | 'working-directory'
    | 'other-mount'
    | 'nested-mount'
    | 'already-mounted'
    | 'forbidden-place'
    | 'overlaps'
    | 'unsupported-file-system'
    | 'swap-file'
    | 'failed';
  constructor(code: InterceptorRefusal['code'], sentence: string) {
    super(sentence);
    this.code = code;
  }
}

export interface ProtectedRoot {
  /** The `root` number of its records in the ring, unique in this agent while it lives. */
  readonly id: number;
  /** Absolute path of the protected directory. */
  readonly path: RawName;
  readonly files: SourceFiles;
  /** File systems mounted beneath it, each a root of its own, outermost first. A driver that goes into them by itself has none. */
  readonly nested?: readonly ProtectedRoot[];
  /** Where something is mounted beneath it that is not intercepted, outermost first. */
  readonly uncovered?: readonly RawName[];
  /** Those of them that can hold something to protect: what the kernel makes up is not among them. */
  readonly unseen?: readonly RawName[];
}

/** What became of a cookie on its way to the ring; `errno` by name, `what` for people. */
export type CookieOutcome =
  | { readonly written: true }
  | { readonly written: false; readonly errno: string; readonly what: string };

/** Taken before reading files: "what was executing then". */
export type Barrier = Brand<string, 'Barrier'>;

export interface Interceptor {
  readonly driver: InterceptorDriver;
  readonly promises: InterceptorPromises;
  readonly hold?: CallHold;
  /** Absent: the driver hears of changes afterwards, and can keep nobody from making them. */
  readonly gate?: WriteGate;
  /**
   * In place; the same directory: the same root. `wanted` mounts beneath (all, if nobody says): its `nested`. `forCover`: a read-only cover gives way, and nobody writes unseen. Throws InterceptorRefusal.
   */
  protect(directory: RawName, wanted?: (mount: RawName) => boolean, forCover?: boolean): Promise<ProtectedRoot>;
  /** Records end at once; `users` names the processes for which the mount has to stay a while as pass-through. */
  release(id: number): Promise<{ readonly unmounted: boolean; readonly users: readonly string[] }>;
  /** Who would keep the root's mount from going away now; empty: nobody. Drivers without mounts have none to ask. */
  usersOf?(id: number): readonly string[];
  /** Let go of, and mounted still for those who use them. */
  leaving?(): readonly ProtectedRoot[];
  /** What can change files of the root past the interceptor, in sentences. A driver that cannot be bypassed has none. */
  exposures?(id: number): Exposures;
  roots(): readonly ProtectedRoot[];
  /**
   * Hands every record now in the ring to `take` in order, in batches of whole encoded records (see wire's record.ts; `root` is a
   * ProtectedRoot id, sequence the ring's). The bytes are valid during the call only. Returns how many records there were.
   */
  drain(take: (records: Uint8Array) => void): number;
  /**
   * From now on records stay in the ring after they were drained, until `free` lets go of them: whoever drains after this process has
   * ended gets them once more. Where the ring ends with the process (`identity` is new then) they need not stay.
   */
  keepDrained(): void;
  /** Records with sequences up to this one are needed no longer. */
  free(through: number): void;
  /** Names the ring: with another identity nothing is known of what came before. */
  readonly identity: string;
  /** Called (never from within drain) when the ring may hold something. */
  onReadable(listener: () => void): void;
  /** Modifying calls that are executing now. `passed` is true once each of them has finished and is in the ring. */
  barrier(): Barrier;
  passed(barrier: Barrier): boolean;
  /**
   * Sends a cookie the way that an application's write takes; it comes out of the ring as `Verb.cookie` with this number. Settles when
   * the call has come back, which may be never; one at a time for each root. A driver whose records do not come from the calls has none.
   */
  cookie?(root: number, number: number): Promise<CookieOutcome>;
  /** How the ring before this one was lost, where the driver keeps an activity log and that knows; null: it does not, or was not lost. */
  readonly powerCut?: PowerCut | null;
  /**
   * All operations of a root up to this ring sequence are received by whoever they are for: once the source's file system is synced
   * they may leave the activity log. `now`: also what is in use.
   */
  settle?(root: number, through: number, now?: boolean): void;
  /** Events worth an administrator's eye: a crash survived, a bypass seen, a mount taken away. */
  onEvent(listener: (event: InterceptorEvent) => void): void;
  status(): {
    readonly ringBytes: number;
    readonly ringUsed: number;
    readonly restarts: number;
    readonly dirtyNotes: number;
    /** Why changes that bypass the interceptor go unnoticed; null: they are noticed, or it cannot be bypassed. */
    readonly tripwireOff?: string | null;
  };
  /** The agent lets go; what is protected goes on being intercepted (fuse) or not (watch), as `keep` says. */
  close(keep: boolean): Promise<void>;
}

export interface Exposures {
  /** The root is being looked through still. */
  readonly pending: boolean;
  readonly warnings: readonly string[];
}

export interface InterceptorEvent {
  /**
   * bypass: a change past the mount was seen. exposed: what could bypass it, or cannot be watched. log-broken: the activity log. put-back:
   * what became of calls that waited when all of the driver's processes died.
   */
  readonly kind:
    | 'crashed'
    | 'taken-over'
    | 'bypass'
    | 'exposed'
    | 'unmounted'
    | 'overflow'
    | 'log-broken'
    | 'put-back'
    | 'failed';
  readonly severity: 'information' | 'warning' | 'error';
  readonly root: number | null;
  readonly sentence: string;
}

// ---------------------------------------------------------------------------------------------------- target side

/** A file on the replica, however it is called now: the kernel's file handle, one char a byte. */
export type Handle = Brand<string, 'Handle'>;

export type RenameHow = 'replace' | 'no-replace' | 'exchange';

export interface ReplicaEntry {
  readonly name: RawName;
  readonly handle: Handle;
  readonly attributes: Attributes;
}

/**
 * One replica root. Every path is one name beneath a directory handle; nothing follows a symbolic link; `limbo` is a directory on
 * the same file system, beside the root, that readers of the replica do not see.
 * A handle whose file is gone: queries answer null, changes throw FileError ESTALE. Other failures throw FileError by errno name.
 */
export interface ReplicaFiles {
  readonly root: Handle;
  readonly limbo: Handle;
  attributes(handle: Handle): Attributes | null;
  /** When the file was made here, ms of this machine's clock; null, or no such call: nobody knows. */
  bornMs?(handle: Handle): number | null;
  /** Given by who opens it: what lies there and is none of the job's, though nobody confirms it; by its path beneath the root. */
  spared?: ((path: RawName, isDirectory: boolean) => boolean) | undefined;
  /** null: no such name. */
  entry(parent: Handle, name: RawName): ReplicaEntry | null;
  /** All names in a directory, without `.` and `..`; null: no such directory. */
  list(parent: Handle): ReplicaEntry[] | null;
  /** The same one by one, for directories of any size; none where there is no such directory. Who stops before the end calls `return`. */
  entries(parent: Handle): Generator<ReplicaEntry, undefined>;
  /** A new regular file; EEXIST where the name is taken. Mode, owner as given; times are not set. */
  createFile(parent: Handle, name: RawName, attributes: Attributes): Handle;
  makeDirectory(parent: Handle, name: RawName, attributes: Attributes): Handle;
  makeSymlink(parent: Handle, name: RawName, target: Uint8Array, attributes: Attributes): Handle;
  /** FIFO, socket, device. */
  makeNode(parent: Handle, name: RawName, attributes: Attributes): Handle;
  link(handle: Handle, parent: Handle, name: RawName): void;
  /** `replace` overwrites as rename(2) does. */
  rename(from: Handle, fromName: RawName, to: Handle, toName: RawName, how: RenameHow): void;
  unlink(parent: Handle, name: RawName): void;
  removeDirectory(parent: Handle, name: RawName): void;
  write(handle: Handle, offset: number, data: Uint8Array): void;
  /** Bytes at offset, fewer at the end of the file; null: gone. The result is valid until the next call. */
  read(handle: Handle, offset: number, length: number): Uint8Array | null;
  /** These bytes will be read soon: asks the disk for them and returns at once. Where it cannot it does nothing. */
  willNeed?(handle: Handle, offset: number, length: number): void;
  truncate(handle: Handle, size: number): void;
  /** fallocate(2); mode as in the record. */
  allocate(handle: Handle, mode: number, offset: number, length: number): void;
  /** The stretch becomes a hole where the file system can, zeros where not; the size stays unless it ends beyond it. */
  punch(handle: Handle, offset: number, length: number): void;
  setOwner(handle: Handle, uid: number, gid: number): void;
  /** Permission bits with setuid, setgid, sticky. Not for symbolic links. */
  setMode(handle: Handle, mode: number): void;
  setTimes(handle: Handle, times: Pick<Attributes, 'atimeSec' | 'atimeNsec' | 'mtimeSec' | 'mtimeNsec'>): void;
  setMtime(handle: Handle, sec: number, nsec: number): void;
  setXattr(handle: Handle, name: RawName, value: Uint8Array): void;
  /** No error where it is absent already. */
  removeXattr(handle: Handle, name: RawName): void;
  xattrs(handle: Handle): Xattr[] | null;
  readLink(handle: Handle): Uint8Array | null;
  /** Path from the replica's root, for people; null where it has none. */
  pathOf(handle: Handle): RawName | null;
  /** syncfs: everything applied so far is on disk. */
  sync(): void;
  /** The same without holding up the caller; rejects with FileError. */
  syncLater(): Promise<void>;
  close(): void;
}

// ------------------------------------------------------------------------------------------------------ machinery

export type DigestName = 'sha256' | 'blake3';

/** SHA-256 and friends, outside because their machinery is. 32 bytes each. */
export interface Digest {
  sha256(bytes: Uint8Array): Uint8Array;
  /** Where this machine has it. */
  readonly blake3?: (bytes: Uint8Array) => Uint8Array;
}

/** Decides by path (text as base's rawToText makes it, absolute on the source) what a job protects. */
export interface Scope {
  /** Everything beneath the root belongs to the job: no path need be looked at. */
  readonly whole: boolean;
  /** The interceptor's root is wider than the job's: its records speak of foreign files, too, and files come and go across the border. */
  readonly within?: boolean;
  /** `inside`: protected. `on-the-way`: a directory kept only because something protected may lie beneath. `outside`: not ours. */
  decide(path: string, isDirectory: boolean): 'inside' | 'on-the-way' | 'outside';
  /** Of a path that is outside: an earlier set of rules of this job took it in, and what the target has of it stays there. */
  stays?(path: string, isDirectory: boolean): boolean;
}
