/** Random applications: every verb over few names, so that calls meet each other. In: a seed's randomness. Out: changes of a file system. */
import { type RawName, rawFromText } from '@understudy/base';
import { FileError } from '@understudy/engine';
import type { MemoryFileSystem } from '@understudy/interceptor/memory';
import { type NodeId, RenameFlag } from '@understudy/wire';
import type { SeededRandom } from './random.ts';

interface Spot {
  readonly parent: NodeId;
  readonly name: RawName;
  readonly node: NodeId;
}

const SPACE_BYTES = 40_000;

export class Workload {
  readonly #fs: MemoryFileSystem;
  readonly #top: NodeId;
  readonly #random: SeededRandom;
  readonly #unnamed: NodeId[] = [];
  /** What was done, for the report of a failure. */
  readonly steps: string[] = [];

  constructor(fs: MemoryFileSystem, top: NodeId, random: SeededRandom) {
    this.#fs = fs;
    this.#top = top;
    this.#random = random;
  }

  step(): void {
    const kinds = [
      'create',
      'create',
      'mkdir',
      'symlink',
      'mknod',
      'link',
      'unlink',
      'unlink',
      'rmdir',
      'rename',
      'rename',
      'rename',
      'exchange',
      'write',
      'write',
      'write',
      'append',
      'truncate',
      'punch',
      'chmod',
      'chown',
      'utimens',
      'xattr',
      'tmpfile',
      'name',
    ] as const;
    const kind = this.#random.pick(kinds) ?? 'write';
    try {
      this.#perform(kind);
    } catch (error) {
      // What Linux would refuse the simulated file system refuses: that is no change, and no fault.
      if (!(error instanceof FileError)) throw error;
    }
  }

  #perform(kind: string): void {
    const random = this.#random;
    const spots = this.#spots(this.#top);
    const one = random.pick(spots) ?? { parent: this.#top, name: rawFromText('n0'), node: this.#top };
    const two = random.pick(spots) ?? one;
    const directories = [this.#top, ...spots.filter((s) => this.#fs.list(s.node) !== null).map((s) => s.node)];
    const directory = random.pick(directories) ?? this.#top;
    const name = rawFromText(`n${random.below(7)}`);
    this.steps.push(`${kind} ${one.node} ${one.name} ${directory}/${name}`);
    const data = new Uint8Array(1 + random.below(6000)).fill(1 + random.below(250));
    const offset = random.below(SPACE_BYTES);
    const { fs } = this;
    const calls: Record<string, () => unknown> = {
      create: () => fs.create(directory, name, random.chance(0.1) ? 0o4755 : 0o640),
      mkdir: () => fs.mkdir(directory, name),
      symlink: () => fs.symlink(directory, name, data.subarray(0, 30)),
      mknod: () => fs.mknod(directory, name, 0o010644),
      link: () => fs.link(one.node, directory, name),
      unlink: () => fs.unlink(one.parent, one.name),
      rmdir: () => fs.rmdir(one.parent, one.name),
      rename: () => fs.rename(one.parent, one.name, directory, name),
      exchange: () => fs.rename(one.parent, one.name, two.parent, two.name, RenameFlag.exchange),
      write: () => fs.write(one.node, offset, data),
      append: () => fs.append(one.node, data),
      truncate: () => fs.truncate(one.node, offset),
      punch: () => fs.fallocate(one.node, 3, offset, data.length),
      chmod: () => (isSymlink(fs, one.node) ? 0 : fs.chmod(one.node, 0o600 + random.below(0o200))),
      chown: () => fs.chown(one.node, random.below(3), random.below(3)),
      utimens: () => fs.utimens(one.node, { sec: 5, nsec: 6 }, { sec: random.below(1000), nsec: random.below(1e9) }),
      xattr: () => fs.setXattr(one.node, rawFromText(`user.k${random.below(3)}`), data.subarray(0, 40)),
      tmpfile: () => this.#tmpfile(directory, data),
      name: () => this.#nameOne(directory, name),
    };
    calls[kind]?.();
  }

  get fs(): MemoryFileSystem {
    return this.#fs;
  }

  #tmpfile(directory: NodeId, data: Uint8Array): void {
    const node = this.#fs.tmpfile(directory);
    this.#fs.write(node, 0, data);
    this.#unnamed.push(node);
  }

  #nameOne(directory: NodeId, name: RawName): void {
    const node = this.#unnamed.pop();
    if (node === undefined) return;
    if (this.#random.chance(0.7)) this.#fs.link(node, directory, name);
    this.#fs.close(node);
  }

  #spots(from: NodeId): Spot[] {
    const found: Spot[] = [];
    for (const { name, node } of this.#fs.list(from) ?? [])
      found.push({ parent: from, name, node }, ...this.#spots(node));
    return found;
  }
}

/** Linux has no way to change the mode of a symbolic link. */
function isSymlink(fs: MemoryFileSystem, node: NodeId): boolean {
  return ((fs.attributes(node)?.mode ?? 0) & 0o170000) === 0o120000;
}
