/**
 * What a verification found, and nobody has mended: the replica is no whole image until it is. In: a verification at its end. Out: how
 * much differs and where, to be kept over restarts; the sentence that says so. Promise: what a job only reports of orphans is none of it.
 */
import { type RawName, rawFromBytes } from '@understudy/base';
import { fromBase64 } from '../../base64.ts';
import type { Reason } from '../job-state.ts';
import type { MirrorRoot } from '../mirror/world.ts';
import { pathOnSource } from '../path-for-people.ts';
import { isOrphan } from './findings.ts';
import type { Verification } from './verification.ts';

/** Paths that are named. */
const NAMED = 3;

export interface KnownDifferences {
  /** When the verification ended. */
  readonly atMs: number;
  readonly count: number;
  /** The first of them on the source, for people. */
  readonly paths: readonly string[];
}

/** Null: there is nothing to mend. */
export function differencesOf(
  { findings }: Pick<Verification, 'findings'>,
  world: { readonly roots: ReadonlyMap<number, MirrorRoot>; wallMs(): number },
  leavesOrphans: boolean,
): KnownDifferences | null {
  const count = findings.count - (leavesOrphans ? findings.orphans : 0);
  if (count === 0) return null;
  const listed = findings.differences.filter((difference) => !leavesOrphans || !isOrphan(difference));
  const paths = new Set<string>();
  for (const { root, path } of listed) {
    if (paths.size === NAMED) break;
    const top = rawFromBytes(world.roots.get(root)?.path ?? new Uint8Array());
    paths.add(pathOnSource(top, fromBase64(path) ?? ('' as RawName)));
  }
  return { atMs: world.wallMs(), count, paths: [...paths] };
}

/** Null: none are known. */
export function reasonOf(known: KnownDifferences | null): Reason | null {
  if (known === null) return null;
  const { atMs, count, paths } = known;
  const differences = count === 1 ? '1 difference' : `${count.toLocaleString('en-US')} differences`;
  const named = paths.length === 0 ? '' : ` (${paths.join(', ')}${count > paths.length ? ' …' : ''})`;
  const when = new Date(atMs).toISOString();
  return {
    code: 'differs',
    sentence: `The verification of ${when} found ${differences} between the source and its replica${named}; \`verify NAME --repair\` repairs them.`,
  };
}
