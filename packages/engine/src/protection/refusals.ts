/** TRM2: what the target could not apply, how often it was repaired, and what is given up on, with its reason. */
import { brand } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { DirtyItem } from '../data-path/source/queue/dirty-map.ts';
import { Sparing } from '../sparing.ts';

export const REPAIRS_BEFORE_GIVING_UP = 3;
const MAX_UNREPAIRABLE = 10_000;
/** Nodes whose repairs are counted; a target that refuses more than this has them listed at once. */
const MAX_COUNTED = 100_000;

/** What to do about a refusal: repair the node, compare everything, or nothing more. */
export type Remedy = 'repair' | 'mirror' | 'none';

const REMEDIES: Record<Remedy, string> = {
  repair: 'it will be repaired',
  mirror: 'repairs did not help, everything is compared',
  none: 'repairs did not help',
};

interface Told {
  readonly path: string;
  readonly errno: string;
  readonly remedy: Remedy;
}

/** What people are told of a refusal, the `count`th of its kind. */
function refusalEvent({ path, errno, remedy }: Told, count: number) {
  const what = Sparing.isMany(count)
    ? `The target could not apply ${count.toLocaleString('en-US')} operations by now, the last on ${path}`
    : `The target could not apply an operation on ${path}`;
  const sentence = `${what} (${errno}); ${REMEDIES[remedy]}.`;
  if (remedy === 'none') return { code: 'unrepairable', severity: 'error', sentence } as const;
  return { code: 'operation-refused', severity: 'warning', sentence } as const;
}

export class Refusals {
  /** Repairs that a node has cost; several refusals between two runs are one. */
  readonly #repairs = new Map<string, { count: number; run: number }>();
  readonly unrepairable = new Map<string, string>();
  readonly #told: Readonly<Record<Remedy, Sparing>> = {
    repair: new Sparing(),
    mirror: new Sparing(),
    none: new Sparing(),
  };
  #run = 0;
  #compared = false;

  /** A mirror or a repair begins: what is refused from now on was not helped by the one before. */
  runBegins(): void {
    this.#run += 1;
    for (const told of Object.values(this.#told)) told.again();
  }

  /** Unless that has been told often enough. */
  tell(told: Told, people: { event(event: ReturnType<typeof refusalEvent>): void }): void {
    const count = this.#told[told.remedy].next();
    if (count !== null) people.event(refusalEvent(told, count));
  }

  add(root: number, node: NodeId, why: { readonly path: string; readonly errno: string }): Remedy {
    const key = `${root}/${node}`;
    const known = this.#repairs.get(key);
    const repairs = known ?? { count: 0, run: -1 };
    if (known === undefined && this.#repairs.size < MAX_COUNTED) this.#repairs.set(key, repairs);
    if (repairs.run !== this.#run) repairs.count += 1;
    repairs.run = this.#run;
    if (this.#repairs.has(key) && repairs.count <= REPAIRS_BEFORE_GIVING_UP) return 'repair';
    // The two sides do not agree on what is there: no repair of single nodes mends that, a comparison of everything does.
    if (why.errno === 'ESTALE' && !this.#compared) {
      this.#compared = true;
      return 'mirror';
    }
    this.#note(key, `${why.path}: ${why.errno}`);
    return 'none';
  }

  giveUp(root: number, node: NodeId, what: string): void {
    this.#note(`${root}/${node}`, what);
  }

  /** A mirror that somebody asked for tries everything again. */
  clear(): void {
    this.#repairs.clear();
    this.unrepairable.clear();
    this.#compared = false;
  }

  /** A mirror that began by itself: what it cannot bring over is listed again. */
  retry(): void {
    this.unrepairable.clear();
  }

  /** For who comes after this process: a mirror that goes on says nothing more of what it had given up. */
  items(roots: Iterable<number>): DirtyItem[] {
    if (this.unrepairable.size >= MAX_UNREPAIRABLE) return [...roots].map((root) => ({ kind: 'root', root }));
    return [...this.unrepairable.keys()].map((key) => {
      const [root = '', node = ''] = key.split('/');
      return { kind: 'node', root: Number(root), node: brand<NodeId>(BigInt(node)) };
    });
  }

  #note(key: string, what: string): void {
    if (this.unrepairable.size < MAX_UNREPAIRABLE) this.unrepairable.set(key, what);
  }
}
