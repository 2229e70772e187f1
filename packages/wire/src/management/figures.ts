/** What of a job's status is a figure, which nobody has to see at once, and what is more than that. */
import { z } from 'zod';
import type { JobStatus } from './job.ts';
import type { StatusChanges } from './status-changes.ts';
import { jobNameSchema } from './vocabulary.ts';

/** Of jobs that a person sees figures are told as they come; of the others no more often than that. */
export const figuresAskedSchema = z.strictObject({
  of: z.array(jobNameSchema).max(10_000),
  othersEveryMs: z.int().min(100).max(3_600_000),
});
export type FiguresAsked = z.output<typeof figuresAskedSchema>;

/** Parts with nothing but figures of a job that goes on as it did. */
const FIGURES: ReadonlySet<string> = new Set([
  ...['replication', 'recoveryPoint', 'audit', 'targetQueue', 'transmission'],
  ...['mirror', 'verification', 'synchronous'],
]);
/** What of them is more than a figure. */
const WORDS: ReadonlySet<string> = new Set(['mirror', 'mirror.state', 'audit', 'audit.hop']);
/** A monitor counts down between its answers; what it comes to is its light. */
const COUNTS_DOWN = 'failover.monitor';

export const monitorLightOf = ({ failover }: JobStatus): string | undefined => failover?.monitor?.light;

/** That somebody may have to act on it: then it does not wait. `isSameLight`: of the monitor, before and after. */
export function isNews({ set, gone }: StatusChanges, isSameLight: boolean): boolean {
  for (const path in set) if (!isFigure(path, isSameLight)) return true;
  return gone.some((path) => !isFigure(path, isSameLight));
}

/** As it was found before: there are not many paths, and each is asked for some thousand times a second. */
const found = new Map<string, boolean>([[COUNTS_DOWN, true]]);
const PATHS_KEPT = 1000;

function isFigure(path: string, isSameLight: boolean): boolean {
  const known = found.get(path);
  if (known !== undefined) return known && (path !== COUNTS_DOWN || isSameLight);
  const [part = ''] = path.split('.', 1);
  const is = FIGURES.has(part) && !WORDS.has(path);
  if (found.size < PATHS_KEPT) found.set(path, is);
  return is;
}
