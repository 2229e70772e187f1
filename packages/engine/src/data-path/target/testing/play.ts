/**
 * Arbitrary numbers played on a model source: few names and few folders, so that everything collides with everything.
 */
import {
  DIRECTORY,
  FIFO,
  isFile,
  isFolder,
  isWithin,
  type ModelNode,
  ModelSource,
  REGULAR,
  SYMLINK,
} from './model-source.ts';

export interface Move {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

const NAMES = ['a', 'b', 'c', 'd\xff'];
const pick = <T>(items: readonly T[], n: number): T | undefined => items[n % Math.max(items.length, 1)];
const nameOf = (n: number): string => pick(NAMES, n) ?? 'a';

/** The model after the moves, and what it said; nameless files are kept for a later link. */
export class Play {
  readonly source: ModelSource;
  readonly nameless: ModelNode[] = [];

  constructor(source = new ModelSource()) {
    this.source = source;
  }

  make(move: Move): void {
    const moves = [
      this.#create,
      this.#create,
      this.#mkdir,
      this.#mkdir,
      this.#special,
      this.#link,
      this.#unlink,
      this.#unlink,
      this.#rename,
      this.#rename,
      this.#rename,
      this.#exchange,
      this.#write,
      this.#write,
      this.#resize,
      this.#shift,
      this.#metadata,
      this.#temporary,
      this.#nameTemporary,
      this.#replaceBySave,
    ];
    moves[move.kind % moves.length]?.call(this, move);
  }

  #folder(n: number): ModelNode {
    return pick(this.source.folders(), n) ?? this.source.root;
  }

  #file(n: number): ModelNode | undefined {
    return pick(this.source.all().filter(isFile), n);
  }

  /** Some existing name. */
  #name(n: number): [ModelNode, string, ModelNode] | undefined {
    const names: [ModelNode, string, ModelNode][] = [];
    for (const folder of this.source.folders())
      for (const [name, node] of folder.children) names.push([folder, name, node]);
    return pick(names, n);
  }

  #create({ a, b }: Move): void {
    const folder = this.#folder(a);
    if (!folder.children.has(nameOf(b))) this.source.make(folder, nameOf(b), REGULAR);
  }

  #mkdir({ a, b }: Move): void {
    const folder = this.#folder(a);
    if (!folder.children.has(nameOf(b))) this.source.make(folder, nameOf(b), DIRECTORY);
  }

  #special({ a, b, c }: Move): void {
    const folder = this.#folder(a);
    if (folder.children.has(nameOf(b))) return;
    if (c % 2 === 0) this.source.make(folder, nameOf(b), SYMLINK, `to-${c}`);
    else this.source.make(folder, nameOf(b), FIFO);
  }

  #link({ a, b, c }: Move): void {
    const node = pick(
      this.source.all().filter((other) => !isFolder(other)),
      a,
    );
    const folder = this.#folder(b);
    if (node !== undefined && !folder.children.has(nameOf(c))) this.source.link(node, folder, nameOf(c));
  }

  #unlink({ a }: Move): void {
    const found = this.#name(a);
    if (found !== undefined && found[2].children.size === 0) this.source.unlink(found[0], found[1]);
  }

  #rename({ a, b, c }: Move): void {
    const found = this.#name(a);
    if (found === undefined) return;
    const [folder, name, node] = found;
    const folder2 = this.#folder(b);
    const victim = folder2.children.get(nameOf(c));
    if (victim === node || isWithin(folder2, node)) return;
    if (victim !== undefined && (isFolder(victim) !== isFolder(node) || victim.children.size > 0)) return;
    this.source.rename(folder, name, folder2, nameOf(c));
  }

  #exchange({ a, b }: Move): void {
    const one = this.#name(a);
    const two = this.#name(b);
    if (one === undefined || two === undefined || one[2] === two[2]) return;
    if (isWithin(two[0], one[2]) || isWithin(one[0], two[2])) return;
    this.source.exchange(one[0], one[1], two[0], two[1]);
  }

  #write({ a, b, c, d }: Move): void {
    const file = this.#file(a);
    if (file !== undefined) this.source.write(file, b % 12, [c % 256, d % 256, (c + d) % 256]);
  }

  #resize({ a, b, c }: Move): void {
    const file = this.#file(a);
    if (file === undefined) return;
    if (c % 2 === 0) this.source.truncate(file, b % 16);
    else this.source.punch(file, b % 4, 2);
  }

  #shift({ a, b }: Move): void {
    const file = this.#file(a);
    if (file !== undefined && file.data.length > 3) this.source.collapse(file, b % 2, 1);
  }

  #metadata({ a, b, c }: Move): void {
    const node = pick(this.source.all(), a);
    if (node === undefined || (node.mode & 0o170000) === SYMLINK) return;
    if (b % 3 === 0) this.source.chmod(node, c % 2 === 0 ? 0o755 : 0o600);
    else if (b % 3 === 1) this.source.chown(node, c % 5);
    else this.source.setXattr(node, `user.${c % 2}`, `v${c}`);
  }

  #temporary({ c }: Move): void {
    if (this.nameless.length > 2) return;
    const node = this.source.temporary();
    this.nameless.push(node);
    this.source.write(node, 0, [c % 256, 7]);
  }

  #nameTemporary({ a, b, c }: Move): void {
    const node = pick(this.nameless, a);
    const folder = this.#folder(b);
    if (node === undefined || folder.children.has(nameOf(c))) return;
    this.nameless.splice(this.nameless.indexOf(node), 1);
    this.source.link(node, folder, nameOf(c));
  }

  /** As editors save: a new file beside, then renamed over the old one. */
  #replaceBySave({ a, b, c }: Move): void {
    const found = this.#name(a);
    if (found === undefined || isFolder(found[2])) return;
    const beside = `${found[1]}~`;
    if (found[0].children.has(beside)) return;
    const node = this.source.make(found[0], beside, REGULAR);
    this.source.write(node, 0, [b % 256, c % 256]);
    this.source.rename(found[0], beside, found[0], found[1]);
  }
}
