/**
 * SAFE4 on the source: a person's word to a brake that holds the target. In: the job, the word. Out: the target told, the job halted at
 * the position that was taken back to, or going on. Throws ManagementError where nothing is to be decided.
 */
import {
  type CallArguments,
  type Hello,
  type JobDefinition,
  ManagementError,
  type Position,
  type Welcome,
} from '@understudy/wire';
import type { Job, Running } from './known-job.ts';
import type { JobSurroundings } from './prepare-job.ts';

/** As a target takes them; null: no brake. */
export function brakeLimitsOf({ brake }: Pick<JobDefinition, 'brake'>): Pick<Hello, 'brake'> {
  if (brake === undefined) return {};
  return {
    brake: brake === null ? null : { files: brake.files, share: brake.percent / 100, windowMs: brake.windowMs },
  };
}

/** The brake holds, as far as this side knows: it was told so, or sent away for it. */
export function isBraked({ runner }: Running): boolean {
  return runner.job.braked !== null || runner.state().reason?.code === 'brake';
}

/** The target took the replica back to that position and stays there. */
export function haltedAt(running: Running | null, applied: Position, sentence: string): void {
  running?.runner.job.recovery.stands(applied);
  running?.runner.halt({ code: 'brake-halted', sentence });
}

export async function decideBrake(
  job: Job,
  decision: CallArguments<'job.brake'>['decision'],
  surroundings: Pick<JobSurroundings, 'decide'>,
): Promise<Pick<Welcome, 'applied' | 'why'>> {
  const { running, stored } = job;
  const { name } = stored.definition;
  if (running === null)
    throw new ManagementError(
      'refused',
      `The job ${name} does not run: start it with \`understudy job start ${name}\`; where a brake holds its replica it says so.`,
    );
  if (!isBraked(running))
    throw new ManagementError('refused', `No brake holds the replica of ${name}: there is nothing to decide.`);
  running.interception.turn();
  const { next } = running.runner.job.path;
  const answer = await surroundings.decide(stored, decision === 'go-on' ? 'brake-go-on' : 'brake-halt-here', next);
  if ('applied' in answer) return answer;
  throw new ManagementError(answer.code === 'failed' ? 'unreachable' : 'refused', answer.sentence);
}
