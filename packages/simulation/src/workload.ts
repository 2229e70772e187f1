/** Random applications: every verb over few names, so that calls meet each other. In: a seed's randomness. Out: changes of a file system. */
import { type RawName, rawFromText } from '@understudy/base';
import { FileError } from '@understudy/engine';
import {
  ACCESS_ACL,
  AclTag,
  DEFAULT_ACL,
  encodeAcl,
  FallocateMode,
  type MemoryFileSystem,
  PAGE,
} from '@understudy/interceptor/memory';
import { type NodeId, RenameFlag } from '@understudy/wire';
import { drawBurst } from './bursts.ts';
import type { SeededRandom } from './random.ts';

interface Spot {
  readonly parent: NodeId;
  readonly name: RawName;
  readonly node: NodeId;
}

/** What a call has to choose from. */
interface Draw {
  readonly one: Spot;
  readonly two: Spot;
  readonly directory: NodeId;
  readonly name: RawName;
  readonly data: Uint8Array;
  readonly offset: number;
}

const SPACE_BYTES = 40_000;
const MOST_FILES = 40;
/** Weight of each kind of call. */
const KINDS = {
  create: 2,
  mkdir: 2,
  symlink: 1,
  mknod: 1,
  link: 1,
  unlink: 2,
  rmdir: 1,
  rename: 4,
  exchange: 1,
  write: 3,
  append: 1,
  appendTwice: 1,
  truncate: 1,
  punch: 1,
  shift: 1,
  chmod: 1,
  chown: 1,
  utimens: 1,
  xattr: 1,
  removexattr: 1,
  tmpfile: 1,
  name: 1,
} as const;
/** Drawn only where the world says so. */
const FURTHER = { allocate: 2, zeroRange: 2, copyRange: 2, acl: 2, defaultAcl: 1, removeAcl: 1 } as const;
type Kind = keyof typeof KINDS | keyof typeof FURTHER;
const weighted = (kinds: Partial<Record<Kind, number>>): readonly Kind[] =>
  Object.entries(kinds).flatMap(([kind, weight]) => Array<Kind>(weight).fill(kind as Kind));
const SOME = weighted(KINDS);
const ALL = weighted({ ...KINDS, ...FURTHER });

export class Workload {
  readonly #fs: MemoryFileSystem;
  readonly #tops: readonly NodeId[];
  readonly #fixed: ReadonlySet<NodeId>;
  readonly #random: SeededRandom;
  readonly #kinds: readonly Kind[];
  readonly #changed: (node: NodeId) => void;
  readonly #unnamed: NodeId[] = [];
  /** What was done, for the report of a failure. */
  readonly steps: string[] = [];

  /** `changed` hears of every file whose content is about to be changed. */
  constructor(options: {
    readonly fs: MemoryFileSystem;
    readonly tops: readonly NodeId[];
    /** Directories whose names are left alone. */
    readonly fixed?: readonly NodeId[];
    readonly random: SeededRandom;
    /** Also space ahead, ranges of zeros and copied ones, access control lists. */
    readonly furtherVerbs?: boolean | undefined;
    readonly changed: (node: NodeId) => void;
  }) {
    this.#fs = options.fs;
    this.#tops = options.tops;
    this.#fixed = new Set(options.fixed ?? []);
    this.#random = options.random;
    this.#kinds = options.furtherVerbs === true ? ALL : SOME;
    this.#changed = options.changed;
  }

  get openUnnamed(): number {
    return this.#unnamed.length;
  }

  step(): void {
    const draw = this.#draw();
    const kind = this.#random.pick(this.#kinds) ?? 'write';
    const { one, directory, name } = draw;
    const ofTwo = kind === 'exchange' || kind === 'copyRange';
    const other = ofTwo ? `${draw.two.parent}/${draw.two.name}=${draw.two.node}` : `${directory}/${name}`;
    this.steps.push(`${kind} ${one.parent}/${one.name}=${one.node} ${other}`);
    try {
      this.#perform(kind, draw);
    } catch (error) {
      // What Linux would refuse the simulated file system refuses: that is no change, and no fault.
      if (!(error instanceof FileError)) throw error;
      this.steps.pop();
    }
  }

