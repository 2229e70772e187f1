/** What a source hears of how far its target has come. In: a welcome, an acknowledgement. Promise: no target that means well is disbelieved. */
import type { Position, Welcome } from '@understudy/wire';
import type { SourceAgent } from './source-agent.ts';

export function welcomed(source: SourceAgent, welcome: Welcome): void {
  source.commanded = false;
  if (welcome.resumes) believes(source, welcome.received, welcome.applied);
  source.job.linkUp(welcome);
}

/** Whether what the target has said up to there is known to the next process, too: only then may it be forgotten there. */
export function acknowledged(
  source: SourceAgent,
  { received, applied }: { received: Position; applied: Position },
): boolean {
  believes(source, received, applied);
  source.job.acknowledged(received, applied);
  return source.hello().applied >= applied;
}

function believes({ job, failures }: SourceAgent, received: Position, applied: Position): void {
  const wrong = job.unbelievable(received, applied);
  if (wrong !== null) failures.push(wrong);
}
