/**
 * Rules that are edited while a job runs. In: the rules a pair begins with, a run. Out: the scopes as they are now, with what earlier ones
 * took in; edits as an agent makes them. Where a replica may be taken back nothing is edited: its moments were noted under other rules.
 */
import type { Difference, Scope } from '@understudy/engine';
import type { Pair } from './pair.ts';
import { changed, type Run, say } from './run.ts';
import { SCOPE_KINDS, type ScopeKind, scopeOfKind } from './scopes.ts';

export class Rules {
  readonly #former: (readonly ScopeKind[])[] = [];
  #kinds: readonly ScopeKind[];

  /** One kind a root. */
  constructor(kinds: readonly ScopeKind[]) {
    this.#kinds = kinds;
  }

  /** How often they were edited. */
  get version(): number {
    return this.#former.length;
  }

  edit(kinds: readonly ScopeKind[]): void {
    this.#former.push(this.#kinds);
    this.#kinds = kinds;
  }

  /** It came by rules of before, and is none of those of now: of the root at `top`. */
  leaves(index: number, top: string, at: { readonly path: string; readonly isDirectory: boolean }): boolean {
    return this.version > 0 && this.scopeOf(index, top).decide(at.path, at.isDirectory) === 'outside';
  }

  /** Of the root at `path`. */
  scopeOf(index: number, path: string): Scope {
    const of = (kinds: readonly ScopeKind[]) => scopeOfKind(kinds[index] ?? 'whole', path);
    const now = of(this.#kinds);
    const before = this.#former.map(of);
    if (before.length === 0) return now;
    return { ...now, stays: (at, isDirectory) => before.some((scope) => scope.decide(at, isDirectory) !== 'outside') };
  }
}

/**
 * The replica as it is; where names are reported that rules of before have left, of another type than what the source has there, without
 * them, if only then it is a past.
 */
export function imageWhere(
  pair: Pick<Pair, 'rules' | 'replicaImage'>,
  isPast: (image: readonly string[]) => boolean,
): readonly string[] {
  const image = pair.replicaImage();
  if (pair.rules.version === 0 || isPast(image)) return image;
  const without = pair.replicaImage(undefined, true);
  return isPast(without) ? without : image;
}

/** What a verification found, without names that rules of before have left and the source has no more: these are orphans. */
export function withoutLeft(
  { rules, places }: Pick<Pair, 'rules' | 'places'>,
  found: readonly Difference[],
): readonly Difference[] {
  return found.filter(({ root, path, what }) => {
    const top = places.paths[root] ?? '';
    const at = `${top}/${Buffer.from(path, 'base64').toString()}`;
    const isLeft = [true, false].some((isDirectory) => rules.leaves(root, top, { path: at, isDirectory }));
    return what !== 'extra' || !isLeft;
  });
}

export function stepRules(run: Run): void {
  const { pair, chances, world, watcher } = run;
  const random = chances.rules;
  if (!random.chance(world.ruleEdits ?? 0) || pair.sourceDied) return;
  const kinds = world.scopes.map(() => random.pick(SCOPE_KINDS) ?? 'whole');
  say(run, `the rules are edited: ${kinds.join('+')}`);
  pair.editRules(kinds);
  watcher.rulesEdited();
  changed(run);
}
