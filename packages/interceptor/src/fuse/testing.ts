/** A scratch world for the tests of this folder: directories on a real file system, an interceptor, and a way to leave nothing behind. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type RawName, rawFromText } from '@understudy/base';
import type { HoldTerms, ProtectedRoot } from '@understudy/engine';
import { createNodeCodec, openSourceTree } from '@understudy/filesystem';
import { decodeRecord, type OperationRecord, peekLength } from '@understudy/wire';
import { ReferenceReplay } from '../conformance/reference-replay.ts';
import { imageDifferences, imageOf, imageOfSource } from '../conformance/tree-image.ts';
import {
  type FilesOf,
  type FuseInterceptor,
  type FuseOptions,
  openFuseInterceptor,
  whyFuseCannotRun,
} from './index.ts';
import { mountHolding, mountsOf } from './mounts.ts';

export const filesOf: FilesOf = (rootFd, path, index) =>
  openSourceTree({ rootFd, path, codec: createNodeCodec(index) });

export interface Scratch {
  readonly top: string;
  readonly interceptor: FuseInterceptor;
  path(name: string): string;
  raw(name: string): RawName;
  /** Lets go of the interceptor and attaches anew. */
  reopen(): Promise<FuseInterceptor>;
  close(): Promise<void>;
}

/** Why these tests cannot run here, or null. They need a directory on ext4. */
export function whySkipped(): string | null {
  const why = whyFuseCannotRun();
  if (why !== null) return why;
  const type = mountHolding(mountsOf('self'), tmpdir())?.type;
  return type === 'ext4' ? null : `${tmpdir()} lies on ${type}, these tests need ext4`;
}

/** Cleans up where this process is interrupted or killed; one for all worlds of it, begun with the first. */
let reaper: ChildProcess | null = null;
function tellReaper(line: string): void {
  if (reaper === null) {
    const path = fileURLToPath(new URL('../../../../tools/reaper.mjs', import.meta.url));
    reaper = spawn(process.execPath, [path], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    reaper.unref();
    (reaper.stdin as Socket).unref();
  }
  reaper.stdin?.write(`${line}\n`);
}

/** The reaper knows servers by the ring that they have open. */
function tellRing(pid: number): void {
  for (const fd of readdirSync(`/proc/${pid}/fd`))
    if (readlinkSync(`/proc/${pid}/fd/${fd}`).includes('memfd:fsi-ring'))
      tellReaper(`ring ${statSync(`/proc/${pid}/fd/${fd}`).ino}`);
}

/** `base`: a directory on the file system to be tried. */
export async function scratch(options: Partial<FuseOptions> = {}, base = tmpdir()): Promise<Scratch> {
  const top = mkdtempSync(join(base, 'understudy-fuse-'));
  const path = (name: string) => join(top, name);
  for (const name of ['one', 'two']) mkdirSync(path(name));
  writeFileSync(path('file'), '');
  tellReaper(`root ${top}`);
  const open = async () => {
    const opened = await openFuseInterceptor({ directory: path('home'), filesOf, ...options });
    await opened.servers().then(({ holder }) => tellRing(holder));
    return opened;
  };
  let interceptor = await open();
  return {
    top,
    get interceptor() {
      return interceptor;
    },
    path,
    raw: (name) => rawFromText(path(name)),
    async reopen() {
      await interceptor.close(true);
      interceptor = await open();
      return interceptor;
    },
    async close() {
      const servers = await interceptor.servers().catch(() => null);
      await interceptor.close(false).catch(() => {});
      // What a failed test left: taken off by force, or nobody could remove the directory.
      for (const mount of mountsOf('self').reverse())
        if (mount.mountPoint.startsWith(`${top}/`)) execFileSync('umount', ['-l', mount.mountPoint]);
      for (const pid of servers === null ? [] : [servers.holder, servers.server]) endIfRunning(pid);
      rmSync(top, { recursive: true, force: true });
      tellReaper(`done ${top}`);
    },
  };
}

/** Only what is still one of ours: numbers are used again. */
function endIfRunning(pid: number): void {
  try {
    const command = readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
    if (command === 'fsid' || command === 'fsi-holder') process.kill(pid, 'SIGKILL');
  } catch {
    // Ended by itself.
  }
}

export function decodeAll(batch: Uint8Array): OperationRecord[] {
  const records: OperationRecord[] = [];
  for (let at = 0; at < batch.length; at += peekLength(batch, at)) {
    const record = decodeRecord(batch, at);
    records.push({ ...record, data: record.data.slice() });
  }
  return records;
}

/** Everything that is in the ring now. */
export function drainAll(interceptor: FuseInterceptor): OperationRecord[] {
  const records: OperationRecord[] = [];
  interceptor.drain((batch) => {
    records.push(...decodeAll(batch));
  });
  return records;
}

export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/**
 * What comes out of the ring is applied at once to a tree of each root. `settled` waits until all that was begun has been; a record that
 * did not fit fails it, and what comes behind it is drained unseen, or a full ring would be waited for without end.
 */
export function replayAll(interceptor: FuseInterceptor, roots: readonly ProtectedRoot[]) {
  const replays = roots.map((root) => ({ root, replay: new ReferenceReplay(root.files) }));
  let misfit: unknown = null;
  const drain = () =>
    interceptor.drain((batch) => {
      if (misfit !== null) return;
      try {
        for (const { root, replay } of replays) replay.applyBatch(batch, root.id);
      } catch (error) {
        misfit = error;
      }
    });
  interceptor.onReadable(drain);
  return {
    /** From now on calls on these roots wait; each is acknowledged as soon as its record is applied here. */
    hold(terms: HoldTerms): void {
      const acknowledge = () => {
        drain();
        for (const { root, replay } of replays) interceptor.hold.acknowledge(root.id, replay.last);
        interceptor.hold.settle();
      };
      interceptor.onReadable(acknowledge);
      interceptor.hold.onWaiting(acknowledge);
      for (const { id } of roots) interceptor.hold.set(id, terms);
    },
    async settled(): Promise<void> {
      const barrier = interceptor.barrier();
      while (!interceptor.passed(barrier)) await turn();
      drain();
      if (misfit !== null) throw misfit;
    },
    /** How the trees differ from what was built of their records. */
    differences(): string[] {
      return replays.flatMap(({ root, replay }) => [
        ...[...replay.dirty].map((node) => `node ${node} was noted as dirty`),
        ...imageDifferences(imageOfSource(root.files), imageOf(replay), { atime: false }),
      ]);
    },
  };
}

/** A shell that does something and waits for a line before it goes on. */
export interface ShellUser {
  readonly pid: number;
  readonly process: ChildProcessWithoutNullStreams;
  /** The next line it prints. */
  line(): Promise<string>;
  say(text: string): void;
  /** Its input ends, and with it every `read`. */
  end(): void;
}

export function startUser(script: string): ShellUser {
  const child = spawn('bash', ['-c', script], { cwd: '/' });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stderr.resume();
  return {
    pid: child.pid ?? 0,
    process: child,
    line: async () => String((await lines.next()).value ?? ''),
    say: (text) => child.stdin.write(`${text}\n`),
    end: () => child.stdin.end(),
  };
}

export async function ended(user: ShellUser): Promise<void> {
  if (user.process.exitCode === null && user.process.signalCode === null) await once(user.process, 'exit');
}
