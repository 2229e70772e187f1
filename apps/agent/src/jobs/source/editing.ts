/**
 * An edit, done. In: a job, the revision that the editor has seen, what is to be otherwise. Out: the definition kept, what runs changed
 * with it, and notes for the editor. Promise: it is refused as a whole, or kept before anything that runs is changed.
 */
import { type CallArguments, type JobDefinition, ManagementError } from '@understudy/wire';
import type { StoredJob } from '../stored-job.ts';
import { brakeLimitsOf } from './brake-calls.ts';
import { editOf } from './edit-job.ts';
import { withFormer } from './former-rules.ts';
import { handoverOf } from './handover.ts';
import type { JobKeeper } from './job-keeper.ts';
import type { Job, Running, Severity } from './known-job.ts';
import { changeInPlace, planRuleChange, type RuleChange, ruleSentence } from './live-rules.ts';
import { mirrorOptionsOf } from './mirror-options.ts';
import { type JobSurroundings, type Prepared, prepareJob } from './prepare-job.ts';
import { refuseUnsupported } from './refuse-unsupported.ts';
import { sentenceOf } from './sentence-of.ts';
import { synchronousOf } from './synchronous/synchronous-of.ts';

export interface EditParts {
  readonly surroundings: JobSurroundings;
  readonly keeper: Pick<JobKeeper, 'serveAnew' | 'scheduleAnew'>;
  readonly save: (change: Partial<StoredJob>) => void;
  readonly event: (code: string, severity: Severity, sentence: string) => void;
}

const RULES = new Set<keyof JobDefinition>(['include', 'exclude', 'ruleOrder']);

/** Throws ManagementError. */
export async function edit(job: Job, asked: CallArguments<'job.edit'>, parts: EditParts): Promise<readonly string[]> {
  const { definition, changed } = editOf(job.stored, asked.revision, asked.changes, job.running !== null);
  if (changed.length === 0) return [];
  refuseUnsupported(definition);
  const prepared = prepareJob(definition, parts.surroundings);
  const rules = changed.some((field) => RULES.has(field));
  const checked = rules || changed.includes('verifySchedule');
  if (checked && prepared.errors.length > 0)
    throw new ManagementError('refused', prepared.errors.map(sentenceOf).join(' '));
  const plan = rules && runs(job) ? await planRuleChange(job, definition, prepared, parts) : null;
  keep(job, definition, { rules, live: plan !== null }, parts);
  parts.event('job-edited', 'information', `The job was edited: ${changed.join(', ')}.`);
  const { surroundings } = parts;
  if (runs(job)) {
    const { runner } = job.running;
    runner.transmission.set(definition);
    runner.synchronous?.set(synchronousOf(definition));
    runner.job.runs.setOptions(mirrorOptionsOf(definition));
    const handover = handoverOf(job.stored, surroundings.agentName);
    const limits = changed.includes('brake') ? brakeLimitsOf(definition) : {};
    // What the target keeps for the day on which this server is gone is to be what the person has just written.
    if (changed.includes('brake') || changed.includes('failover')) runner.renew({ ...limits, ...handover });
    if (changed.includes('verifySchedule')) parts.keeper.scheduleAnew(job);
    if (plan !== null) await change(job, plan, prepared, parts);
  }
  return rules ? prepared.notes : [];
}

function keep(
  job: Job,
  definition: JobDefinition,
  { rules, live }: { readonly rules: boolean; readonly live: boolean },
  { save, surroundings }: EditParts,
): void {
  // What a mirror had finished under the old rules must not be found behind the new ones by a process that comes after a kill.
  if (live) job.running?.runner.job.runs.beginAnew();
  const hasRun = surroundings.rootsFile(job.stored.id).read() !== null;
  const { stored } = job;
  save(
    rules && hasRun ? { definition, formerRules: withFormer(stored.formerRules, stored.definition) } : { definition },
  );
}

async function change(
  job: Job & { readonly running: Running },
  plan: RuleChange,
  prepared: Prepared,
  { surroundings, keeper, event }: EditParts,
): Promise<void> {
  event('rules-changed', 'information', ruleSentence(plan));
  if (plan.how === 'in-place') changeInPlace(job, prepared, surroundings);
  else await keeper.serveAnew(job, plan.directories);
}

/** A job that was halted takes an edit as one that is stopped does: the next start is by the new definition. */
function runs(job: Job): job is Job & { readonly running: Running } {
  return job.running !== null && !job.running.runner.isHalted;
}
