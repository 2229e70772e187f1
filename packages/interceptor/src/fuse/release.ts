/**
 * How roots go. In: which root is to be let go of, and what the kernel says of mounts that went. Out: no records from then on; the
 * mount off as soon as nobody uses it, and the names of those who do.
 * Promised: a directory with file systems mounted beneath it is taken off in one step, so that at no moment it shows itself
 * without them; and while anybody uses any of it, all of it stays as pass-through.
 */
import { printable } from '@understudy/base';
import type { InterceptorEvent } from '@understudy/engine';
import type { CookieWriter } from './audit.ts';
import { event } from './events.ts';
import type { FuseParts } from './interceptor.ts';
import { mountedBeneath, mountHolding } from './mount-tree.ts';
import { FUSE_TYPE, mountsOf } from './mounts.ts';
import { hexOf, runNative } from './native.ts';
import { strangersBeneath } from './nested.ts';
import type { Root, Roots } from './roots.ts';
import { describeUser, usersOf } from './users.ts';

const BUSY = 16;
const RETRY_UNMOUNT_MS = 1000;
const GONE_WITHIN_MS = 2000;

export interface Surroundings {
  readonly parts: FuseParts;
  readonly roots: Roots;
  ownPids(): readonly number[];
  /** What writes through the mounts for the self-audit. */
  readonly cookies: CookieWriter;
  tell(event: InterceptorEvent): void;
  /** Not while something else is being protected or released. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

export class Release {
  readonly #around: Surroundings;
  readonly #gone = new Map<number, () => void>();
  readonly #retries = new Map<number, NodeJS.Timeout>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  async release(id: number): Promise<{ unmounted: boolean; users: readonly string[] }> {
    const root = this.#around.roots.get(id);
    if (root === undefined) return { unmounted: true, users: [] };
    if (!root.released) await this.#around.parts.client.ask(`silence ${id}`);
    root.released = true;
    await this.#around.cookies.rest(id);
    if (root.detached) return { unmounted: false, users: [] };
    const family = this.#around.roots.family(root);
    // It goes with the others, when the last of them is released.
    if (family.some((each) => !each.released)) return { unmounted: false, users: [] };
    if (await this.#unmount(family)) return { unmounted: true, users: [] };
    this.retry(root);
    return { unmounted: false, users: this.#usersOf(family) };
  }

  /** Who keeps the root, and what was mounted together with it, from going. */
  usersOf(id: number): readonly string[] {
    const root = this.#around.roots.get(id);
    return root === undefined || root.detached ? [] : this.#usersOf(this.#around.roots.family(root));
  }

  /** Records begin again: nobody is waited for any more. */
  resumed(root: Root): void {
    for (const each of this.#around.roots.family(root)) {
      clearTimeout(this.#retries.get(each.id));
      this.#retries.delete(each.id);
    }
  }

  retry(root: Root): void {
    const timer = setTimeout(() => {
      this.#around.inTurn(() => this.#tryAgain(root)).catch(() => {});
    }, RETRY_UNMOUNT_MS);
    timer.unref();
    clearTimeout(this.#retries.get(root.id));
    this.#retries.set(root.id, timer);
  }

  /** The kernel has let go of a mount. */
  wentAway(id: number, recording: boolean): void {
    const { roots, tell } = this.#around;
    this.#gone.get(id)?.();
    this.#gone.delete(id);
    const root = roots.get(id);
    if (root?.detached === true) {
      tell(
        event('unmounted', 'information', id, `the last user of the former mount of ${printable(root.path)} has gone`),
      );
      roots.remove(root);
      return;
    }
    if (root === undefined || !recording || root.released) return;
    const what = `${printable(root.path)} was unmounted by someone else and is not protected any more`;
    const still =
      root.parent === null
        ? ''
        : '; the file system itself is mounted beneath still and shows again once the job is stopped';
    tell(event('unmounted', 'error', id, `${what}${still}`));
    roots.remove(root);
  }

  close(): void {
    for (const timer of this.#retries.values()) clearTimeout(timer);
  }

  async #tryAgain(root: Root): Promise<void> {
    const { roots, tell } = this.#around;
    const family = roots.family(root);
    if (roots.get(root.id) !== root || root.detached || family.some((each) => !each.released)) return;
    if (!(await this.#unmount(family))) return this.retry(root);
    for (const { id, path } of family)
      tell(event('unmounted', 'information', id, `${printable(path)} is unmounted: its last user has gone`));
  }

  /** True where it is off and the holder has let go of it. */
  async #unmount(family: readonly Root[]): Promise<boolean> {
    const head = family[0];
    if (head === undefined) return true;
    const mounts = mountsOf('self');
    const holding = mountHolding(mounts, head.path);
    const there = holding?.type === FUSE_TYPE && holding.mountPoint === head.path;
    const single = mountedBeneath(mounts, head.path).length === 0;
    if (there && !single && this.#usersOf(family).length > 0) return false;
    const waits = family.map(({ id }) => new Promise<void>((resolve) => this.#gone.set(id, resolve)));
    if (there) {
      const lazily = single ? [] : ['lazily'];
      const ran = await runNative(this.#around.parts.binary, ['unmount', hexOf(head.path), ...lazily]);
      if (ran.code === BUSY) return false;
    }
    // Anything else than done: it is not mounted any more, and the kernel tells the server so as well.
    const late = new Promise<void>((resolve) => setTimeout(resolve, GONE_WITHIN_MS).unref());
    await Promise.race([Promise.all(waits), late]);
    for (const root of family) await this.#settle(root, single);
    return true;
  }

  async #settle(root: Root, single: boolean): Promise<void> {
    const { parts, roots, tell } = this.#around;
    if (single || !this.#gone.has(root.id)) {
      this.#gone.delete(root.id);
      this.#retries.delete(root.id);
      await parts.client.ask(`drop ${root.id}`);
      parts.parkedNames.left(root.path);
      roots.remove(root);
      return;
    }
    root.detached = true;
    const what = `a process began to use ${printable(root.path)} in the moment in which it was unmounted`;
    tell(
      event('exposed', 'warning', root.id, `${what}; it is served until that process closes what it holds open there`),
    );
  }

  /** Who is in the way of unmounting: processes, and file systems that were mounted on ours meanwhile. */
  #usersOf(family: readonly Root[]): string[] {
    const { roots, ownPids } = this.#around;
    const head = family[0];
    if (head === undefined) return [];
    const mounts = mountsOf('self');
    const found: string[] = [];
    for (const { mount, twin } of strangersBeneath(head.path))
      if (twin === null) found.push(`${printable(mount.mountPoint)} (${mount.type}, mounted there since)`);
    for (const other of roots.beneath(head.path))
      if (!family.includes(other)) found.push(`${printable(other.path)} (protected by itself)`);
    for (const root of family) {
      const mount = mountHolding(mounts, root.path);
      if (mount === null || mount.type !== FUSE_TYPE) continue;
      const users = usersOf({ device: mount.device, inner: '/', readers: true, except: ownPids() });
      found.push(...users.map(describeUser));
    }
    return [...new Set(found)];
  }
}
