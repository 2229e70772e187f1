/**
 * How directories come under protection. In: a directory and which of the file systems mounted beneath it are wanted. Out: its root, with
 * all of them mounted over in one step; or a refusal, and then nothing has changed. A read-only cover of the agent's that is to give way goes
 * in the moment in which ours is there; where the kernel cannot do that, or something is mounted beneath, it goes before.
 */
import { printable, type RawName } from '@understudy/base';
import { InterceptorRefusal, type ProtectedRoot } from '@understudy/engine';
import { coverAt, uncover } from '@understudy/filesystem';
import { event, parkedEvents, refusalOf } from './events.ts';
import { mountedBeneath } from './mount-tree.ts';
import { FUSE_TYPE, mountHolding, mountsOf, type SharedMount, within } from './mounts.ts';
import { hexOf, runNative } from './native.ts';
import { demandFree, demandNothingLost, fateOf, type Plan, planFor, strangersBeneath, type Wanted } from './nested.ts';
import type { Release, Surroundings } from './release.ts';
import type { Root } from './roots.ts';
import { demandDirectory, demandNoOverlap, demandPrivilege } from './validate.ts';

export class Protection {
  readonly #around: Surroundings;
  readonly #release: Release;

  constructor(around: Surroundings, release: Release) {
    this.#around = around;
    this.#release = release;
  }

  async protect(directory: RawName, wanted: Wanted, forCover: boolean): Promise<ProtectedRoot> {
    demandPrivilege();
    const path = demandDirectory(directory, this.#around.parts.homes);
    this.#demandNoFormer(path);
    const same = this.#around.roots.all().find((root) => root.path === path);
    if (same === undefined) return this.#protectAnew(path, wanted, forCover);
    if (same.released) await this.#resume(same);
    await this.#protectBeneath(same, wanted);
    return same;
  }

  async #protectAnew(path: RawName, wanted: Wanted, forCover = false): Promise<Root> {
    const ours = mountHolding(mountsOf('self'), path)?.type === FUSE_TYPE;
    const overlapping = this.#around.roots.all().filter((root) => ours || !within(path, root.path));
    demandNoOverlap(
      path,
      overlapping.map((root) => root.path),
    );
    let plan = planFor(path, wanted, forCover ? coverThatGoes(path) : null);
    demandFree(plan, this.#around.ownPids());
    for (const place of plan.served) await this.#putBack(place.path);
    let mounted = await this.#mount(path, plan);
    if (mounted === null) {
      uncover(path);
      plan = planFor(path, wanted);
      mounted = await this.#mount(path, plan);
    }
    if (mounted === null) throw new InterceptorRefusal('failed', `${printable(path)} cannot be mounted over`);
    const [head, ...nested] = mounted;
    try {
      demandFree(plan, this.#around.ownPids());
      demandNothingLost(path, plan);
    } catch (error) {
      // Someone slipped in between the first look and the mount.
      for (const { id } of [...nested, head]) await this.#release.release(id);
      throw error;
    }
    for (const warning of plan.warnings) this.#around.tell(event('exposed', 'warning', head.id, warning));
    return head;
  }

  /** What calls had taken away when everything of ours died: nobody could be answered, and what they did is undone. */
  async #putBack(path: RawName): Promise<void> {
    const found = await this.#around.parts.parkedNames.putBack(path, (other) =>
      this.#around.roots.all().some((root) => root.path === other),
    );
    if (found !== null) for (const one of parkedEvents(found)) this.#around.tell(one);
  }

  /** What is mounted beneath and wanted, though it was not when the directory was protected, or was not there yet. */
  async #protectBeneath(root: Root, wanted: Wanted): Promise<void> {
    for (const nested of this.#around.roots.beneath(root.path))
      if (nested.released && wanted(nested.path)) await this.#resume(nested);
    for (const { mount } of strangersBeneath(root.path)) {
      const covered = mountHolding(mountsOf('self'), mount.mountPoint)?.type === FUSE_TYPE;
      if (!covered && fateOf(mount, root.path, wanted) === 'serve') await this.#protectAnew(mount.mountPoint, wanted);
    }
  }

  /** A process that holds on to a former mount would write past the new one. */
  #demandNoFormer(path: RawName): void {
    const former = this.#around.roots
      .all()
      .find((root) => root.detached && (within(root.path, path) || within(path, root.path)));
    if (former === undefined) return;
    throw new InterceptorRefusal(
      'open-for-writing',
      `a process uses the former mount of ${printable(former.path)} still, and what it writes would pass unseen; ` +
        'stop what used the directory when it was released, then protect it',
    );
  }

  /** Released, but its users never went: it is mounted still, so records may simply begin again. */
  async #resume(root: Root): Promise<void> {
    const answer = await this.#around.parts.client.ask(`record ${root.id}`);
    if (answer !== 'ok') throw new InterceptorRefusal('failed', `${printable(root.path)}: ${answer}`);
    this.#release.resumed(root);
    this.#around.cookies.goOn(root.id);
    root.released = false;
  }

  /** Null: the kernel cannot mount beneath the cover, and nothing has changed. */
  async #mount(path: RawName, plan: Plan): Promise<[Root, ...Root[]] | null> {
    const { binary, directory, rootsFile } = this.#around.parts;
    const ids: number[] = [];
    for (const place of plan.served) {
      const id = this.#around.roots.nextId(ids);
      rootsFile.add(id, place.path, ids[0] ?? null);
      ids.push(id);
    }
    const ran = await runNative(binary, argumentsFor(directory, plan, ids));
    if (ran.code !== 0 || !ran.output.startsWith('ok')) {
      for (const id of ids) rootsFile.remove(id);
      if (ran.output.startsWith('refused no-beneath')) return null;
      throw refusalOf(ran.output, path);
    }
    const greeting = await this.#around.parts.client.greeting();
    const adopted: Root[] = [];
    for (const held of greeting.roots)
      if (ids.includes(held.id)) adopted.push(this.#around.roots.adopt(held, greeting.holderPid, false));
    const [head, ...nested] = adopted.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
    if (head !== undefined && adopted.length === ids.length) return [head, ...nested];
    for (const root of adopted.reverse()) await this.#release.release(root.id);
    throw new InterceptorRefusal('failed', `${printable(path)} was unmounted while it was being protected; try again`);
  }
}

function argumentsFor(directory: string, plan: Plan, ids: readonly number[]): string[] {
  const parts = plan.served.map(({ path }, index) => ({ path, text: `serve:${ids[index]}:${hexOf(path)}` }));
  const [head] = plan.served;
  if (head !== undefined && parts.length + plan.kept.length === 1)
    return ['mount', directory, String(ids[0]), hexOf(head.path), ...(head.goes === null ? [] : ['beneath'])];
  const kept = plan.kept.map((path) => ({ path, text: `keep:${hexOf(path)}` }));
  const all = [...parts, ...kept].sort((a, b) => a.path.length - b.path.length);
  return ['mount-tree', directory, ...all.map(({ text }) => text)];
}

/** A cover under which file systems are mounted shows copies of them: it is taken away before. */
function coverThatGoes(path: RawName): SharedMount | null {
  const mounts = mountsOf('self');
  const cover = coverAt(path, mounts);
  if (cover === null) return null;
  if (mountedBeneath(mounts, path).length === 0) return mounts.find(({ id }) => id === cover.id) ?? null;
  uncover(path);
  return null;
}
