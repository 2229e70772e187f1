/**
 * File systems mounted beneath a directory that is to be protected. In: the directory and which of them are wanted. Out: a plan,
 * outermost first: what becomes a root of ours and what is put in its place again as it is. Refused by name is what is wanted
 * and could be neither seen nor left out without a word.
 */
import { readFileSync, statSync } from 'node:fs';
import { printable, type RawName } from '@understudy/base';
import { InterceptorRefusal } from '@understudy/engine';
import { hiddenBy, mountedBeneath, twinOf } from './mount-tree.ts';
import { bufferOf, FUSE_TYPE, mountsOf, type SharedMount, within } from './mounts.ts';
import { demandNoOtherWay, demandNoUsers, demandOneMount, type Place, SUPPORTED } from './validate.ts';

export type Wanted = (mountPoint: RawName) => boolean;

export interface Plan {
  /** The directory itself first, then those beneath it. */
  readonly served: readonly Place[];
  readonly kept: readonly RawName[];
  /** Of those that were wanted and hold nothing which could be protected. */
  readonly warnings: readonly string[];
  /** Numbers of all mounts, ours not among them: another one that is hidden afterwards came in between. */
  readonly known: ReadonlySet<number>;
}

/** They show what the kernel or a program makes up; there is nothing in them to protect. */
const MADE_UP = new Set(
  (
    'proc sysfs autofs devtmpfs devpts mqueue cgroup cgroup2 debugfs tracefs securityfs hugetlbfs binfmt_misc configfs ' +
    'pstore bpf nsfs rpc_pipefs fusectl efivarfs selinuxfs'
  ).split(' '),
);

/** It holds nothing that could be protected. */
export const isMadeUp = ({ type }: SharedMount): boolean => MADE_UP.has(type);

/** Whether a mount beneath `directory` becomes a root or stays as it is. Throws InterceptorRefusal. */
export function fateOf(mount: SharedMount, directory: RawName, wanted: Wanted): 'serve' | 'keep' | 'made-up' {
  const shown = printable(mount.mountPoint);
  if (mount.type === FUSE_TYPE)
    throw new InterceptorRefusal(
      'already-mounted',
      `${shown} beneath ${printable(directory)} is protected by another agent already; release it there first`,
    );
  if (!wanted(mount.mountPoint)) return 'keep';
  if (isMadeUp(mount)) return 'made-up';
  if (!SUPPORTED.includes(mount.type))
    throw new InterceptorRefusal(
      'nested-mount',
      `${shown} (${mount.type}) is mounted beneath ${printable(directory)}, and the fuse interceptor supports ` +
        `${SUPPORTED.join(', ')}; exclude it from the job, unmount it, or use \`--intercept watch\``,
    );
  if (!statSync(bufferOf(mount.mountPoint)).isDirectory())
    throw new InterceptorRefusal(
      'nested-mount',
      `${shown} is a single file that is mounted beneath ${printable(directory)}; exclude it from the job, or unmount it`,
    );
  return 'serve';
}

/** `goes`: a cover that ours takes the place of. Throws InterceptorRefusal. */
export function planFor(path: RawName, wanted: Wanted, goes: SharedMount | null = null): Plan {
  const served = [demandOneMount(path, goes)];
  const mounts = mountsOf('self');
  const kept: RawName[] = [];
  const warnings: string[] = [];
  for (const mount of mountedBeneath(mounts, path)) {
    const fate = fateOf(mount, path, wanted);
    if (fate === 'serve') served.push(placeOf(mount, served[0] ?? null));
    else kept.push(mount.mountPoint);
    if (fate === 'made-up') warnings.push(uncoveredSentence(mount));
  }
  const known = new Set(mounts.map(({ id }) => id));
  return { served, kept, warnings, known };
}

function placeOf(mount: SharedMount, cover: Place | null): Place {
  return { path: mount.mountPoint, device: mount.device, inner: mount.root, mountId: mount.id, cover, goes: null };
}

export function uncoveredSentence(mount: SharedMount): string {
  return `${printable(mount.mountPoint)} (${mount.type}) is mounted beneath a protected directory and what lies there is not protected`;
}

/** Nobody could write past the mounts that are to come, or that have just come. Throws InterceptorRefusal. */
export function demandFree(plan: Plan, ownPids: readonly number[]): void {
  for (const place of plan.served) {
    demandNoOtherWay(place);
    demandNoUsers(place, ownPids);
  }
}

/** Once ours are there: they hide nothing but what the plan knew of, or it could not be seen any more. Throws InterceptorRefusal. */
export function demandNothingLost(path: RawName, plan: Plan): void {
  const mounts = mountsOf('self');
  const lost = mounts.find(
    (mount) => !plan.known.has(mount.id) && within(mount.mountPoint, path) && hiddenBy(mounts, mount, FUSE_TYPE),
  );
  if (lost === undefined) return;
  throw new InterceptorRefusal(
    'nested-mount',
    `${printable(lost.mountPoint)} was mounted while ${printable(path)} was being protected; try again`,
  );
}

/** What is to be seen mounted beneath one of our directories and is not of our making, with what it was put in the place of. */
export function strangersBeneath(path: RawName): { readonly mount: SharedMount; readonly twin: SharedMount | null }[] {
  const mounts = mountsOf('self');
  return mountedBeneath(mounts, path)
    .filter((mount) => mount.type !== FUSE_TYPE)
    .map((mount) => ({ mount, twin: twinOf(mounts, mount, FUSE_TYPE) }));
}

/** Tells when the mounts of this namespace have changed: the kernel offers a poll that Node does not, so the list is read again. */
export class MountWatch {
  readonly #timer: NodeJS.Timeout;
  #seen = '';

  constructor(changed: () => void, everyMs: number) {
    this.#timer = setInterval(() => {
      const now = readFileSync('/proc/self/mountinfo', 'latin1');
      if (now === this.#seen) return;
      this.#seen = now;
      changed();
    }, everyMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