  /** Several calls that belong together; `did` hears of each that was executed. What is refused ends them. */
  burst(random: SeededRandom, did: () => void): void {
    const spots = this.#tops.flatMap((top) => this.#spots(top)).filter(({ node }) => !this.#fixed.has(node));
    // Mostly files, for most of what belongs together is written.
    const files = spots.filter(({ node }) => isRegular(this.#fs, node));
    const one = random.pick(files);
    const two = random.pick(random.chance(0.8) ? files : spots);
    const directory = random.pick(this.#tops);
    if (one === undefined || two === undefined || directory === undefined) return;
    for (const { says, touches, run } of drawBurst(this.#fs, { one, two, directory }, random)) {
      for (const node of touches()) this.#changed(node);
      try {
        run();
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        return;
      }
      this.steps.push(says);
      did();
    }
  }

  /** Files that are there from the beginning, and mostly left alone. */
  populate(files: number): void {
    const [top = this.#fs.root] = this.#tops;
    for (let i = 0; i < files; i += 1) {
      const file = this.#fs.create(top, rawFromText(`old${i}`), 0o600);
      this.#fs.write(file, 0, new Uint8Array(100 + 500 * i).fill(i + 1));
    }
  }

  /** Many files lose their content at once, as by a mistake or by malice; `did` hears of each call. */
  storm(random: SeededRandom, did: () => void): void {
    const spots = this.#tops.flatMap((top) => this.#spots(top)).filter(({ node }) => isRegular(this.#fs, node));
    const how = random.below(4);
    this.steps.push(`a storm: ${['deletes', 'overwrites', 'truncates', 'replaces'][how]}`);
    for (const { parent, name, node } of spots.slice(0, 3 + random.below(12))) {
      const other = random.pick(spots);
      const size = this.#fs.attributes(node)?.size ?? 0;
      const calls: readonly (() => unknown)[] = [
        () => this.#fs.unlink(parent, name),
        () => this.#fs.write(node, 0, new Uint8Array(size).fill(1 + random.below(250))),
        () => this.#fs.truncate(node, 0),
        () => other !== undefined && this.#fs.rename(parent, name, other.parent, other.name),
      ];
      this.#changed(node);
      this.#try(calls[how] ?? (() => {}), did);
    }
  }

  #try(call: () => unknown, did: () => void): void {
    try {
      call();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return;
    }
    did();
  }

  #draw(): Draw {
    const random = this.#random;
    const spots = this.#tops.flatMap((top) => this.#spots(top)).filter(({ node }) => !this.#fixed.has(node));
    const [top = this.#fs.root] = this.#tops;
    const directories = [...this.#tops, ...spots.filter((s) => this.#fs.list(s.node) !== null).map((s) => s.node)];
    const one = random.pick(spots) ?? { parent: top, name: rawFromText('n0'), node: top };
    return {
      one,
      two: random.pick(spots) ?? one,
      directory: random.pick(directories) ?? top,
      name: rawFromText(`n${random.below(7)}`),
      data: new Uint8Array(1 + random.below(6000)).fill(1 + random.below(250)),
      offset: random.below(SPACE_BYTES),
    };
  }

  #perform(kind: Kind, draw: Draw): void {
    if (!this.#performOnNames(kind, draw)) this.#performOnNodes(kind, draw);
  }

  #performOnNames(kind: Kind, { one, two, directory, name, data }: Draw): boolean {
    const fs = this.#fs;
    const random = this.#random;
    const full = fs.nodeCount > MOST_FILES;
    const calls: Partial<Record<Kind, () => unknown>> = {
      create: () => full || fs.create(directory, name, random.chance(0.1) ? 0o4755 : 0o640),
      mkdir: () => full || fs.mkdir(directory, name),
      symlink: () => full || fs.symlink(directory, name, data.subarray(0, 30)),
      mknod: () => full || fs.mknod(directory, name, 0o010644),
      link: () => fs.link(one.node, directory, name),
      unlink: () => fs.unlink(one.parent, one.name),
      rmdir: () => fs.rmdir(one.parent, one.name),
      rename: () => fs.rename(one.parent, one.name, directory, name),
      exchange: () => fs.rename(one.parent, one.name, two.parent, two.name, RenameFlag.exchange),
      tmpfile: () => full || this.#tmpfile(directory, data),
      name: () => this.#nameOne(directory, name),
    };
    const call = calls[kind];
    call?.();
    return call !== undefined;
  }

  #performOnNodes(kind: Kind, draw: Draw): void {
    const fs = this.#fs;
    const random = this.#random;
    const { one, data, offset } = draw;
    const { node } = one;
    this.#changed(node);
    const calls: Partial<Record<Kind, () => unknown>> = {
      write: () => fs.write(node, offset, data),
      append: () => fs.append(node, data),
      appendTwice: () => fs.append(node, data.subarray(0, 50)),
      truncate: () => fs.truncate(node, offset),
      punch: () => fs.fallocate(node, FallocateMode.punchHole | FallocateMode.keepSize, offset, data.length),
      shift: () => fs.fallocate(node, random.chance(0.5) ? FallocateMode.collapse : FallocateMode.insert, PAGE, PAGE),
      chmod: () => (isSymlink(fs, node) ? 0 : fs.chmod(node, 0o600 + random.below(0o200))),
      chown: () => fs.chown(node, random.below(3), random.below(3)),
      utimens: () => fs.utimens(node, { sec: 5, nsec: 6 }, { sec: random.below(1000), nsec: random.below(1e9) }),
      xattr: () => fs.setXattr(node, rawFromText(`user.k${random.below(3)}`), data.subarray(0, 40)),
      removexattr: () => fs.removeXattr(node, rawFromText(`user.k${random.below(3)}`)),
    };
    const call = calls[kind];
    if (call === undefined) this.#performFurther(kind, draw);
    else call();
  }

  #performFurther(kind: Kind, { one, two, data, offset }: Draw): void {
    const fs = this.#fs;
    const random = this.#random;
    const { node } = one;
    const keepSize = () => (random.chance(0.5) ? FallocateMode.keepSize : 0);
    const calls: Partial<Record<Kind, () => unknown>> = {
      allocate: () => fs.fallocate(node, keepSize(), offset, data.length),
      zeroRange: () => fs.fallocate(node, FallocateMode.zero | keepSize(), offset, data.length),
      copyRange: () => fs.copyRange(two.node, random.below(PAGE), node, offset, data.length),
      acl: () => fs.setXattr(node, ACCESS_ACL, drawAcl(random)),
      defaultAcl: () => fs.setXattr(node, DEFAULT_ACL, drawAcl(random)),
      removeAcl: () => fs.removeXattr(node, ACCESS_ACL),
    };
    calls[kind]?.();
  }

  #tmpfile(directory: NodeId, data: Uint8Array): void {
    const node = this.#fs.tmpfile(directory);
    this.#fs.write(node, 0, data);
    this.#unnamed.push(node);
  }

  #nameOne(directory: NodeId, name: RawName): void {
    const node = this.#unnamed.pop();
    if (node === undefined) return;
    try {
      if (this.#random.chance(0.7)) this.#fs.link(node, directory, name);
    } finally {
      this.#fs.close(node);
    }
  }

  #spots(from: NodeId): Spot[] {
    const found: Spot[] = [];
    for (const { name, node } of this.#fs.list(from) ?? [])
      found.push({ parent: from, name, node }, ...this.#spots(node));
    return found;
  }
}

function isRegular(fs: MemoryFileSystem, node: NodeId): boolean {
  return ((fs.attributes(node)?.mode ?? 0) & 0o170000) === 0o100000;
}

/** Linux has no way to change the mode of a symbolic link. */
function isSymlink(fs: MemoryFileSystem, node: NodeId): boolean {
  return ((fs.attributes(node)?.mode ?? 0) & 0o170000) === 0o120000;
}

/** Now and then one that says no more than a mode. */
function drawAcl(random: SeededRandom): Uint8Array {
  const permissions = () => random.below(8);
  const named = [
    { tag: AclTag.user, permissions: permissions(), id: random.below(3) },
    { tag: AclTag.group, permissions: permissions() },
    { tag: AclTag.mask, permissions: permissions() },
  ];
  return encodeAcl([
    { tag: AclTag.owner, permissions: permissions() },
    ...(random.chance(0.8) ? named : [{ tag: AclTag.group, permissions: permissions() }]),
    { tag: AclTag.others, permissions: permissions() },
  ]);
}
