/** Where the roots of a pair lie on the source, and where applications are at work. In: a file system. Out: directories that are there. */
import { rawFromText } from '@understudy/base';
import type { MemoryFileSystem } from '@understudy/interceptor/memory';

/** No name that an application draws. */
const INNER = 'inner';

export class PairRoots {
  /** The job's. */
  readonly paths: readonly string[];
  /** The interceptor's: the same, or wider ones. */
  readonly served: readonly string[];
  readonly #fs: MemoryFileSystem;
  readonly #within: boolean;

  /** `within`: the first is a directory beneath a wider root of the interceptor. */
  constructor(fs: MemoryFileSystem, { count, within }: { readonly count: number; readonly within: boolean }) {
    this.#fs = fs;
    this.#within = within;
    this.served = Array.from({ length: count }, (_, index) => (index === 0 ? '/data' : `/more${index}`));
    this.paths = this.served.map((path, index) => (this.isWithin(index) ? `${path}/${INNER}` : path));
    for (const path of this.served) this.#make(path, '/', path.slice(1));
    if (within) this.#make(`/data/${INNER}`, '/data', INNER);
  }

  isWithin(index: number): boolean {
    return index === 0 && this.#within;
  }

  /** Where applications are at work: within the job's roots, and around them where the interceptor sees more. */
  get tops() {
    return [...new Set([...this.paths, ...this.served])].map((path) => this.#nodeAt(path));
  }

  /** Roots of the job that could be renamed and removed like any directory; that halts a job and is not what is tried here. */
  get fixed() {
    return this.paths.map((path) => this.#nodeAt(path));
  }

  /** Hard links across roots would be one file to the source and two to the target: a protected root has none, from the beginning. */
  keepApart(on: boolean): void {
    for (const path of this.served) this.#fs.setBoundary(this.#nodeAt(path), on);
  }

  #make(path: string, parent: string, name: string): void {
    if (this.#fs.resolve(rawFromText(path)) === null) this.#fs.mkdir(this.#nodeAt(parent), rawFromText(name));
  }

  #nodeAt(path: string) {
    return this.#fs.resolve(rawFromText(path)) ?? this.#fs.root;
  }
}
