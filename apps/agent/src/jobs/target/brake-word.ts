/** SAFE4 on the target: a person's word to a brake that holds. In: the word, the job. Out: what is answered, and whether the job halts. */
import { brand } from '@understudy/base';
import type { Hello, Position, Refuse, Welcome } from '@understudy/wire';
import type { TargetJob } from './target-job.ts';

export type BrakeWord =
  | { readonly kind: 'refuse'; readonly refuse: Refuse }
  | { readonly kind: 'decided'; readonly welcome: Welcome; readonly halts: boolean; readonly job: TargetJob };

const refuse = (sentence: string): BrakeWord => ({ kind: 'refuse', refuse: { code: 'brake', sentence } });

export function brakeWord({ intent, next }: Hello, job: TargetJob | undefined, version: string): BrakeWord {
  const state = job?.brake ?? null;
  if (job === undefined || (state?.phase !== 'held' && state?.phase !== 'rolling-back'))
    return refuse('No brake holds the replica of this job now, so that there is nothing to decide.');
  const goesOn = intent === 'brake-go-on';
  if (goesOn && state.phase === 'rolling-back') return refuse('The replica is being taken back already.');
  if (goesOn) job.goOn(brand<Position>(next - 1));
  const applied = goesOn ? brand<Position>(state.at) : job.haltHere();
  const why = (goesOn ? 'What the brake held is applied, as was decided.' : (job.brake?.sentence ?? '')).slice(0, 512);
  const welcome = { version, resumes: false, origin: 0, complete: false, received: applied, applied, why };
  return { kind: 'decided', welcome, halts: !goesOn, job };
}
