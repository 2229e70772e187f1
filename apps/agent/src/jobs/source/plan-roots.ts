/**
 * Which directories a job protects at this start. In: what its rules come to now, and which roots it had when it last ran. Out: the same
 * roots again, or the named reason why not. Promise: a root that was protected once is never quietly taken for a rule whose path does
 * not exist yet, nor another directory in its place for the former one (SAFE1, SAFE3).
 */
import { lstatSync } from 'node:fs';
import { brand, type RawName } from '@understudy/base';
import type { JobDefinition } from '@understudy/wire';
import { z } from 'zod';
import { type ProtectedDirectory, scopeOf } from '../../rules/index.ts';
import type { JobRoot } from './job-roots.ts';
import type { Prepared } from './prepare-job.ts';
import { rootMissing, rootReplaced } from './root-guard.ts';
import { StartRefusal } from './start-refusal.ts';

const pathSchema = z.base64();
export const rememberedRootsSchema = z.strictObject({
  /** The rules they were found for: another set may mean others. */
  rules: z.string(),
  roots: z.array(
    z.strictObject({
      path: pathSchema,
      inode: z.string(),
      /** The interceptor's root that brought its records. */
      served: pathSchema,
    }),
  ),
});
export type RememberedRoots = z.output<typeof rememberedRootsSchema>;

/** Where a job keeps them. */
export interface RootsFile {
  read(): RememberedRoots | null;
  write(roots: RememberedRoots): void;
}

/** What lies at a path: a directory by its inode; null: nothing. */
export type Look = (path: RawName) => { readonly directory: string | null } | null;

export const lookAt: Look = (path) => {
  try {
    const stat = lstatSync(Buffer.from(path, 'latin1'), { bigint: true });
    return { directory: stat.isDirectory() ? String(stat.ino) : null };
  } catch {
    return null;
  }
};

const base64 = (path: RawName): string => Buffer.from(path, 'latin1').toString('base64');
const rawOf = (bytes: string): RawName => brand<RawName>(Buffer.from(bytes, 'base64').toString('latin1'));
const rulesOf = ({ include, exclude }: JobDefinition): string =>
  JSON.stringify([include.map(({ bytes }) => bytes), exclude.map(({ bytes }) => bytes)]);

/** The job's directories, outermost first. Those of an earlier run stay as long as the rules do. */
export function plannedDirectories(
  definition: JobDefinition,
  prepared: Prepared,
  remembered: RememberedRoots | null,
): readonly ProtectedDirectory[] {
  const kept = remembered !== null && remembered.roots.length > 0 && remembered.rules === rulesOf(definition);
  const directories = kept
    ? remembered.roots.map(({ path }) => ({ path: rawOf(path), scope: scopeOf(rawOf(path), prepared.rules) }))
    : [...prepared.directories];
  return directories.sort((a, b) => a.path.length - b.path.length);
}

/** Throws StartRefusal. A person who starts the job (`commanded`) has said that what lies there now is meant. */
export function demandSameRoots(
  directories: readonly ProtectedDirectory[],
  remembered: RememberedRoots | null,
  commanded: boolean,
  look: Look = lookAt,
): void {
  for (const { path } of directories) {
    const before = remembered?.roots.find((root) => root.path === base64(path));
    if (before === undefined) continue;
    const now = look(path);
    const wrong =
      now === null
        ? rootMissing(path)
        : now.directory === null || (!commanded && now.directory !== before.inode)
          ? rootReplaced(path)
          : null;
    if (wrong !== null) throw new StartRefusal(wrong.code, wrong.sentence);
  }
}

export function rememberedOf(
  definition: JobDefinition,
  roots: readonly JobRoot[],
  look: Look = lookAt,
): RememberedRoots {
  return {
    rules: rulesOf(definition),
    roots: roots.map(({ path, served }) => ({
      path: base64(path),
      inode: look(path)?.directory ?? '',
      served: base64(served.path),
    })),
  };
}

/** Roots that another mount served before: between the two nobody saw what happened. */
export function servedAnew(roots: readonly JobRoot[], remembered: RememberedRoots | null): number[] {
  const anew: number[] = [];
  for (const [index, { path, served }] of roots.entries()) {
    const before = remembered?.roots.find((root) => root.path === base64(path));
    if (before !== undefined && before.served !== base64(served.path)) anew.push(index);
  }
  return anew;
}
