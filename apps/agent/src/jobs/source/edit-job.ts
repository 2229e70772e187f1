/**
 * What an edit means. In: a job as it is kept, the changes, whether it runs. Out: the new definition and what has to be done for it, or
 * ManagementError with a sentence. Pure.
 */
import { type JobChanges, type JobDefinition, jobDefinitionSchema, ManagementError } from '@understudy/wire';
import type { StoredJob } from '../stored-job.ts';

export interface Edit {
  readonly definition: JobDefinition;
  /** Fields that are otherwise than before. */
  readonly changed: readonly (keyof JobDefinition)[];
}

/** Hold for a job that runs: rules and transmission at once, the rest from the next mirror or verification on. */
const LIVE = new Set<keyof JobDefinition>([
  ...(['include', 'exclude', 'ruleOrder'] as const),
  ...(['compression', 'bandwidth', 'bandwidthWindows', 'transmit'] as const),
  ...(['mirror', 'verifySchedule', 'mode', 'synchronous', 'brake', 'failover'] as const),
]);

/** As the command line calls them. */
const OPTIONS: Readonly<Partial<Record<keyof JobDefinition, string>>> = {
  intercept: '--intercept',
  targetWrites: '--target-writes',
  devices: '--devices',
  setuid: '--setuid',
};

/** Of two servers with a definition one alone is asked when the job goes home: what was changed at the other would be lost. Null: it is edited here. */
export function whyNotEdited({ definition, gaveWay, superseded, reverse }: StoredJob): string | null {
  const { name } = definition;
  if (gaveWay !== undefined) return `${gaveWay.server} has taken ${name} over: it can be edited when it has come home.`;
  if (superseded !== undefined) return `Another server has taken ${name} over: it can be edited when it has come home.`;
  if (reverse === undefined || (reverse.purpose === 'stays' && reverse.handing === undefined)) return null;
  return `This server has taken ${name} over: it can be edited when it is failed back, or the roles are reversed for good.`;
}

export function editOf(stored: StoredJob, revision: number, changes: JobChanges, running: boolean): Edit {
  const { definition, started } = stored;
  const { name } = definition;
  const why = whyNotEdited(stored);
  if (why !== null) throw new ManagementError('refused', why);
  if (revision !== stored.revision)
    throw new ManagementError(
      'refused',
      `The job ${name} was changed by somebody else meanwhile (revision ${stored.revision}, your edit was made from ${revision}). ` +
        'Look at it as it is now and edit it again.',
    );
  const fields = Object.keys(changes) as (keyof JobDefinition)[];
  const changed = fields.filter((field) => !same(definition[field], changes[field]));
  refuseIdentity(name, changed);
  const later = changed.filter((field) => !LIVE.has(field)).map((field) => OPTIONS[field] ?? field);
  if (later.length > 0 && (running || started))
    throw new ManagementError(
      'refused',
      `${later.join(', ')} can be changed only while ${name} is stopped: run \`understudy job stop ${name}\`, edit it, and start it again. ` +
        'Rules, compression, bandwidth, transmission limits, the mode, the brake, the failover section, mirror options and the verification schedule can be changed while it runs.',
    );
  const parsed = jobDefinitionSchema.safeParse({ ...definition, ...changes });
  if (parsed.success) return { definition: parsed.data, changed };
  const issue = parsed.error.issues[0];
  throw new ManagementError('invalid', `The job would not make sense so: ${issue?.message ?? 'it is wrong'}.`);
}

/** What makes it this job, and where its replica lies, which the target keeps for it. */
function refuseIdentity(name: string, changed: readonly (keyof JobDefinition)[]): void {
  const fixed: Partial<Record<keyof JobDefinition, string>> = {
    name: 'its name',
    sourceName: 'its source',
    target: 'its target',
    to: 'where its replica lies',
  };
  const found = changed.map((field) => fixed[field]).filter((what) => what !== undefined);
  if (found.length === 0) return;
  throw new ManagementError(
    'refused',
    `A job keeps ${found.join(' and ')}: create a new job and delete ${name}; the replica that is there stays, and with --adopt what is equal is not sent again.`,
  );
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
