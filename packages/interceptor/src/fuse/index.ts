/**
 * fuse: the interceptor that sees every call in order. In: directories on ext4, XFS, btrfs or tmpfs, root's privilege, /dev/fuse. Out: an Interceptor.
 * Promised: records in execution order with their data; applications survive the death of any one process of ours, this one
 * included. The servers live in native/linux; here is the driver that starts them or finds them running.
 */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { printable, type RawName, rawFromText } from '@understudy/base';
import { type InterceptorEvent, InterceptorRefusal } from '@understudy/engine';
import { event } from './events.ts';
import { type Greeting, HolderClient } from './holder-client.ts';
import { type FilesOf, FuseInterceptor } from './interceptor.ts';
import { LostRing } from './lost-ring.ts';
import { FUSE_TYPE, mountHolding, mountsOf } from './mounts.ts';
import { hexOf, nativeBinary, runNative } from './native.ts';
import { strangersBeneath } from './nested.ts';
import { NodeIndexReader } from './node-index.ts';
import { ParkedNames } from './parked-names.ts';
import { RingReader } from './ring-reader.ts';
import { RootsFile } from './roots-file.ts';
import { type HolderStart, startHolder } from './start-holder.ts';
import { demandPrivilege } from './validate.ts';

export type { FilesOf, FuseInterceptor } from './interceptor.ts';
export { announce, whoHas } from './neighbour.ts';

export interface FuseOptions {
  /** Where the driver keeps its socket and its list: the agent's home, `fsi` beneath it. Made where it is missing. */
  readonly directory: string;
  /** Bytes of the ring, a power of two from 4 MiB up. Only for a holder that is started now; 64 MiB. */
  readonly ringBytes?: number;
  /** `dirty`: note what was changed and answer (default). `block`: applications wait for room. */
  readonly onFull?: 'dirty' | 'block';
  /** Another build of the native part. */
  readonly binary?: string;
  /** How to read a protected root beneath the mount; the descriptor stays the driver's, take a copy of it. */
  readonly filesOf: FilesOf;
  /** Directories that must not be mounted over, nor anything that holds them; `directory` is one by itself. */
  readonly homes?: readonly RawName[];
  /** What starts a unit for the holder; null: nothing. Left out: systemd-run, where systemd runs this agent. */
  readonly unitStarter?: string | null;
}

const DEFAULT_RING = 64 << 20;
const LEAST_RING = 4 << 20;

/** Attaches to the servers of this directory where they run, starts them where not. Throws InterceptorRefusal. */
export async function openFuseInterceptor(options: FuseOptions): Promise<FuseInterceptor> {
  demandPrivilege();
  const ringBytes = options.ringBytes ?? DEFAULT_RING;
  if (!Number.isInteger(Math.log2(ringBytes)) || ringBytes < LEAST_RING)
    throw new InterceptorRefusal(
      'failed',
      `a ring of ${ringBytes} bytes is not possible; give a power of two from 4 MiB up`,
    );
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const binary = options.binary ?? nativeBinary();
  const rootsFile = new RootsFile(directory);
  const lostRing = new LostRing(directory);
  const early: InterceptorEvent[] = [];
  const { client, greeting } =
    (await HolderClient.open(directory)) ??
    (await start(
      {
        binary,
        directory,
        settings: [String(ringBytes), options.onFull ?? 'dirty'],
        ...(options.unitStarter === undefined ? {} : { unitStarter: options.unitStarter }),
      },
      rootsFile,
      early,
      lostRing,
    ));
  try {
    const ring = new RingReader(`/proc/${greeting.holderPid}/fd/${greeting.ringFd}`);
    const index = new NodeIndexReader(`/proc/${greeting.holderPid}/fd/${greeting.stateFd}`);
    early.push(...lost(rootsFile, greeting));
    lostRing.identified(ring.identity);
    const homes = [rawFromText(directory), ...(options.homes ?? [])];
    const { filesOf } = options;
    const parkedNames = new ParkedNames(directory);
    return new FuseInterceptor(
      { ...{ binary, directory, homes, client, greeting, ring, index, rootsFile, filesOf, lostRing }, parkedNames },
      early,
    );
  } catch (error) {
    client.close();
    throw error;
  }
}

async function start(
  holder: HolderStart,
  rootsFile: RootsFile,
  early: InterceptorEvent[],
  lostRing: LostRing,
): Promise<{ client: HolderClient; greeting: Greeting }> {
  const { generation } = lostRing.begin(rootsFile.entries());
  await clearDeadMounts(holder.binary, rootsFile, early);
  const { ran, withoutUnit } = await startHolder({ ...holder, settings: [...holder.settings, String(generation)] });
  if (withoutUnit !== null)
    early.push(
      event(
        'exposed',
        'warning',
        null,
        `the interceptor’s processes got no unit of their own (${withoutUnit}): if both die at once, applications see errors`,
      ),
    );
  const opened = ran.code === 0 ? await HolderClient.open(holder.directory) : null;
  if (opened === null)
    throw new InterceptorRefusal(
      'failed',
      `the interceptor’s holder did not start: ${ran.output || `exit ${ran.code}`}`,
    );
  return opened;
}

/** Both servers died at once, or the machine was not shut down: what they served answers nobody and hides the files. */
async function clearDeadMounts(binary: string, rootsFile: RootsFile, early: InterceptorEvent[]): Promise<void> {
  const isDead = (path: RawName): boolean => {
    const mount = mountHolding(mountsOf('self'), path);
    return mount !== null && mount.type === FUSE_TYPE && mount.mountPoint === path;
  };
  const dead = rootsFile.entries().filter(([, path]) => isDead(path));
  // Outermost first: what is mounted beneath goes with it.
  for (const [id, path] of dead.sort(([, a], [, b]) => a.length - b.length)) {
    const strangers = strangersBeneath(path).filter(({ twin }) => twin === null);
    const lost = strangers.map(({ mount }) => `; ${printable(mount.mountPoint)} went with it, mount it again`).join('');
    const code = isDead(path) ? (await runNative(binary, ['unmount', hexOf(path), 'lazily'])).code : 0;
    const what =
      code === 0 ? `its dead mount was taken off${lost}` : `its dead mount cannot be taken off (error ${code})`;
    early.push(event('unmounted', 'error', id, `the servers of ${printable(path)} were gone; ${what}`));
  }
  for (const [id] of rootsFile.entries()) rootsFile.remove(id);
}

/** Roots that were unmounted while no agent was there to hear it. */
function lost(rootsFile: RootsFile, greeting: Greeting): InterceptorEvent[] {
  const held = new Set(greeting.roots.map((root) => root.id));
  const events: InterceptorEvent[] = [];
  for (const [id, path] of rootsFile.entries()) {
    if (held.has(id)) continue;
    rootsFile.remove(id);
    events.push(event('unmounted', 'error', id, `${printable(path)} was unmounted while no agent was running`));
  }
  return events;
}

/** Why this driver cannot run here, or null. */
export function whyFuseCannotRun(): string | null {
  try {
    demandPrivilege();
    nativeBinary();
    return null;
  } catch (error) {
    return error instanceof InterceptorRefusal ? error.message : String(error);
  }
}
